"""Models for replicas: fetched once, shared, revalidated, and whole or not at all."""

import asyncio
import io
import os
import shutil
import signal
import sys
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from kfsim.backends.storage.failures import StorageFailure
from kfsim.backends.storage.requests import ModelPlace, ModelRequest
from kfsim.backends.storage.settings import ArchiveLimits, StorageSettings
from kfsim.backends.storage.store import ModelStore
from tests.backends.storage.support import wait_for, waits_for_a_lock, workers
from tests.backends.storage.web import OCTETS, Page, Web

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]


def make_request(
    tmp_path: Path, *uris: str | ModelPlace, writable: bool = False, host_links: bool = True
) -> ModelRequest:
    places = tuple(each if isinstance(each, ModelPlace) else ModelPlace(each) for each in uris)
    view = tmp_path / "replica" / "view"
    return ModelRequest(places, "default", view, writable=writable, host_links=host_links)


def tar(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def files(root: Path) -> dict[str, bytes]:
    return {
        str(each.relative_to(root)): each.read_bytes() for each in root.rglob("*") if each.is_file()
    }


def objects(cache_dir: Path) -> list[str]:
    folder = cache_dir / "objects"
    return sorted(os.listdir(folder)) if folder.exists() else []


async def test_a_folder_of_this_host_is_used_in_place(
    store: ModelStore, tmp_path: Path, cache_dir: Path
) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "m").touch()
    request = make_request(tmp_path, f"file://{tmp_path}/model", host_links=False)
    assert await store.provide(request) == tmp_path / "model"
    assert not request.view.exists()
    assert not cache_dir.exists()


async def test_a_single_file_gets_a_folder_with_a_link(store: ModelStore, tmp_path: Path) -> None:
    (tmp_path / "m.joblib").write_bytes(b"model")
    view = await store.provide(make_request(tmp_path, str(tmp_path / "m.joblib")))
    assert (view / "m.joblib").readlink() == tmp_path / "m.joblib"


@pytest.mark.parametrize("writable", [True, False])
async def test_a_container_gets_files_not_links(
    store: ModelStore, tmp_path: Path, writable: bool
) -> None:
    (tmp_path / "m.joblib").write_bytes(b"model")
    request = make_request(
        tmp_path, str(tmp_path / "m.joblib"), writable=writable, host_links=False
    )
    view = await store.provide(request)
    assert files(view) == {"m.joblib": b"model"}
    assert not (view / "m.joblib").is_symlink()


async def test_a_folder_with_links_elsewhere_is_laid_out_for_a_container(
    store: ModelStore, tmp_path: Path
) -> None:
    """As the Hugging Face cache lays out its snapshots."""
    (tmp_path / "snapshot").mkdir()
    (tmp_path / "blob").write_bytes(b"weights")
    (tmp_path / "snapshot" / "weights.bin").symlink_to("../blob")
    uri = str(tmp_path / "snapshot")
    in_process = await store.provide(make_request(tmp_path, uri))
    assert in_process == tmp_path / "snapshot"
    view = await store.provide(make_request(tmp_path, uri, host_links=False))
    assert files(view) == {"weights.bin": b"weights"}
    assert not (view / "weights.bin").is_symlink()


async def test_a_writer_never_changes_the_source(
    store: ModelStore, tmp_path: Path, web: Web
) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "m").write_bytes(b"model")
    url = web.put("/m.tgz", tar(m=b"model"), "application/gzip", etag='"1"')
    for uri in (str(tmp_path / "model"), url):
        view = await store.provide(make_request(tmp_path, uri, writable=True))
        (view / "m").write_bytes(b"trained")
        (view / "log").touch()
        again = make_request(tmp_path, uri)
        assert files(await store.provide(again)) == {"m": b"model"}


async def test_an_archive_of_this_host_is_unpacked_once_per_state(
    store: ModelStore, tmp_path: Path, cache_dir: Path
) -> None:
    packed = tmp_path / "model.tar.gz"
    packed.write_bytes(tar(m=b"one"))
    request = make_request(tmp_path, str(packed))
    first = await store.provide(request)
    assert files(first) == {"m": b"one"}
    assert await store.provide(request) == first
    packed.write_bytes(tar(m=b"other"))
    assert files(await store.provide(request)) == {"m": b"other"}
    assert len(objects(cache_dir)) == 2


