"""Train a support vector classifier on the iris data and save it where the manifest looks."""

from pathlib import Path

import joblib
from sklearn import datasets, svm


def main() -> None:
    folder = Path(__file__).parent / "model"
    folder.mkdir(exist_ok=True)
    features, labels = datasets.load_iris(return_X_y=True)
    model = svm.SVC(gamma="scale").fit(features, labels)
    joblib.dump(model, folder / "model.joblib")
    print(f"wrote {folder / 'model.joblib'} (accuracy {model.score(features, labels):.3f})")


if __name__ == "__main__":
    main()
