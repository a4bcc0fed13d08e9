"""What containers of one Pod share, and how they are replaced, on a real engine."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from kfsim.api.core import (
    Container,
    EmptyDirVolume,
    Probe,
    ResourceRequirements,
    TCPSocketAction,
    Volume,
    VolumeMount,
)
from kfsim.backends.docker.backend import DockerBackend
from kfsim.backends.docker.containers import Attempt
from kfsim.backends.docker.labels import container_name
from kfsim.backends.docker.replica import DockerReplica
from kfsim.backends.docker.settings import DockerSettings
from kfsim.replicas.backend import LogOptions, ReplicaEventKind, ReplicaSpec
from kfsim.testing.waiting import wait_until
from tests.backends.contract import get, wait_for_line, wait_ready
from tests.backends.docker.conftest import labelled
from tests.backends.support import PATIENCE, Events, make_spec
from tests.backends.world import SERVER, World
from tests.engines.command import DockerCommand

STARTED, EXITED, FAILED, NOTED, GONE = (
    ReplicaEventKind.STARTED,
    ReplicaEventKind.EXITED,
    ReplicaEventKind.FAILED,
    ReplicaEventKind.NOTED,
    ReplicaEventKind.GONE,
)
SIDECAR = "sidecar"
# Says each time the Pod's server, on localhost, begins or ceases to answer.
WATCH = """
import signal, time, urllib.request
signal.signal(signal.SIGTERM, lambda *_: exit(0))
before = None
while True:
    try:
        urllib.request.urlopen("http://127.0.0.1:8080/", timeout=5).read()
        now = "answers"
    except OSError:
        now = "refuses"
    if now != before:
        print(now, flush=True)
    before = now
    time.sleep(0.01)
