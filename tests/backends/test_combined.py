"""Two backends behind one port."""

import pytest

from kfsim.api.core import Container
from kfsim.backends.combined import CombinedBackend
from kfsim.base.errors import AlreadyExists, NotFound, Unavailable
from kfsim.base.types import ReplicaKey
from kfsim.replicas.backend import (
    BackendCapabilities,
    LogOptions,
    ReplicaEvent,
    ReplicaEventKind,
    ReplicaSpec,
    RunningReplica,
)
from kfsim.replicas.choice import BackendChoice
from kfsim.testing.backend import FakeBackend
from tests.backends.support import make_spec

SERVER = Container(name="kserve-container", image="x")


class Hesitant:
    """Knows the answer when asked for the third time."""

    def __init__(self) -> None:
        self.asked = 0

    def choose(self, spec, annotations):
        self.asked += 1
        return BackendChoice("process", "so it is") if self.asked > 2 else None


class World:
    def __init__(self) -> None:
        self.process = FakeBackend(capabilities=BackendCapabilities(name="process"))
        self.docker = FakeBackend(capabilities=BackendCapabilities(name="docker", adopts=True))
        self.chooser = Hesitant()
        both = {"process": self.process, "docker": self.docker}
        self.backend = CombinedBackend(both, chooser=self.chooser)
        self.events: list[ReplicaEvent] = []
        self.backend.subscribe(self.events.append)


@pytest.fixture
def world() -> World:
    return World()


def spec_on(backend: str | None, *, name: str = "iris-1") -> ReplicaSpec:
    spec = make_spec(SERVER, name=name)
    annotations = {"kfsim.dev/backend": backend} if backend else {}
    metadata = spec.pod.metadata.replaced(annotations=annotations)
    return ReplicaSpec(
        key=spec.key,
        uid=spec.uid,
        revision=spec.revision,
        pod=spec.pod.replaced(metadata=metadata),
        serving_container=spec.serving_container,
        serving_port=spec.serving_port,
    )


async def test_a_replica_lives_where_its_pod_says(world: World) -> None:
    spec = spec_on("docker")
    await world.backend.start(spec)
    assert list(world.docker.specs) == [spec.key]
    assert not world.process.specs
    assert world.backend.address(spec.key, 8080) == world.docker.address(spec.key, 8080)
    await world.backend.restart_container(spec.key, "kserve-container")
    assert world.docker.restarted == [(spec.key, "kserve-container")]
    with pytest.raises(AlreadyExists):
        await world.backend.start(spec)
    await world.backend.stop(spec.key, grace_seconds=3)
    assert world.docker.stopped == [(spec.key, 3)]
    assert world.process.stopped == []
    assert [each.kind for each in world.events] == [ReplicaEventKind.GONE]
    with pytest.raises(NotFound):
        world.backend.address(spec.key, 8080)


async def test_a_bare_pod_is_decided_on_when_it_starts(world: World) -> None:
    await world.backend.start(spec_on(None))
    assert len(world.process.specs) == 1
    assert world.chooser.asked == 3


async def test_an_unknown_backend_is_named(world: World) -> None:
    with pytest.raises(Unavailable, match="'podman', which this daemon does not have; it has pro"):
        await world.backend.start(spec_on("podman"))


async def test_a_refused_start_leaves_the_key_free(world: World) -> None:
    spec = spec_on("docker")
    world.docker.start_error = Unavailable("not now")
    with pytest.raises(Unavailable):
        await world.backend.start(spec)
    await world.backend.start(spec)
    assert len(world.docker.started) == 1


async def test_logs_of_ended_replicas_are_found_wherever_they_are(world: World) -> None:
    key = ReplicaKey("default", "gone")
    world.docker.write_log(key, "kserve-container", b"bye\n")
    options = LogOptions(container="kserve-container")
    with pytest.raises(NotFound):
        _ = [line async for line in world.backend.logs(key._replace(name="never"), options)]
    await world.backend.start(spec_on("docker", name="gone"))
    assert [line async for line in world.backend.logs(key, options)] == [b"bye\n"]


async def test_what_runs_already_is_adopted_by_its_own_backend(world: World) -> None:
    spec = spec_on("docker")
    world.docker.adoptable = [RunningReplica(spec.key, spec.uid)]
    assert await world.backend.find_running() == world.docker.adoptable
    world.backend.adopt(spec)
    assert world.docker.adopted == [spec]
    orphan = ReplicaKey("default", "orphan")
    await world.backend.stop(orphan, grace_seconds=2)
    assert (orphan, 2) in world.docker.stopped


async def test_all_are_closed_although_one_fails(world: World) -> None:
    await world.backend.open()

    async def fail() -> None:
        raise OSError("stuck")

    world.process.close = fail
    with pytest.raises(OSError, match="stuck"):
        await world.backend.close()
    assert not world.docker.is_open


NOTHING = BackendCapabilities(name="fake")
ADOPTS = BackendCapabilities(name="fake", adopts=True)
PULLS = BackendCapabilities(name="fake", uses_images=True)


@pytest.mark.parametrize(
    ("backends", "adopts", "uses_images"),
    [
        pytest.param((NOTHING,), False, False, id="none"),
        pytest.param((NOTHING, PULLS), False, True, id="last-pulls"),
        pytest.param((PULLS, NOTHING), False, True, id="first-pulls"),
        pytest.param((ADOPTS, NOTHING), True, False, id="adopts-only"),
        pytest.param((ADOPTS, PULLS), True, True, id="each-its-own"),
    ],
)
def test_together_they_can_what_any_of_them_can(
    backends: tuple[BackendCapabilities, ...], adopts: bool, uses_images: bool
) -> None:
    named = {str(at): FakeBackend(capabilities=each) for at, each in enumerate(backends)}
    together = CombinedBackend(named, chooser=Hesitant()).capabilities
    assert together == BackendCapabilities(name="combined", adopts=adopts, uses_images=uses_images)
