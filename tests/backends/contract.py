"""What every backend must do. A backend's own test module inherits `BackendContract` and provides
the fixtures `backend` (opened, closed afterwards), `events` (an `Events` of it) and `world` (how
programs are written down for it)."""

import asyncio
import json
from pathlib import Path

import aiohttp
import pytest

from kfsim.api.core import ExecAction, HTTPGetAction, Probe, TCPSocketAction
from kfsim.base.errors import AlreadyExists, NotFound
from kfsim.replicas.backend import (
    LogOptions,
    ReplicaBackend,
    ReplicaEvent,
    ReplicaEventKind,
    ReplicaSpec,
)
from kfsim.testing.waiting import wait_until
from tests.backends.support import (
    PATIENCE,
    Events,
    make_model_spec,
    make_spec,
)
from tests.backends.world import SERVER, World

STARTED, EXITED, FAILED, NOTED, GONE = (
    ReplicaEventKind.STARTED,
    ReplicaEventKind.EXITED,
    ReplicaEventKind.FAILED,
    ReplicaEventKind.NOTED,
    ReplicaEventKind.GONE,
)
TCP = Probe(tcp_socket=TCPSocketAction(port=8080))
FLOWERS = {"instances": [[6.8, 2.8, 4.8, 1.4], [5.1, 3.5, 1.4, 0.2]]}


async def wait_ready(backend: ReplicaBackend, spec: ReplicaSpec, probe: Probe = TCP) -> None:
    """Until the probe passes."""

    async def passes() -> bool:
        return (await backend.probe(spec.key, SERVER, probe)).success

    await wait_until(passes, what=f"the probe of {spec.key} to pass", timeout=PATIENCE)


async def post(backend: ReplicaBackend, spec: ReplicaSpec, path: str, body: object) -> object:
    url = f"http://{backend.address(spec.key, 8080)}{path}"
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as response:
        return await response.json()


async def get(backend: ReplicaBackend, spec: ReplicaSpec, path: str = "/") -> dict[str, object]:
    url = f"http://{backend.address(spec.key, 8080)}{path}"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return dict(json.loads(await response.read()))


def who(answer: dict[str, object]) -> object:
    env = answer["env"]
    assert isinstance(env, dict)
    return env["WHO"]


async def read_log(backend: ReplicaBackend, spec: ReplicaSpec, options: LogOptions) -> list[bytes]:
    return [line async for line in backend.logs(spec.key, options)]


async def wait_for_line(backend: ReplicaBackend, spec: ReplicaSpec, wanted: bytes) -> None:
    """Until the container has written the line."""
    async with asyncio.timeout(PATIENCE):
        async for line in backend.logs(spec.key, LogOptions(container=SERVER, follow=True)):
            if line == wanted:
                return
    raise AssertionError(f"the container ended without writing {wanted!r}")


