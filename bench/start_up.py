"""`kfsim up` on one service to its first answer, beside a fresh interpreter's framework import.

Target: at most the import of the same run + 0.8 s.
"""

import signal
import statistics
import subprocess
import sys
import time

from bench.project import BODY, Project, seconds_of

_RUNS = 5


def first_answer() -> float:
    """Seconds from starting `kfsim up` until it has printed a real prediction."""
    with Project() as project:
        project.write_service("iris", annotations={"kfsim.dev/example": str(BODY)})
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "kfsim", "up", "--gateway=127.0.0.1:0", "--api=127.0.0.1:0"],
            cwd=project.folder,
            env=project.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdout is not None
        took = 0.0
        for line in process.stdout:
            if "predictions" in line:
                took = time.perf_counter() - started
                break
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        if not took:
            raise RuntimeError("kfsim up ended without a prediction")
        return took


def main() -> None:
    imports, ups = [], []
    for _ in range(_RUNS):
        imports += seconds_of([sys.executable, "-c", "import sklearn.svm, joblib"], runs=1)
        ups.append(first_answer())
    up, reference = statistics.median(ups), statistics.median(imports)
    print(
        f"kfsim up to first answer: {up:.2f} s (max {max(ups):.2f}); import of the framework in a "
        f"fresh interpreter {reference:.2f} s; difference {up - reference:+.2f} s, target +0.80 s"
    )


if __name__ == "__main__":
    main()
