"""The reference for throughput: KServe's own Python server around one scikit-learn model."""

import sys

import joblib
import kserve
import numpy


class Iris(kserve.Model):
    def __init__(self, folder: str) -> None:
        super().__init__("iris")
        self._model = joblib.load(f"{folder}/model.joblib")
        self.ready = True

    def predict(self, payload, headers=None, response_headers=None):
        return {"predictions": self._model.predict(numpy.array(payload["instances"])).tolist()}


if __name__ == "__main__":
    kserve.ModelServer(http_port=int(sys.argv[2]), enable_grpc=False).start([Iris(sys.argv[1])])
