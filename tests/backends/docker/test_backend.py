"""Adoption, the end, and an engine that goes away, on a real engine."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from kfsim.api.core import EmptyDirVolume, Probe, TCPSocketAction, Volume
from kfsim.backends.docker.backend import DockerBackend
from kfsim.backends.docker.settings import DockerSettings
from kfsim.base.errors import AlreadyExists, NotFound, Unavailable
from kfsim.replicas.backend import LogOptions, ReplicaEventKind, ReplicaSpec
from kfsim.testing.waiting import wait_until
from tests.backends.contract import get, wait_ready
from tests.backends.docker.conftest import labelled
from tests.backends.docker.socket_engine import Proxy
from tests.backends.support import MODEL_VOLUME, PATIENCE, Events, make_spec, sklearn_containers
from tests.backends.world import SERVER, World
from tests.engines.command import DockerCommand
from tests.engines.private import PrivateEngine

STARTED, EXITED, FAILED, NOTED, GONE = (
    ReplicaEventKind.STARTED,
    ReplicaEventKind.EXITED,
    ReplicaEventKind.FAILED,
    ReplicaEventKind.NOTED,
    ReplicaEventKind.GONE,
)
SIDECAR = "sidecar"
TCP = Probe(tcp_socket=TCPSocketAction(port=8080))
IDLE = "import signal; signal.signal(signal.SIGTERM, lambda *_: exit(0)); signal.pause()"


@pytest.fixture
async def next_backend(settings: DockerSettings, tmp_path: Path) -> AsyncIterator[DockerBackend]:
    """The backend of the daemon after `backend`'s, which has the same state directory."""
    backend = DockerBackend(state_dir=tmp_path / "state", settings=settings)
    yield backend
    await backend.close()


def container_id(events: Events, spec: ReplicaSpec, container: str = SERVER) -> str:
    return events.of(spec.key, STARTED, container)[-1].container_id.removeprefix("docker://")


async def start(backend: DockerBackend, events: Events, *specs: ReplicaSpec) -> None:
    for spec in specs:
        await backend.start(spec)
    for spec in specs:
        for container in spec.pod.spec.containers:
            await events.wait(spec.key, STARTED, container.name)


async def test_running_replicas_are_adopted_as_they_are(
    backend: DockerBackend, next_backend: DockerBackend, events: Events, world: World
) -> None:
    spec = make_spec(world.web(), world.script(IDLE, name=SIDECAR))
    spec = replace(spec, uid="u1", devices={SERVER: ("GPU-1",)})
    plain = replace(spec, devices={})
    await start(backend, events, plain)
    await wait_ready(backend, plain)
    address = backend.address(spec.key, 8080)
    await backend.detach()

    later = Events(next_backend)
    await next_backend.open()
    found = await next_backend.find_running()
    assert [(each.key, each.uid, dict(each.devices)) for each in found] == [(spec.key, "u1", {})]
    with pytest.raises(AlreadyExists):
        await next_backend.start(plain)
    next_backend.adopt(plain)
    assert next_backend.address(spec.key, 8080) == address
    assert (await next_backend.probe(spec.key, SERVER, TCP)).success
    assert (await get(next_backend, plain))["path"] == "/"
    assert b"listening\n" in [
        line async for line in next_backend.logs(spec.key, LogOptions(container=SERVER))
    ]
    assert later.all == []
    await next_backend.stop(spec.key, grace_seconds=5)
    assert sorted((each.kind.value, each.container) for each in later.all) == [
        ("Exited", SERVER),
        ("Exited", SIDECAR),
        ("Gone", ""),
    ]


async def test_the_models_of_an_adopted_replica_stay_what_they_are(
    backend: DockerBackend,
    next_backend: DockerBackend,
    events: Events,
    world: World,
    model_dir: Path,
    docker_command: DockerCommand,
) -> None:
    initializer, _ = sklearn_containers(str(model_dir))
    mounts = initializer.volume_mounts  # writable, so the replica has a copy of its own
    volumes = (Volume(name=MODEL_VOLUME, empty_dir=EmptyDirVolume()),)
    apps = [
        world.program("-c", IDLE, name=name, ports=(), mounts=mounts) for name in (SERVER, SIDECAR)
    ]
    spec = make_spec(*apps, init=(initializer,), volumes=volumes)
    await start(backend, events, spec)
    write = ("sh", "-c", "echo kept > /mnt/models/notes")
    assert (await backend.exec(spec.key, SERVER, write))[0] == 0
    await backend.detach()

    later = Events(next_backend)
    await next_backend.open()
    await next_backend.find_running()
    next_backend.adopt(spec)
    docker_command.run("kill", container_id(events, spec, SIDECAR))
    await later.wait(spec.key, EXITED, SIDECAR)
    await next_backend.restart_container(spec.key, SIDECAR)
    await later.wait(spec.key, STARTED, SIDECAR)
    for container in (SERVER, SIDECAR):
        read = await next_backend.exec(spec.key, container, ("cat", "/mnt/models/notes"))
        assert read == (0, b"kept\n")