@pytest.mark.parametrize("host_links", [True, False])
async def test_several_models_share_a_volume(
    store: ModelStore, tmp_path: Path, web: Web, host_links: bool
) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "weights").write_bytes(b"base")
    (tmp_path / "config.json").write_bytes(b"{}")
    request = make_request(
        tmp_path,
        ModelPlace(str(tmp_path / "base"), "base"),
        ModelPlace(web.put("/one.tgz", tar(m=b"one"), "application/gzip"), "adapters/one"),
        ModelPlace(str(tmp_path / "config.json")),
        host_links=host_links,
    )
    view = await store.provide(request)
    assert {
        "base/weights": (view / "base/weights").read_bytes(),
        "adapters/one/m": (view / "adapters/one/m").read_bytes(),
        "config.json": (view / "config.json").read_bytes(),
    } == {"base/weights": b"base", "adapters/one/m": b"one", "config.json": b"{}"}


async def test_a_model_is_fetched_once_and_then_revalidated(
    store: ModelStore, tmp_path: Path, web: Web
) -> None:
    url = web.put("/model.joblib", b"model", etag='"1"')
    request = make_request(tmp_path, url)
    first = await store.provide(request)
    assert files(first) == {"model.joblib": b"model"}
    assert await store.provide(request) == first
    assert [headers.get("if-none-match") for _, headers in web.requests] == [None, '"1"']
    web.put("/model.joblib", b"newer", etag='"2"')
    assert files(await store.provide(request)) == {"model.joblib": b"newer"}
    assert files(first) == {"model.joblib": b"model"}
    assert await store.size() == 10


async def test_equal_content_behind_two_urls_is_kept_once(
    store: ModelStore, tmp_path: Path, web: Web, cache_dir: Path
) -> None:
    for path in ("/a/m.bin", "/b/m.bin"):
        await store.provide(make_request(tmp_path, web.put(path, b"model")))
    assert len(objects(cache_dir)) == 1


async def test_many_replicas_share_one_download(
    store: ModelStore, tmp_path: Path, web: Web
) -> None:
    gate = threading.Event()
    url = web.put("/model", b"x" * 4_000_000)
    web.pages["/model"].gate = gate
    seen: list[list[tuple[int, int | None]]] = [[] for _ in range(8)]

    def listener(number: int) -> Callable[[int, int | None], None]:
        return lambda *each: seen[number].append(each)

    async with asyncio.TaskGroup() as group:
        asked = [
            group.create_task(store.provide(make_request(tmp_path, url), progress=listener(number)))
            for number in range(8)
        ]
        await wait_for(web.arrived.is_set)
        gate.set()
    assert len({task.result() for task in asked}) == 1
    assert len(web.requests) == 1
    assert all(each[-1] == (4_000_000, 4_000_000) for each in seen)


async def test_a_failure_belongs_to_all_who_wait(
    store: ModelStore, tmp_path: Path, web: Web, caplog: pytest.LogCaptureFixture
) -> None:
    request = make_request(tmp_path, web.url("/absent"))
    results = await asyncio.gather(
        *(store.provide(request) for _ in range(3)), return_exceptions=True
    )
    assert [type(each) for each in results] == [StorageFailure] * 3
    assert "404 Not Found" in str(results[0])
    assert not caplog.records
    web.put("/absent", b"there now")
    assert files(await store.provide(request)) == {"absent": b"there now"}


async def test_one_of_two_may_give_up(store: ModelStore, tmp_path: Path, web: Web) -> None:
    gate = threading.Event()
    url = web.put("/model", b"model")
    web.pages["/model"].gate = gate
    request = make_request(tmp_path, url)
    one, other = (asyncio.create_task(store.provide(request)) for _ in range(2))
    await wait_for(web.arrived.is_set)
    one.cancel()
    await asyncio.gather(one, return_exceptions=True)
    gate.set()
    assert files(await other) == {"model": b"model"}
    assert len(web.requests) == 1


async def test_when_nobody_waits_the_worker_ends(
    store: ModelStore, tmp_path: Path, web: Web, cache_dir: Path
) -> None:
    url = web.put("/model", b"model")
    web.pages["/model"].gate = threading.Event()
    asked = asyncio.create_task(store.provide(make_request(tmp_path, url)))
    await wait_for(web.arrived.is_set)
    assert len(workers()) == 1
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    assert workers() == []
    web.put("/model", b"model")
    assert files(await store.provide(make_request(tmp_path, url))) == {"model": b"model"}
    assert os.listdir(cache_dir / "tmp") == []


