"""Puts the built-in ClusterServingRuntimes into a store that lacks them."""

from kfsim.api.kserve.builtin_runtimes import missing_runtimes
from kfsim.api.kserve.types import ClusterServingRuntime
from kfsim.store import Store


def seed_runtimes(store: Store) -> None:
    """Called at start, before controllers look; a runtime that is there is left as it is."""
    for runtime in missing_runtimes(store.list(ClusterServingRuntime)):
        store.create(runtime)