"""
TCP = Probe(tcp_socket=TCPSocketAction(port=8080))
SHARED = VolumeMount(name="shared", mount_path="/shared")


def with_shared(container: Container) -> Container:
    return container.replaced(volume_mounts=(SHARED,))


async def lines(
    backend: DockerBackend, spec: ReplicaSpec, container: str, *, previous: bool = False
) -> list[bytes]:
    options = LogOptions(container=container, previous=previous)
    return [line async for line in backend.logs(spec.key, options)]


async def wait_for_sidecar(backend: DockerBackend, spec: ReplicaSpec, wanted: bytes) -> None:
    async with asyncio.timeout(PATIENCE):
        async for line in backend.logs(spec.key, LogOptions(container=SIDECAR, follow=True)):
            if line == wanted:
                return
    raise AssertionError(f"the sidecar ended without writing {wanted!r}")


async def wait_until_it_answers(backend: DockerBackend, spec: ReplicaSpec, name: str) -> None:
    async def answers() -> bool:
        return (await backend.probe(spec.key, name, TCP)).success

    await wait_until(answers, what=f"the probe of {name} to pass", timeout=PATIENCE)


async def wait_until_nothing_is_left(docker_command: DockerCommand, state: str, kept: int) -> None:
    await wait_until(
        lambda: len(labelled(docker_command, state)) <= kept,
        what=f"no more than {kept} things to be left",
        timeout=PATIENCE,
    )


async def test_containers_of_a_pod_share_localhost(
    backend: DockerBackend, events: Events, world: World
) -> None:
    spec = make_spec(world.web(), world.script(WATCH, name=SIDECAR))
    await backend.start(spec)
    await events.wait(spec.key, STARTED, SIDECAR)
    await wait_for_sidecar(backend, spec, b"answers\n")


async def test_a_new_network_namespace_takes_the_other_containers_along(
    backend: DockerBackend, events: Events, world: World
) -> None:
    spec = make_spec(world.web(), world.script(WATCH, name=SIDECAR))
    await backend.start(spec)
    await events.wait(spec.key, STARTED, SIDECAR)
    await wait_ready(backend, spec)
    with pytest.raises(aiohttp.ClientError):
        await get(backend, spec, "/boom")
    await events.wait(spec.key, EXITED, SERVER)
    await backend.restart_container(spec.key, SERVER)
    await events.wait(spec.key, STARTED, SIDECAR, count=2)
    await wait_for_sidecar(backend, spec, b"answers\n")
    assert (await get(backend, spec))["path"] == "/"
    changes = [each for each in events.of(spec.key, NOTED) if each.reason == "SandboxChanged"]
    assert [each.message for each in changes] == [
        "Pod sandbox changed, it will be killed and re-created."
    ]
    assert not events.of(spec.key, EXITED, SIDECAR)
    first, second = events.of(spec.key, STARTED, SIDECAR)
    assert first.container_id != second.container_id


async def test_a_container_that_starts_while_the_namespace_is_cut_off_makes_a_new_one(
    backend: DockerBackend, events: Events, world: World
) -> None:
    spec = make_spec(world.script("raise SystemExit(5)"), world.web(name=SIDECAR))
    await backend.start(spec)
    await events.wait(spec.key, EXITED, SERVER)
    await events.wait(spec.key, STARTED, SIDECAR)
    await backend.restart_container(spec.key, SERVER)
    await events.wait(spec.key, EXITED, SERVER, count=2)
    await wait_until_it_answers(backend, spec, SIDECAR)
    assert not events.of(spec.key, FAILED)


@pytest.mark.parametrize("early", [False, True], ids=["later", "before its start is known"])
async def test_containers_are_moved_although_the_new_namespaces_owner_ends_at_once(
    backend: DockerBackend,
    events: Events,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    early: bool,
) -> None:
    start = DockerReplica._start_created

    async def slow(replica: DockerReplica, attempt: Attempt, *, joins: bool) -> dict[str, Any]:
        settings = await start(replica, attempt, joins=joins)
        if early and attempt.run.name == SERVER and attempt.number == 1:
            await wait_until(lambda: attempt.early_end is not None, what="the end is heard first")
        return settings

    monkeypatch.setattr(DockerReplica, "_start_created", slow)
    ends = (
        "import os, time\n"
        "if not os.path.exists('/shared/seen'):\n"
        "    open('/shared/seen', 'w')\n"
        "    while not os.path.exists('/shared/go'): time.sleep(0.01)\n"
        "raise SystemExit(5)"
    )
    spec = make_spec(
        with_shared(world.script(ends)),
        world.web(name=SIDECAR),
        world.script(WATCH, name="third"),
        volumes=[Volume(name="shared", empty_dir=EmptyDirVolume())],
    )
    await backend.start(spec)
    await events.wait(spec.key, STARTED, "third")
    (backend._replica_home / "default_iris-1/volumes/shared/go").touch()
    await events.wait(spec.key, EXITED, SERVER)
    await backend.restart_container(spec.key, SERVER)
    await events.wait(spec.key, EXITED, SERVER, count=2)
    await wait_until_it_answers(backend, spec, SIDECAR)
    await events.wait(spec.key, STARTED, "third", count=2)
    assert not events.of(spec.key, FAILED)
    for name in (SIDECAR, "third"):
        assert len(events.of(spec.key, STARTED, name)) == 2
        assert not events.of(spec.key, EXITED, name)


async def test_init_containers_run_to_their_end_in_order(
    backend: DockerBackend, events: Events, world: World
) -> None:
    write = "import sys; open('/shared/said', 'a').write(sys.argv[1])"
    read = "print(open('/shared/said').read(), flush=True)"
    spec = make_spec(
        with_shared(world.script(read)),
        init=[
            with_shared(world.program("-c", write, name, name=name)) for name in ("first", "second")
        ],
        volumes=[Volume(name="shared", empty_dir=EmptyDirVolume())],
    )
    await backend.start(spec)
    await events.wait(spec.key, EXITED)
    assert await lines(backend, spec, SERVER) == [b"firstsecond\n"]
    told = [
        (each.kind.value, each.container) for each in events.all if each.kind not in (NOTED, GONE)
    ]
    assert told == [
        ("InitStarted", "first"),
        ("InitExited", "first"),
        ("InitStarted", "second"),
        ("InitExited", "second"),
        ("Started", SERVER),
        ("Exited", SERVER),
    ]


async def test_a_failed_init_container_is_run_again_and_no_other(
    backend: DockerBackend, events: Events, world: World
) -> None:
    once = "import os; os.mkdir('/shared/once')"
    twice = "import os; raise SystemExit(not os.path.exists('/shared/go'))"
    spec = make_spec(
        world.web(),
        init=[
            with_shared(world.script(once, name="once")),
            with_shared(world.script(twice, name="twice")),
        ],
        volumes=[Volume(name="shared", empty_dir=EmptyDirVolume())],
    )
    await backend.start(spec)
    failed = await events.wait(spec.key, ReplicaEventKind.INIT_EXITED, "twice")
    assert failed.exit_code == 1
    (backend._replica_home / "default_iris-1/volumes/shared/go").touch()
    await backend.restart_container(spec.key, "twice")
    await events.wait(spec.key, STARTED, SERVER)
    assert len(events.of(spec.key, ReplicaEventKind.INIT_EXITED, "once")) == 1


async def test_a_restart_gets_a_fresh_file_system_and_the_log_before_it_stays(
    backend: DockerBackend, events: Events, world: World
) -> None:
    script = "import os; print(os.path.exists('/mark')); open('/mark', 'w'); raise SystemExit(1)"
    spec = make_spec(world.script(script))
    await backend.start(spec)
    for count in (1, 2):
        await events.wait(spec.key, EXITED, count=count)
        await backend.restart_container(spec.key, SERVER)
    await events.wait(spec.key, EXITED, count=3)
    assert await lines(backend, spec, SERVER) == [b"False\n"]
    assert await lines(backend, spec, SERVER, previous=True) == [b"False\n"]
    logs = backend._log_folders.folder(spec.key)
    assert sorted(path.name for path in logs.iterdir()) == [f"{SERVER}.{n}.log" for n in (1, 2)]


async def test_the_termination_message_is_what_the_container_wrote_as_such(
    backend: DockerBackend, events: Events, world: World
) -> None:
    script = (
        "open('/dev/termination-log', 'w').write('no model\\n'); print('x'); raise SystemExit(2)"
    )
    container = world.script(script).replaced(security_context={"runAsUser": 1000})
    spec = make_spec(container)
    await backend.start(spec)
    exited = await events.wait(spec.key, EXITED)
    assert (exited.exit_code, exited.message) == (2, "no model")


async def test_what_cannot_be_started_says_why_and_leaves_nothing(
    backend: DockerBackend,
    events: Events,
    world: World,
    docker_command: DockerCommand,
    state: str,
) -> None:
    spec = make_spec(world.web().replaced(command=("no-such-program",)))
    await backend.start(spec)
    failed = await events.wait(spec.key, FAILED)
    assert failed.reason == "RunContainerError"
    assert '"no-such-program": executable file not found in $PATH' in failed.message
    await wait_until_nothing_is_left(docker_command, state, kept=1)  # the network
    await backend.stop(spec.key, grace_seconds=0)
    assert [each.kind for each in events.of(spec.key, GONE)] == [GONE]


async def test_an_image_that_is_not_there_fails_its_container_and_no_other(
    backend: DockerBackend, events: Events, world: World
) -> None:
    missing = world.web(name="missing", port=8081).replaced(
        image="no.such/image:1", image_pull_policy="Never"
    )
    spec = make_spec(world.web(), missing)
    await backend.start(spec)
    failed = await events.wait(spec.key, FAILED, "missing")
    assert failed.reason == "ErrImageNeverPull"
    await wait_ready(backend, spec)


async def test_a_leftover_with_the_containers_name_is_replaced(
    backend: DockerBackend,
    events: Events,
    world: World,
    docker_command: DockerCommand,
    state: str,
) -> None:
    spec = make_spec(world.web())
    name = container_name(spec, SERVER, attempt=0, state=state)
    label = f"--label=kfsim.dev/state={state}"
    docker_command.run("create", f"--name={name}", label, world.image, "python")
    await backend.start(spec)
    await events.wait(spec.key, STARTED)
    assert not events.of(spec.key, FAILED)


async def test_a_container_above_its_memory_limit_is_out_of_memory(
    backend: DockerBackend, events: Events, world: World
) -> None:
    container = world.script("data = bytearray(200 * 2**20); print(len(data))")
    limits = ResourceRequirements.model_validate({"limits": {"memory": "32Mi"}})
    spec = make_spec(container.replaced(resources=limits))
    await backend.start(spec)
    exited = await events.wait(spec.key, EXITED)
    assert (exited.exit_code, exited.reason) == (137, "OOMKilled")


async def test_a_container_that_somebody_else_removed_has_ended(
    backend: DockerBackend, events: Events, world: World, docker_command: DockerCommand
) -> None:
    spec = make_spec(world.web())
    await backend.start(spec)
    started = await events.wait(spec.key, STARTED)
    docker_command.run("rm", "--force", started.container_id.removeprefix("docker://"))
    exited = await events.wait(spec.key, EXITED)
    assert exited.exit_code == 137
    await backend.restart_container(spec.key, SERVER)
    await wait_ready(backend, spec)


async def test_an_end_is_told_before_the_ended_container_is_cleared_away(
    backend: DockerBackend, events: Events, world: World
) -> None:
    calls: list[str] = []
    call = backend.engine.call

    async def recorded(what: str, *args: object, **options: object) -> object:
        calls.append(what)
        return await call(what, *args, **options)  # type: ignore[arg-type]

    spec = make_spec(world.script("input()"))
    backend.engine.call = recorded  # type: ignore[method-assign, assignment]
    at_exit: list[list[str]] = []
    backend.subscribe(lambda event: at_exit.append(calls[:]) if event.kind is EXITED else None)
    await backend.start(spec)
    await events.wait(spec.key, EXITED)
    # From the event alone: nothing asked the engine whether the container still runs.
    assert [what.split()[0] for what in at_exit[0][-2:]] == ["start", "describe"]
    assert not (await backend.probe(spec.key, SERVER, TCP)).success


async def test_a_long_line_and_a_last_one_without_newline_are_kept(
    backend: DockerBackend, events: Events, world: World
) -> None:
    spec = make_spec(world.script("print('x' * 40_000); print('end', end='')"))
    await backend.start(spec)
    await events.wait(spec.key, EXITED)
    assert b"".join(await lines(backend, spec, SERVER)) == b"x" * 40_000 + b"\nend\n"


async def test_a_stop_during_a_start_leaves_nothing(
    backend: DockerBackend,
    events: Events,
    world: World,
    docker_command: DockerCommand,
    state: str,
) -> None:
    for delay in (0, 0.01, 0.03, 0.1):
        spec = make_spec(world.web(), world.script(WATCH, name=SIDECAR), name=f"iris-{delay}")
        await backend.start(spec)
        await asyncio.sleep(delay)  # wherever the start is by then
        await backend.stop(spec.key, grace_seconds=1)
        assert events.all[-1].kind is GONE
    await wait_until_nothing_is_left(docker_command, state, kept=1)


async def test_a_published_port_is_ready_when_the_container_listens_and_not_before(
    engine: str, settings: DockerSettings, world: World, tmp_path: Path
) -> None:
    backend = DockerBackend(
        state_dir=tmp_path / "published", settings=replace(settings, publish=True)
    )
    events = Events(backend)
    await backend.open()
    try:
        late = "import os, time\nwhile not os.path.exists('/tmp/go'): time.sleep(0.01)\n"
        web = world.web()
        container = web.replaced(args=("-c", late + web.args[1], *web.args[2:]))
        spec = make_spec(container)
        await backend.start(spec)
        await events.wait(spec.key, STARTED)
        assert backend.address(spec.key, 8080).host == "127.0.0.1"
        assert "connection refused" in (await backend.probe(spec.key, SERVER, TCP)).message
        await backend.exec(spec.key, SERVER, ("touch", "/tmp/go"))
        await wait_ready(backend, spec)
        assert (await get(backend, spec))["path"] == "/"
    finally:
        await backend.close()


async def test_lines_are_followed_while_the_container_runs(
    backend: DockerBackend, events: Events, world: World
) -> None:
    spec = make_spec(world.web())
    await backend.start(spec)
    await events.wait(spec.key, STARTED)
    await wait_for_line(backend, spec, b"listening\n")
    await wait_ready(backend, spec)
    await get(backend, spec, "/hello")
    await wait_for_line(backend, spec, b'"GET /hello HTTP/1.1" 200 -\n')
