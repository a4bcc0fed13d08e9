"""Seeding fills gaps and nothing else."""

from kfsim.api.kserve.builtin_runtimes import builtin_runtimes
from kfsim.api.kserve.types import ClusterServingRuntime
from kfsim.base.entropy import SeededEntropy
from kfsim.controllers.inferenceservice import seed_runtimes
from kfsim.store import Store
from kfsim.testing.clock import FakeClock


def test_a_users_own_version_is_left_alone():
    store = Store(clock=FakeClock(), entropy=SeededEntropy(1))
    own = builtin_runtimes()[0]
    own = store.create(own.replaced(spec=own.spec.replaced(disabled=True)))
    seed_runtimes(store)

    kept = store.list(ClusterServingRuntime)
    assert own in kept
    assert len(kept) == len(builtin_runtimes())

    version = store.resource_version
    seed_runtimes(store)
    assert store.resource_version == version