@pytest.mark.live
class BackendContract:
    """The tests; `backend` and `events` come from the subclass's module."""

    async def test_a_model_is_served(
        self, backend: ReplicaBackend, world: World, events: Events, model_dir: Path
    ) -> None:
        spec = make_model_spec(f"file://{model_dir}", image=world.model_image)
        await backend.start(spec)
        await events.wait(spec.key, STARTED, SERVER)
        await wait_ready(backend, spec)
        assert await post(backend, spec, "/v1/models/iris:predict", FLOWERS) == {
            "predictions": [1, 0]
        }
        kinds = [(each.kind.value, each.container) for each in events.all if each.kind is not NOTED]
        assert kinds[:2] == [
            ("InitStarted", "storage-initializer"),
            ("InitExited", "storage-initializer"),
        ]
        assert sorted(kinds[2:]) == [("Started", SERVER), ("Started", "queue-proxy")]

    async def test_a_key_that_runs_cannot_be_started_again(
        self, backend: ReplicaBackend, world: World, events: Events
    ) -> None:
        spec = make_spec(world.web())
        await backend.start(spec)
        with pytest.raises(AlreadyExists):
            await backend.start(spec)

    async def test_gone_is_the_last_event_and_comes_once(
        self, backend: ReplicaBackend, world: World, events: Events
    ) -> None:
        spec = make_spec(world.web())
        await backend.start(spec)
        await events.wait(spec.key, STARTED)
        await wait_ready(backend, spec)
        await asyncio.gather(
            backend.stop(spec.key, grace_seconds=5), backend.stop(spec.key, grace_seconds=5)
        )
        kinds = [each.kind for each in events.all if each.kind is not NOTED]
        assert kinds == [STARTED, EXITED, GONE]
        with pytest.raises(NotFound):
            backend.address(spec.key, 8080)
        await backend.stop(spec.key, grace_seconds=5)  # an unknown key is ignored
        assert len(events.of(spec.key, GONE)) == 1

    async def test_a_stopped_key_can_be_started_again(
        self, backend: ReplicaBackend, world: World, events: Events
    ) -> None:
        spec = make_spec(world.web())
        for count in (1, 2):
            await backend.start(spec)
            await events.wait(spec.key, STARTED, count=count)
            await wait_ready(backend, spec)
            await backend.stop(spec.key, grace_seconds=5)
        assert len(events.of(spec.key, GONE)) == 2

    async def test_a_stop_right_after_the_start_leaves_nothing(
        self, backend: ReplicaBackend, world: World, events: Events, model_dir: Path
    ) -> None:
        spec = make_model_spec(f"file://{model_dir}", image=world.model_image)
        await backend.start(spec)
        await backend.stop(spec.key, grace_seconds=5)
        assert len(events.of(spec.key, GONE)) == 1
        assert events.all[-1].kind is GONE

    async def test_two_replicas_of_one_command_run_side_by_side(
        self, backend: ReplicaBackend, world: World, events: Events
    ) -> None:
        specs = [make_spec(world.web(env={"WHO": name}), name=name) for name in ("a", "b")]
        for spec in specs:
            await backend.start(spec)
        for spec in specs:
            await events.wait(spec.key, STARTED)
            await wait_ready(backend, spec)
        answers = [await get(backend, spec) for spec in specs]
        assert [who(each) for each in answers] == ["a", "b"]

    async def test_a_process_that_ignores_sigterm_is_killed_after_the_grace_period(
        self, backend: ReplicaBackend, world: World, events: Events
    ) -> None:
        script = (
            "import signal, threading\n"
            "signal.signal(signal.SIGTERM, lambda *_: print('no', flush=True))\n"
            "print('deaf', flush=True)\n"
            "while True: signal.pause()\n"
        )
        spec = make_spec(world.script(script))
        await backend.start(spec)
        await events.wait(spec.key, STARTED)
        await wait_for_line(backend, spec, b"deaf\n")
        await backend.stop(spec.key, grace_seconds=0.3)
        exited = events.of(spec.key, EXITED)[0]
        assert (exited.exit_code, exited.signal) == (137, 9)
        assert b"no\n" in await read_log(backend, spec, LogOptions(container=SERVER))

    async def test_a_crash_is_told_with_its_code_and_last_words(
        self, backend: ReplicaBackend, world: World, events: Events
    ) -> None:
        spec = make_spec(world.script("print('about to fail'); raise SystemExit(3)"))
        await backend.start(spec)
        exited = await events.wait(spec.key, EXITED)
        assert (exited.exit_code, exited.signal) == (3, None)
        assert exited.message == "about to fail"
        assert not (await backend.probe(spec.key, SERVER, TCP)).success

    async def test_an_exited_container_can_be_restarted_on_its_port(
        self, backend: ReplicaBackend, world: World, events: Events
    ) -> None:
        spec = make_spec(world.web())
        await backend.start(spec)
        await events.wait(spec.key, STARTED)
        await wait_ready(backend, spec)
        with pytest.raises(aiohttp.ClientError):
            await get(backend, spec, "/boom")
        exited = await events.wait(spec.key, EXITED)
        assert exited.exit_code == 7
        await backend.restart_container(spec.key, SERVER)
        await events.wait(spec.key, STARTED, count=2)
        await wait_ready(backend, spec)
        assert (await get(backend, spec))["path"] == "/"
        previous = await read_log(backend, spec, LogOptions(previous=True))
        assert b"listening\n" in previous
        with pytest.raises(NotFound):
            await backend.restart_container(spec.key, "other")

    async def test_probes_tell_success_and_failure(
        self, backend: ReplicaBackend, world: World, events: Events
    ) -> None:
        spec = make_spec(world.web())
        await backend.start(spec)
        await events.wait(spec.key, STARTED)
        healthy = Probe(http_get=HTTPGetAction(path="/healthy", port=8080))
        await wait_ready(backend, spec, healthy)
        unhealthy = Probe(http_get=HTTPGetAction(path="/unhealthy", port=8080))
        failed = await backend.probe(spec.key, SERVER, unhealthy)
        assert failed.message.startswith("HTTP probe failed with statuscode: 500")
        passing = Probe(exec=ExecAction(command=("sh", "-c", "exit 0")), timeout_seconds=10)
        assert (await backend.probe(spec.key, SERVER, passing)).success
        failing = Probe(
            exec=ExecAction(command=("sh", "-c", "echo no; exit 4")), timeout_seconds=10
        )
        assert (await backend.probe(spec.key, SERVER, failing)).message == "no"

    async def test_exec_gives_exit_code_and_output(
        self, backend: ReplicaBackend, world: World, events: Events
    ) -> None:
        spec = make_spec(world.web(env={"GREETING": "hello"}))
        await backend.start(spec)
        await events.wait(spec.key, STARTED)
        command = ("sh", "-c", 'echo "$GREETING"; echo oops >&2; exit 5')
        code, output = await backend.exec(spec.key, SERVER, command)
        # The two streams need not be in the order in which they were written.
        assert (code, sorted(output.splitlines())) == (5, [b"hello", b"oops"])

    async def test_logs_are_followed_to_the_end_and_stay(
        self, backend: ReplicaBackend, world: World, events: Events
    ) -> None:
        script = "for n in range(5): print('line', n, flush=True)\ninput('waiting')"
        spec = make_spec(world.script(script))
        await backend.start(spec)
        await events.wait(spec.key, EXITED)
        lines = await read_log(backend, spec, LogOptions(follow=True))
        # What went to standard error need not come after it.
        printed = [line for line in lines if line.startswith(b"line ")]
        assert printed == [b"line %d\n" % n for n in range(5)]
        tail = await read_log(backend, spec, LogOptions(tail_lines=1))
        assert tail == lines[-1:]
        stamped = await read_log(backend, spec, LogOptions(timestamps=True))
        assert [line.partition(b"Z ")[2] for line in stamped] == lines
        await backend.stop(spec.key, grace_seconds=1)
        assert await read_log(backend, spec, LogOptions(container=SERVER)) == lines
        with pytest.raises(NotFound):
            backend.logs(make_spec(world.web(), name="never").key, LogOptions())

    @pytest.mark.parametrize(
        ("uri", "words"),
        [
            pytest.param("file:///no/such/folder", "/no/such/folder does not exist", id="missing"),
            pytest.param("gs://bucket/model", "gs:// is not supported yet", id="scheme"),
            pytest.param("pvc://absent/model", '"absent" not found', id="claim"),
            pytest.param("models/iris", "must be an absolute path", id="relative"),
        ],
    )
    async def test_a_model_that_cannot_be_provided_fails_the_initializer(
        self, backend: ReplicaBackend, world: World, events: Events, uri: str, words: str
    ) -> None:
        spec = make_model_spec(uri, image=world.model_image)
        await backend.start(spec)
        exited = await events.wait(spec.key, ReplicaEventKind.INIT_EXITED)
        assert exited.exit_code == 1
        assert words in exited.message
        assert uri in exited.message
        said = [line async for line in backend.logs(spec.key, LogOptions("storage-initializer"))]
        assert b"".join(said).decode() == f"{exited.message}\n"
        assert not events.of(spec.key, STARTED)

    async def test_a_mended_model_source_is_picked_up_by_a_restart(
        self, backend: ReplicaBackend, world: World, events: Events, model_dir: Path, tmp_path: Path
    ) -> None:
        spec = make_model_spec(f"file://{tmp_path}/later", image=world.model_image)
        await backend.start(spec)
        await events.wait(spec.key, ReplicaEventKind.INIT_EXITED)
        (tmp_path / "later").symlink_to(model_dir)
        await backend.restart_container(spec.key, "storage-initializer")
        await events.wait(spec.key, STARTED, SERVER)
        await wait_ready(backend, spec)

    async def test_a_truncated_model_ends_the_server_with_the_reason(
        self, backend: ReplicaBackend, world: World, events: Events, model_dir: Path, tmp_path: Path
    ) -> None:
        whole = (model_dir / "model.joblib").read_bytes()
        model = tmp_path / "half" / "model.joblib"
        model.parent.mkdir()
        model.write_bytes(whole[: len(whole) // 2])
        spec = make_model_spec(str(model.parent), image=world.model_image)
        await backend.start(spec)
        exited: ReplicaEvent = await events.wait(spec.key, EXITED, SERVER)
        assert exited.exit_code == 1
        assert exited.message.startswith(f"cannot load {world.seen(model)}")
        assert "truncated" in exited.message
        assert "\n" not in exited.message