async def test_a_container_that_ended_meanwhile_is_told_and_can_be_restarted(
    backend: DockerBackend,
    next_backend: DockerBackend,
    events: Events,
    world: World,
    docker_command: DockerCommand,
) -> None:
    spec = make_spec(world.web(), world.script(IDLE, name=SIDECAR))
    await start(backend, events, spec)
    await backend.detach()
    docker_command.run("kill", container_id(events, spec, SIDECAR))
    docker_command.run("wait", container_id(events, spec, SIDECAR))

    later = Events(next_backend)
    await next_backend.open()
    await next_backend.find_running()
    next_backend.adopt(spec)
    exited = await later.wait(spec.key, EXITED)
    assert (exited.container, exited.exit_code) == (SIDECAR, 137)
    await next_backend.restart_container(spec.key, SIDECAR)
    started = await later.wait(spec.key, STARTED)
    assert started.container == SIDECAR
    assert (await get(next_backend, spec))["path"] == "/"  # the owner of the network was let be


async def test_a_container_that_is_not_there_any_more_has_ended(
    backend: DockerBackend,
    next_backend: DockerBackend,
    events: Events,
    world: World,
    docker_command: DockerCommand,
) -> None:
    spec = make_spec(world.web(), world.script(IDLE, name=SIDECAR))
    await start(backend, events, spec)
    await backend.detach()
    docker_command.run("rm", "--force", container_id(events, spec))

    later = Events(next_backend)
    await next_backend.open()
    await next_backend.find_running()
    next_backend.adopt(spec)
    exited = await later.wait(spec.key, EXITED, SERVER)
    assert (exited.exit_code, exited.reason) == (137, "ContainerStatusUnknown")
    await next_backend.restart_container(spec.key, SERVER)
    await later.wait(spec.key, STARTED, SERVER)
    await later.wait(spec.key, STARTED, SIDECAR)  # moved into the new network namespace
    await wait_ready(next_backend, spec)


async def test_what_is_not_adopted_is_removed(
    backend: DockerBackend,
    next_backend: DockerBackend,
    events: Events,
    world: World,
    docker_command: DockerCommand,
    state: str,
) -> None:
    kept = make_spec(world.web(), name="kept")
    dropped = make_spec(world.web(), name="dropped")
    await start(backend, events, kept, dropped)
    await backend.detach()
    label = f"--label=kfsim.dev/state={state}"
    docker_command.run("create", label, world.image, "python")
    docker_command.run("run", "--detach", label, world.image, "true")

    later = Events(next_backend)
    await next_backend.open()
    found = await next_backend.find_running()
    assert [each.key.name for each in sorted(found, key=lambda each: each.key)] == [
        "dropped",
        "kept",
    ]
    next_backend.adopt(kept)
    await next_backend.stop(dropped.key, grace_seconds=1)
    assert [each.key.name for each in later.all if each.kind is GONE] == ["dropped"]
    containers = docker_command.run(
        "ps", "-aq", "--no-trunc", f"--filter=label=kfsim.dev/state={state}"
    )
    assert containers.split() == [container_id(events, kept)]
    with pytest.raises(NotFound):
        next_backend.adopt(dropped)


async def test_a_replica_in_its_init_phase_is_not_adopted(
    backend: DockerBackend,
    next_backend: DockerBackend,
    events: Events,
    world: World,
    docker_command: DockerCommand,
    state: str,
) -> None:
    spec = make_spec(world.web(), init=[world.script(IDLE, name="init")])
    await backend.start(spec)
    await events.wait(spec.key, ReplicaEventKind.INIT_STARTED)
    await backend.detach()
    await next_backend.open()
    assert await next_backend.find_running() == []
    assert labelled(docker_command, state) == []


async def test_close_leaves_nothing_with_the_label(
    backend: DockerBackend,
    events: Events,
    world: World,
    docker_command: DockerCommand,
    state: str,
) -> None:
    running = make_spec(world.web(), world.script(IDLE, name=SIDECAR), name="running")
    failed = make_spec(world.web().replaced(command=("no-such-program",)), name="failed")
    await start(backend, events, running)
    await backend.start(failed)
    await events.wait(failed.key, FAILED)
    starting = make_spec(world.web(), name="starting")
    await backend.start(starting)
    assert labelled(docker_command, state)
    await backend.close()
    assert labelled(docker_command, state) == []


@pytest.fixture
async def proxy(engine: str, tmp_path: Path) -> AsyncIterator[Proxy]:
    proxy = Proxy(tmp_path / "proxy.sock", engine)
    await proxy.mend()
    yield proxy
    await proxy.cut()