async def test_a_worker_that_is_killed_is_a_failure_and_leaves_no_model(
    store: ModelStore, tmp_path: Path, web: Web, cache_dir: Path
) -> None:
    url = web.put("/model", b"model")
    web.pages["/model"].gate = threading.Event()
    asked = asyncio.create_task(store.provide(make_request(tmp_path, url)))
    await wait_for(web.arrived.is_set)
    (worker,) = workers()
    assert url.encode() not in Path(f"/proc/{worker}/cmdline").read_bytes()
    os.kill(worker, signal.SIGKILL)
    with pytest.raises(StorageFailure, match="ended unexpectedly with status -9"):
        await asked
    assert objects(cache_dir) == []
    web.put("/model", b"model")
    assert files(await store.provide(make_request(tmp_path, url))) == {"model": b"model"}
    assert os.listdir(cache_dir / "tmp") == []


@pytest.mark.parametrize(
    ("path", "page", "words"),
    [
        pytest.param("/m", Page(b"x", length=9), "broke off after 1 of 9 bytes", id="truncated"),
        pytest.param("/m", Page(status=404), "404 Not Found", id="missing"),
        pytest.param("/m", Page(status=500), "500 Internal Server Error", id="broken"),
        pytest.param("/m.tgz", Page(b"<html>"), "KServe refuses m.tgz as anything", id="type"),
        pytest.param(
            "/m.tgz",
            Page(b"<html>", headers={"content-type": "application/gzip"}),
            "m.tgz is not unpacked: it is damaged",
            id="no archive",
        ),
        pytest.param(
            "/m.tgz",
            Page(tar(), headers={"content-type": "application/gzip"}),
            "m.tgz holds no files",
            id="empty archive",
        ),
        pytest.param(
            "/m.tgz",
            Page(tar(m=bytes(3_000_000)), headers={"content-type": "application/gzip"}),
            "more than 50 times its size",
            id="bomb",
        ),
        pytest.param(
            "/m.json.gz",
            Page(b"no gzip", headers={"content-type": OCTETS}),
            "it is damaged",
            id="no gzip",
        ),
    ],
)
async def test_what_cannot_be_fetched_whole_is_not_kept(
    tmp_path: Path, web: Web, cache_dir: Path, path: str, page: Page, words: str
) -> None:
    page.headers.setdefault("content-type", OCTETS)
    web.pages[f"{path}?sig=secret"] = page
    store = ModelStore(
        cache_dir=cache_dir,
        claims=tmp_path,
        settings=StorageSettings(limits=ArchiveLimits(ratio=50, ratio_from=2**20)),
    )
    with pytest.raises(StorageFailure) as caught:
        await store.provide(make_request(tmp_path, web.url(f"{path}?sig=secret")))
    assert words in str(caught.value)
    assert web.url(path) in str(caught.value)
    assert "secret" not in str(caught.value)
    assert objects(cache_dir) == os.listdir(cache_dir / "tmp") == []
    await store.close()


async def test_a_gzipped_file_is_named_as_kserve_names_it(
    store: ModelStore, tmp_path: Path, web: Web
) -> None:
    packed = tar(m=b"model")  # any gzip stream
    found = await store.provide(make_request(tmp_path, web.put("/model.json.gz", packed)))
    assert list(files(found)) == ["model.json.gz.tar"]


@pytest.mark.parametrize("how", ["server gone", "server broken"])
async def test_a_source_that_is_down_is_stood_in_for(
    store: ModelStore, tmp_path: Path, web: Web, how: str
) -> None:
    url = web.put("/model", b"model")
    request = make_request(tmp_path, url)
    first = await store.provide(request)
    if how == "server gone":
        web.end()
    else:
        web.pages["/model"] = Page(status=503)
    notes: list[str] = []
    assert await store.provide(request, note=notes.append) == first
    assert len(notes) == 1
    assert f"the model {url} is what was fetched earlier: " in notes[0]


