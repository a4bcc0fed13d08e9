import pytest

from kfsim.api.core import Container, Pod, PodSpec, Probe
from kfsim.api.meta import ObjectMeta
from kfsim.base.errors import AlreadyExists, NotFound, Unavailable
from kfsim.base.types import ReplicaKey, RevisionKey
from kfsim.replicas.backend import LogOptions, ReplicaEvent, ReplicaEventKind, ReplicaSpec
from kfsim.testing.backend import FakeBackend

KEY = ReplicaKey("default", "iris-0")


def make_spec(key: ReplicaKey = KEY) -> ReplicaSpec:
    pod = Pod(
        metadata=ObjectMeta(namespace=key.namespace, name=key.name),
        spec=PodSpec(
            init_containers=(Container(name="storage-initializer"),),
            containers=(Container(name="kserve-container"),),
        ),
    )
    revision = RevisionKey(key.namespace, "iris-predictor-00001")
    return ReplicaSpec(key, "uid-1", revision, pod, "kserve-container", 8080)


async def test_events_come_from_the_test_and_stop_ends_with_gone() -> None:
    backend = FakeBackend()
    heard: list[ReplicaEvent] = []
    backend.subscribe(heard.append)
    await backend.start(make_spec())
    backend.emit_started(KEY)
    await backend.stop(KEY, grace_seconds=5)
    kinds = [(event.kind, event.container, event.uid) for event in heard]
    assert kinds == [
        (ReplicaEventKind.INIT_STARTED, "storage-initializer", "uid-1"),
        (ReplicaEventKind.INIT_EXITED, "storage-initializer", "uid-1"),
        (ReplicaEventKind.STARTED, "kserve-container", "uid-1"),
        (ReplicaEventKind.GONE, "", "uid-1"),
    ]
    assert (backend.stopped, backend.specs) == ([(KEY, 5)], {})


async def test_probes_fail_until_the_test_says_ready() -> None:
    backend = FakeBackend()
    await backend.start(make_spec())
    assert not (await backend.probe(KEY, "kserve-container", Probe())).success
    backend.ready(KEY, "kserve-container")
    assert (await backend.probe(KEY, "kserve-container", Probe())).success
    backend.unready(KEY, "kserve-container", "503")
    assert (await backend.probe(KEY, "kserve-container", Probe())).message == "503"


async def test_a_start_error_is_raised_once() -> None:
    backend = FakeBackend()
    backend.start_error = Unavailable("no room")
    with pytest.raises(Unavailable):
        await backend.start(make_spec())
    await backend.start(make_spec())
    with pytest.raises(AlreadyExists):
        await backend.start(make_spec())


async def test_unknown_replicas_are_not_found_and_stop_ignores_them() -> None:
    backend = FakeBackend()
    with pytest.raises(NotFound):
        backend.address(KEY, 8080)
    with pytest.raises(NotFound):
        await backend.restart_container(KEY, "kserve-container")
    await backend.stop(KEY, grace_seconds=1)


async def test_logs_give_the_tail() -> None:
    backend = FakeBackend()
    for number in range(3):
        backend.write_log(KEY, "kserve-container", b"%d\n" % number)
    options = LogOptions(container="kserve-container", tail_lines=2)
    assert [line async for line in backend.logs(KEY, options)] == [b"1\n", b"2\n"]
    with pytest.raises(NotFound):
        _ = [line async for line in backend.logs(KEY, LogOptions(container="other"))]
