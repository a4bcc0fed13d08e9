"""The ClusterServingRuntimes that KServe's release installs, as package data (`api/data`).

They are put into the store at start where no object of the name exists, so a user's own version
of one wins and `get clusterservingruntimes` shows them all.
"""

from collections.abc import Sequence
from functools import cache
from importlib import resources

import yaml

from kfsim.api.kserve.types import ClusterServingRuntime

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def builtin_runtimes() -> tuple[ClusterServingRuntime, ...]:
    """All of them, sorted by name; read once."""
    folder = resources.files("kfsim.api").joinpath("data")
    texts = [
        entry.read_text(encoding="utf-8")
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".yaml")
    ]
    return tuple(
        ClusterServingRuntime.model_validate(yaml.load(text, Loader=_LOADER)) for text in texts
    )


def missing_runtimes(
    existing: Sequence[ClusterServingRuntime],
) -> tuple[ClusterServingRuntime, ...]:
    """The built-in ones to create, given those that the store has."""
    names = {runtime.metadata.name for runtime in existing}
    return tuple(runtime for runtime in builtin_runtimes() if runtime.metadata.name not in names)
