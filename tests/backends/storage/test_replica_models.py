"""Models of process replicas, from the storage-initializer to what the server finds."""

import json
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kfsim.api.core import PodSpec
from kfsim.backends.process.backend import ProcessBackend
from kfsim.backends.process.settings import ProcessSettings
from kfsim.backends.storage.store import ModelStore
from kfsim.base.clock import RealClock
from kfsim.base.entropy import SystemEntropy
from kfsim.controllers.inferenceservice.storage import ModelSource, mount_models
from kfsim.replicas.backend import ReplicaEvent, ReplicaEventKind, ReplicaSpec
from tests.backends.storage.support import wait_for, workers
from tests.backends.storage.web import Page, Web
from tests.backends.support import Events, command_container, make_spec

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]
SERVER = "kserve-container"
# Says what is at the model path, tries to write there, and ends.
LISTING = """
import json, os, pathlib, sys
root = pathlib.Path(sys.argv[1])
found = {}
for folder, _, names in os.walk(root, followlinks=True):
    for name in names:
        path = pathlib.Path(folder, name)
        found[str(path.relative_to(root))] = path.read_text()
path = pathlib.Path(os.environ["KFSIM_TERMINATION_LOG"])
path.write_text(json.dumps(found))
if "--write" in sys.argv:
    for name in found:
        (root / name).write_text("trained")
"""


@pytest.fixture
async def backend(tmp_path: Path, store: ModelStore) -> AsyncIterator[ProcessBackend]:
    backend = ProcessBackend(
        state_dir=tmp_path / "state",
        clock=RealClock(),
        entropy=SystemEntropy(),
        settings=ProcessSettings(fork=False),
        models=store,
    )
    await backend.open()
    yield backend
    await backend.close()


@pytest.fixture
def events(backend: ProcessBackend) -> Events:
    return Events(backend)


def make_listing(*sources: ModelSource, name: str = "a", read_only: bool = True) -> ReplicaSpec:
    """A Pod as the InferenceService controller makes it, with a server that lists its models."""
    server = command_container(
        *("-c", LISTING, "/mnt/models", *([] if read_only else ["--write"])), ports=()
    )
    spec: PodSpec = mount_models(
        PodSpec(containers=(server,)), sources, container=SERVER, read_only=read_only
    )
    return make_spec(*spec.containers, init=spec.init_containers, volumes=spec.volumes, name=name)


async def listed(backend: ProcessBackend, events: Events, spec: ReplicaSpec) -> dict[str, str]:
    await backend.start(spec)
    exited: ReplicaEvent = await events.wait(spec.key, ReplicaEventKind.EXITED)
    assert exited.exit_code == 0, exited.message
    found: dict[str, str] = json.loads(exited.message)
    return found


async def test_a_remote_model_is_served(backend: ProcessBackend, events: Events, web: Web) -> None:
    url = web.put("/model.bin", b"model", etag='"1"')
    for name in ("a", "b"):
        spec = make_listing(ModelSource(url), name=name)
        assert await listed(backend, events, spec) == {"model.bin": "model"}
    assert [headers.get("if-none-match") for _, headers in web.requests] == [None, '"1"']


async def test_all_storage_uris_are_provided(
    backend: ProcessBackend, events: Events, web: Web, tmp_path: Path
) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "m").write_text("base")
    spec = make_listing(
        ModelSource(str(tmp_path / "base"), "/mnt/models/base"),
        ModelSource(web.put("/one.bin", b"one"), "/mnt/models/adapters/one"),
    )
    found = await listed(backend, events, spec)
    assert found == {"base/m": "base", "adapters/one/one.bin": "one"}


async def test_a_writer_has_its_own_copy(
    backend: ProcessBackend, events: Events, tmp_path: Path
) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "m").write_text("model")
    source = ModelSource(str(tmp_path / "model"))
    for name in ("a", "b"):
        spec = make_listing(source, name=name, read_only=False)
        assert await listed(backend, events, spec) == {"m": "model"}
    assert (tmp_path / "model" / "m").read_text() == "model"


async def test_a_stand_in_is_noted(backend: ProcessBackend, events: Events, web: Web) -> None:
    url = web.put("/model.bin", b"model")
    await listed(backend, events, make_listing(ModelSource(url)))
    web.pages["/model.bin"] = Page(status=503)
    spec = make_listing(ModelSource(url), name="b")
    assert await listed(backend, events, spec) == {"model.bin": "model"}
    (note,) = events.of(spec.key, ReplicaEventKind.NOTED)
    assert (note.reason, note.warning) == ("ModelNotRevalidated", True)
    assert "503 Service Unavailable" in note.message


async def test_a_model_that_is_not_there_ends_the_initializer(
    backend: ProcessBackend, events: Events, web: Web
) -> None:
    spec = make_listing(ModelSource(web.url("/absent.bin")))
    await backend.start(spec)
    exited = await events.wait(spec.key, ReplicaEventKind.INIT_EXITED)
    assert exited.exit_code == 1
    assert "404 Not Found" in exited.message


async def test_a_replica_that_is_stopped_stops_its_download(
    backend: ProcessBackend, events: Events, web: Web
) -> None:
    url = web.put("/model.bin", b"model")
    web.pages["/model.bin"].gate = threading.Event()
    spec = make_listing(ModelSource(url))
    await backend.start(spec)
    await wait_for(web.arrived.is_set)
    assert len(workers()) == 1
    await backend.stop(spec.key, grace_seconds=0)
    await events.wait(spec.key, ReplicaEventKind.GONE)
    assert workers() == []
    assert not events.of(spec.key, ReplicaEventKind.INIT_EXITED)
