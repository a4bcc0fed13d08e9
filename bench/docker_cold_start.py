"""Cold starts from zero in Docker, request to answer, beside `docker run` of the same image.

Services are deployed with initial-scale 0, and each is asked once; between two of them the same
image is started by `docker run` with the same model and asked until it answers. Both are asked at
their bridge addresses, on this machine. Target: p50 at most 1.15 times the p50 of `docker run`.
"""

import http.client
import statistics
import sys
import time

from bench.containers import DockerRun, find_engine, model_image
from bench.project import BODY, MODEL, Project

_RUNS = int(sys.argv[1]) if len(sys.argv) > 1 else 10
_TARGET = 1.15
_CONFIG = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: config-autoscaler
  namespace: knative-serving
data:
  allow-zero-initial-scale: "true"
"""
_SERVICE = """\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: {name}
  annotations:
    kfsim.dev/runtime: docker
spec:
  predictor:
    minReplicas: 0
    annotations:
      autoscaling.knative.dev/initial-scale: "0"
    model:
      modelFormat: {{name: sklearn}}
      storageUri: {model}
      image: {image}
"""


def cold_start(gateway: str, name: str, body: bytes) -> float:
    """Seconds from the first request to a service at zero to its answer."""
    connection = http.client.HTTPConnection(gateway, timeout=120)
    connection.connect()
    started = time.perf_counter()
    connection.request("POST", f"/serving/default/{name}/v1/models/{name}:predict", body)
    response = connection.getresponse()
    answer = response.read()
    took = time.perf_counter() - started
    connection.close()
    if response.status != 200 or response.headers["kfsim-start"] != "cold":
        raise RuntimeError(f"{name}: {response.status} {answer!r}")
    return took


def main() -> None:
    engine = find_engine("cold start in Docker")
    if engine is None:
        return
    image = model_image(engine)
    body = BODY.read_bytes()
    # As the runtime's container is started for a service.
    arguments = ["--model_name=iris", "--model_dir=/mnt/models", "--http_port=8080"]
    words = [f"--volume={MODEL}:/mnt/models:ro", image, *arguments]
    names = [f"iris-{number:02}" for number in range(_RUNS + 1)]
    ours, reference = [], []
    with Project() as project:
        (project.manifests / "config.yaml").write_text(_CONFIG)
        for name in names:
            text = _SERVICE.format(name=name, model=MODEL, image=image)
            (project.manifests / f"{name}.yaml").write_text(text)
        project.up()
        gateway = project.daemon["gateway"]
        for name in names:
            ours.append(cold_start(gateway, name, body))
            with DockerRun(engine, words) as run:
                reference.append(run.first_answer("POST", "/v1/models/iris:predict", body))
    # The first of each reads the image from disk.
    ours, reference = ours[1:], reference[1:]
    p50, p50_reference = statistics.median(ours), statistics.median(reference)
    print(
        f"cold start in Docker over {_RUNS} runs: p50 {p50 * 1000:.0f} ms (max "
        f"{max(ours) * 1000:.0f}); docker run to first answer {p50_reference * 1000:.0f} ms (max "
        f"{max(reference) * 1000:.0f}); ratio {p50 / p50_reference:.2f}, target {_TARGET}"
    )


if __name__ == "__main__":
    main()
