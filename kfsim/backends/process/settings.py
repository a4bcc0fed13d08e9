"""How a process backend is set up."""

import sys
from dataclasses import dataclass, field
from pathlib import Path

# What nearly every scikit-learn model needs is imported before the first fork; the rest, one module
# at a time, while nobody waits.
PRELOAD_NOW = ("numpy", "joblib", "sklearn", "sklearn.svm", "sklearn.pipeline")
PRELOAD_LATER = (
    "sklearn.compose",
    "sklearn.ensemble",
    "sklearn.neural_network",
    "sklearn.naive_bayes",
    "sklearn.cluster",
    "sklearn.feature_extraction.text",
    "pandas",
)


@dataclass(frozen=True, slots=True)
class ProcessSettings:
    """`volumes_dir` holds a folder NAMESPACE/CLAIM per PersistentVolumeClaim; None means `volumes`
    in the state directory. `fork` is false where forking a loaded interpreter is not safe."""

    volumes_dir: Path | None = None
    allow_pickle: bool = True
    fork: bool = field(default_factory=lambda: sys.platform == "linux")
    preload_now: tuple[str, ...] = PRELOAD_NOW
    preload_later: tuple[str, ...] = PRELOAD_LATER
    log_bytes: int = 10 * 2**20
    log_files: int = 3
    kept_logs: int = 200
    """Log folders of replicas that are gone; the oldest beyond this number are removed."""
