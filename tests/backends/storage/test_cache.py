"""Objects, the index, and what happens to both when something goes wrong."""

import os
import stat
from pathlib import Path

import pytest

from kfsim.backends.storage.cache import Cache, Known, source_key
from kfsim.backends.storage.trees import remove_tree

KEY = source_key("http://h/m?sig=secret")


@pytest.fixture
def cache(cache_dir: Path) -> Cache:
    cache = Cache(cache_dir, epoch="boot-1")
    cache.open()
    return cache


def add(cache: Cache, content: bytes = b"model", key: str = KEY) -> str:
    with cache.working_on(key) as work:
        tree = work / "tree"
        (tree / "1").mkdir(parents=True)
        (tree / "1" / "m").write_bytes(content)
        digest = cache.publish(work, tree)
        cache.remember(key, Known(digest, {"etag": "x"}), source="http://h/m")
    return digest


def damage(cache: Cache, digest: str) -> None:
    file = cache.tree(digest) / "1" / "m"
    file.chmod(0o600)
    file.write_bytes(b"mode!")


def test_what_was_published_is_recalled(cache: Cache, cache_dir: Path) -> None:
    digest = add(cache)
    assert cache.recall(KEY) == Known(digest, {"etag": "x"})
    assert (cache.tree(digest) / "1" / "m").read_bytes() == b"model"
    assert cache.size() == 5
    assert stat.S_IMODE(cache_dir.stat().st_mode) == 0o700
    assert not list((cache_dir / "tmp").iterdir())


def test_objects_are_sealed(cache: Cache) -> None:
    tree = cache.tree(add(cache))
    assert {stat.S_IMODE(each.stat().st_mode) for each in (tree, tree / "1")} == {0o555}
    assert stat.S_IMODE((tree / "1" / "m").stat().st_mode) == 0o444


def test_equal_content_is_kept_once(cache: Cache) -> None:
    assert add(cache, key="a") == add(cache, key="b")
    assert cache.size() == 5


def test_nothing_on_disk_names_a_secret(cache: Cache, cache_dir: Path) -> None:
    add(cache)
    for each in cache_dir.rglob("*"):
        assert "secret" not in each.name
        assert not each.is_file() or b"secret" not in each.read_bytes()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"digest": "d"}'])
def test_an_index_that_cannot_be_read_is_forgotten(
    cache: Cache, cache_dir: Path, text: str
) -> None:
    add(cache)
    (cache_dir / "index" / f"{KEY}.json").write_text(text)
    assert cache.recall(KEY) is None


def test_after_a_crash_of_the_host_content_is_read_again(cache: Cache, cache_dir: Path) -> None:
    whole, damaged = add(cache, b"whole", key="whole"), add(cache, b"model", key="damaged")
    damage(cache, damaged)
    later = Cache(cache_dir, epoch="boot-2")
    assert later.recall("whole") == Known(whole, {"etag": "x"})
    assert later.recall("damaged") is None
    assert later.size() == 5
    assert add(later, b"model", key="damaged") == damaged
    assert later.recall("damaged") is not None


def test_an_object_that_a_crash_left_half_is_replaced(cache: Cache, cache_dir: Path) -> None:
    digest = add(cache)
    remove_tree(cache.tree(digest))
    assert cache.recall(KEY) is None
    assert add(cache) == digest
    assert cache.recall(KEY) is not None


def test_what_a_killed_worker_left_is_removed(cache: Cache, cache_dir: Path) -> None:
    left = cache_dir / "tmp" / "left" / "tree"
    left.mkdir(parents=True)
    left.chmod(0o555)
    Cache(cache_dir, epoch="boot-1").open()
    assert not list((cache_dir / "tmp").iterdir())


def test_what_another_daemon_works_on_is_left_alone(cache: Cache, cache_dir: Path) -> None:
    with cache.working_on(KEY) as work:
        (work / "body").touch()
        Cache(cache_dir, epoch="boot-1").open()
        assert (work / "body").exists()
    assert not work.exists()


def test_pruning_spares_what_is_held_or_new(cache: Cache, cache_dir: Path) -> None:
    digests = {name: add(cache, name.encode(), key=name) for name in ("held", "new", "old")}
    for name in ("held", "old"):
        os.utime(cache_dir / "objects" / digests[name] / "about.json", (1000, 1000))
    descriptor = cache.hold(digests["held"])
    try:
        assert cache.prune(unused_since=2000) == len("old")
    finally:
        os.close(descriptor)
    assert cache.recall("old") is None
    assert cache.recall("held") is not None
    assert cache.recall("new") is not None
    assert sorted(each.stem for each in (cache_dir / "index").iterdir()) == ["held", "new"]


def test_recalling_is_using(cache: Cache, cache_dir: Path) -> None:
    digest = add(cache)
    os.utime(cache_dir / "objects" / digest / "about.json", (1000, 1000))
    assert cache.recall(KEY) is not None
    assert cache.prune(unused_since=2000) == 0