@pytest.fixture
async def behind_proxy(
    proxy: Proxy, settings: DockerSettings, tmp_path: Path
) -> AsyncIterator[DockerBackend]:
    backend = DockerBackend(
        state_dir=tmp_path / "state", settings=replace(settings, host=proxy.url)
    )
    await backend.open()
    await backend.find_running()
    yield backend
    await backend.close()


async def cut(proxy: Proxy, backend: DockerBackend) -> None:
    await proxy.cut()
    # It may not have found the engine yet, and then nothing changes.
    await wait_until(
        lambda: not backend.engine.available, what="the engine's loss", timeout=PATIENCE
    )


async def test_a_start_without_an_engine_says_so_once_and_goes_on_when_it_is_back(
    behind_proxy: DockerBackend, proxy: Proxy, world: World, tmp_path: Path
) -> None:
    backend, events = behind_proxy, Events(behind_proxy)
    spec = make_spec(world.web())
    await cut(proxy, backend)
    await backend.start(spec)
    failed = await events.wait(spec.key, FAILED)
    assert failed.reason == "EngineUnavailable"
    assert str(tmp_path / "proxy.sock") in failed.message
    await backend.restart_container(spec.key, SERVER)  # kubelet's, after its back-off
    with pytest.raises(NotFound):
        backend.address(spec.key, 8080)
    await proxy.mend()
    await events.wait(spec.key, STARTED)
    await wait_ready(backend, spec)
    assert len(events.of(spec.key, FAILED)) == 1
    assert len(events.of(spec.key, STARTED)) == 1


async def test_a_stop_without_an_engine_is_refused_and_works_afterwards(
    behind_proxy: DockerBackend, proxy: Proxy, world: World
) -> None:
    backend, events = behind_proxy, Events(behind_proxy)
    spec = make_spec(world.web())
    await start(backend, events, spec)
    await cut(proxy, backend)
    with pytest.raises(Unavailable, match="Docker engine"):
        await backend.stop(spec.key, grace_seconds=1)
    assert not events.of(spec.key, GONE)
    await proxy.mend()
    await asyncio.wait_for(backend.engine.until_available(), PATIENCE)
    await backend.stop(spec.key, grace_seconds=1)
    assert [each.kind for each in events.all if each.kind is not NOTED] == [STARTED, EXITED, GONE]


async def test_what_happened_while_the_engine_was_away_is_found_out(
    behind_proxy: DockerBackend,
    proxy: Proxy,
    world: World,
    docker_command: DockerCommand,
    state: str,
) -> None:
    backend, events = behind_proxy, Events(behind_proxy)
    ended, lasting = (make_spec(world.web(), name=name) for name in ("ended", "lasting"))
    removed = make_spec(world.web(), name="removed")
    await start(backend, events, ended, lasting, removed)
    await wait_ready(backend, ended)
    await cut(proxy, backend)
    away = events.of(lasting.key, NOTED)[-1]
    assert (away.reason, away.warning) == ("EngineUnavailable", True)
    assert away.message == backend.engine.problem
    docker_command.run("stop", container_id(events, ended))
    docker_command.run("rm", "--force", container_id(events, removed))
    label = f"--label=kfsim.dev/state={state}"
    stray = docker_command.run("create", label, world.image, "python")
    await proxy.mend()
    exited = await events.wait(ended.key, EXITED)
    assert exited.exit_code == 0
    gone = await events.wait(removed.key, EXITED)
    assert gone.exit_code == 137
    await wait_until(
        lambda: stray not in docker_command.run("ps", "-aq", "--no-trunc"),
        what="the stray container to be removed",
        timeout=PATIENCE,
    )
    await wait_ready(backend, lasting)
    assert not events.of(lasting.key, EXITED)
    assert events.of(lasting.key, NOTED)[-1].reason == "EngineAvailable"


async def test_without_an_engine_nothing_is_found_and_the_backend_closes(tmp_path: Path) -> None:
    settings = DockerSettings(state="none", host=f"unix://{tmp_path}/none.sock")
    backend = DockerBackend(state_dir=tmp_path / "state", settings=settings)
    await backend.open()
    assert list(await backend.find_running()) == []
    await backend.close()


@pytest.mark.timeout(180)
async def test_a_restarted_engine_costs_its_containers_and_they_come_back(
    private_engine: PrivateEngine, world: World, tmp_path: Path
) -> None:
    settings = DockerSettings(state="restart", host=private_engine.url)
    backend = DockerBackend(state_dir=tmp_path / "private", settings=settings)
    events = Events(backend)
    await backend.open()
    try:
        spec = make_spec(world.web())
        await start(backend, events, spec)
        await wait_ready(backend, spec)
        # From this thread: dockerd is ended with the thread that started it.
        private_engine.kill()
        private_engine.start()
        await events.wait(spec.key, EXITED)
        await backend.restart_container(spec.key, SERVER)
        await events.wait(spec.key, STARTED, count=2)
        await wait_ready(backend, spec)
        assert (await get(backend, spec))["path"] == "/"
    finally:
        await backend.close()