async def test_a_source_that_refuses_is_not_stood_in_for(
    store: ModelStore, tmp_path: Path, web: Web
) -> None:
    request = make_request(tmp_path, web.put("/model", b"model"))
    await store.provide(request)
    web.pages["/model"] = Page(status=403)
    with pytest.raises(StorageFailure, match="403 Forbidden"):
        await store.provide(request)


async def test_two_daemons_share_the_cache(
    store: ModelStore, tmp_path: Path, web: Web, cache_dir: Path
) -> None:
    gate = threading.Event()
    url = web.put("/model", b"x" * 100_000, etag='"1"')
    web.pages["/model"].gate = gate
    other = ModelStore(cache_dir=cache_dir, claims=tmp_path)
    first = asyncio.create_task(store.provide(make_request(tmp_path, url)))
    await wait_for(web.arrived.is_set)
    second = asyncio.create_task(other.provide(make_request(tmp_path, url)))
    await wait_for(lambda: any(waits_for_a_lock(pid) for pid in workers()))
    gate.set()
    assert await first == await second
    assert [headers.get("if-none-match") for _, headers in web.requests] == [None, '"1"']
    await other.close()


async def test_what_a_daemon_uses_is_not_pruned(
    store: ModelStore, tmp_path: Path, web: Web, cache_dir: Path
) -> None:
    await store.provide(make_request(tmp_path, web.put("/model", b"model")))
    (digest,) = objects(cache_dir)
    os.utime(cache_dir / "objects" / digest / "about.json", (1000, 1000))
    other = ModelStore(cache_dir=cache_dir, claims=tmp_path)
    assert await other.prune(unused_seconds=0) == 0
    await store.close()
    assert await other.prune(unused_seconds=0) == 5
    assert objects(cache_dir) == []
    assert await other.size() == 0


async def test_an_adopted_replica_goes_on_with_its_model(
    store: ModelStore, tmp_path: Path, web: Web, cache_dir: Path
) -> None:
    request = make_request(tmp_path, web.put("/model", b"model"), host_links=False)
    assert await store.recall(request) is None
    used = await store.provide(request)
    await store.close()
    (digest,) = objects(cache_dir)
    os.utime(cache_dir / "objects" / digest / "about.json", (1000, 1000))
    later, other = (ModelStore(cache_dir=cache_dir, claims=tmp_path) for _ in range(2))
    assert await later.recall(request) == used
    assert await other.prune(unused_seconds=0) == 0
    await later.close()
    assert await other.prune(unused_seconds=0) == 5
    assert await later.recall(request) is None
    assert len(web.requests) == 1


async def test_an_adopted_writer_goes_on_with_what_it_wrote(
    store: ModelStore, tmp_path: Path
) -> None:
    (tmp_path / "m").write_bytes(b"model")
    request = make_request(tmp_path, str(tmp_path / "m"), writable=True, host_links=False)
    view = await store.provide(request)
    (view / "m").write_bytes(b"trained")
    assert await store.recall(request) == view
    assert files(view) == {"m": b"trained"}


async def test_a_cache_that_cannot_be_made(tmp_path: Path, web: Web) -> None:
    (tmp_path / "file").touch()
    store = ModelStore(cache_dir=tmp_path / "file" / "cache", claims=tmp_path)
    url = web.put("/model", b"model")
    with pytest.raises(StorageFailure) as caught:
        await store.provide(make_request(tmp_path, url))
    assert f"cannot provide the model {url}: the model cache" in str(caught.value)
    assert "KFSIM_CACHE_DIR" in str(caught.value)


async def test_a_view_that_cannot_be_made(store: ModelStore, tmp_path: Path) -> None:
    (tmp_path / "m.joblib").touch()
    (tmp_path / "replica").touch()
    with pytest.raises(StorageFailure, match="cannot lay out the model"):
        await store.provide(make_request(tmp_path, str(tmp_path / "m.joblib")))


async def test_claims_belong_to_a_namespace(store: ModelStore, tmp_path: Path) -> None:
    claim = tmp_path / "claims" / "default" / "data"
    claim.mkdir(parents=True)
    (claim / "m").touch()
    assert await store.provide(make_request(tmp_path, "pvc://data")) == claim
    shutil.rmtree(tmp_path / "claims")
    with pytest.raises(StorageFailure, match='"data" not found'):
        await store.provide(make_request(tmp_path, "pvc://data"))
