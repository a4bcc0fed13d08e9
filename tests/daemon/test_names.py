"""Both backends' names over one gateway and store."""

from collections.abc import AsyncIterator

import pytest

from kfsim.api.core import Container
from kfsim.api.kserve.types import InferenceService
from kfsim.api.meta import ObjectMeta
from kfsim.base.clock import RealClock
from kfsim.base.entropy import SeededEntropy
from kfsim.daemon.names import DaemonNames
from kfsim.dataplane import Gateway
from kfsim.flow import FlowCore
from kfsim.store import Store
from tests.backends.support import make_spec

CALLER = Container(name="c", args=("http://iris.default/v1",))


@pytest.fixture
async def names() -> AsyncIterator[DaemonNames]:
    clock, entropy = RealClock(), SeededEntropy(1)
    store = Store(clock=clock, entropy=entropy)
    store.create(InferenceService(metadata=ObjectMeta(name="iris", namespace="default")))
    gateway = Gateway(clock=clock, entropy=entropy, flow=FlowCore(entropy=entropy))
    names = DaemonNames()
    names.connect(gateway, store)
    yield names
    await names.close()
    await gateway.close()


async def test_a_process_and_a_container_of_a_distant_engine_are_told_the_same_port(
    names: DaemonNames,
) -> None:
    (process,) = names.resolve(CALLER, "default").args
    await names.open("192.0.2.1", "192.0.2.0/24")  # an address that no interface has
    (container,) = names.rewrite(CALLER, "default").args
    assert process.startswith("http://127.0.0.1:")
    assert container == process.replace("127.0.0.1", "host.docker.internal")
    assert names.dns == ()
    assert names.extra_hosts(make_spec(CALLER)) == ("host.docker.internal:host-gateway",)


async def test_names_that_were_never_connected_close_quietly() -> None:
    await DaemonNames().close()
