"""Archives, friendly and hostile."""

import gzip
import io
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from kfsim.backends.storage.archives import gunzip, unpack
from kfsim.backends.storage.failures import StorageFailure
from kfsim.backends.storage.settings import ArchiveLimits

TIGHT = ArchiveLimits(files=5, unpacked_bytes=4 * 2**20, ratio=100, ratio_from=2**20)


def pack_tar(path: Path, *members: tuple[tarfile.TarInfo, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for info, content in members:
            info.size = len(content) if info.isreg() else 0
            archive.addfile(info, io.BytesIO(content))
    return path


def file(name: str, content: bytes = b"x", mode: int = 0o644) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.mode = mode
    return info, content


def special(name: str, kind: bytes, target: str = "") -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = target
    return info, b""


def tree(root: Path) -> dict[str, bytes]:
    return {
        str(each.relative_to(root)): each.read_bytes() for each in root.rglob("*") if each.is_file()
    }


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_becomes_a_tree(tmp_path: Path, root: Path, mode: str) -> None:
    archive = pack_tar(
        tmp_path / "m.tar",
        special("./", tarfile.DIRTYPE),
        special("./1", tarfile.DIRTYPE),
        file("./1/model.bst", b"model"),
        file("1/run.sh", b"#!", mode=0o6755),
        special("1/same", tarfile.LNKTYPE, "./1/model.bst"),
        special("first", tarfile.SYMTYPE, "latest/model.bst"),
        special("latest", tarfile.SYMTYPE, "1"),
        mode=mode,
    )
    unpack(archive, root, kind="tar", limits=ArchiveLimits())
    model = b"model"
    assert tree(root) == {
        "1/model.bst": model,
        "1/run.sh": b"#!",
        "1/same": model,
        "first": model,
    }
    assert stat.S_IMODE((root / "1/run.sh").stat().st_mode) == 0o700


def test_a_zip_becomes_a_tree(tmp_path: Path, root: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("1")
        archive.writestr("1/model.bst", b"model")
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    unpack(tmp_path / "m.zip", root, kind="zip", limits=ArchiveLimits())
    assert tree(root) == {"1/model.bst": b"model", "link": b"/etc/passwd"}
    assert not (root / "link").is_symlink()


def test_a_later_file_replaces_an_earlier_one(tmp_path: Path, root: Path) -> None:
    archive = pack_tar(tmp_path / "m.tar", file("m", b"old"), file("m", b"new"))
    unpack(archive, root, kind="tar", limits=ArchiveLimits())
    assert tree(root) == {"m": b"new"}


@pytest.mark.parametrize(
    ("members", "words"),
    [
        pytest.param([file("../out")], "leaves the archive's folder", id="parent"),
        pytest.param([file("a/../../out")], "leaves the archive's folder", id="parent inside"),
        pytest.param([file("/out")], "leaves the archive's folder", id="absolute"),
        pytest.param([special("d", tarfile.CHRTYPE)], "is a device", id="device"),
        pytest.param([special("p", tarfile.FIFOTYPE)], "is a device or another", id="fifo"),
        pytest.param([special("l", tarfile.SYMTYPE, "/etc/passwd")], "outside", id="absolute link"),
        pytest.param([special("l", tarfile.SYMTYPE, "../..")], "outside", id="link out"),
        pytest.param([special("l", tarfile.SYMTYPE, "absent")], "leads nowhere", id="dangling"),
        pytest.param([special("l", tarfile.SYMTYPE, "l")], "leads nowhere", id="circle"),
        pytest.param(
            [
                special("a/b", tarfile.DIRTYPE),
                special("l", tarfile.SYMTYPE, "a/b"),
                special("m", tarfile.SYMTYPE, "l/../../.."),
            ],
            "outside",
            id="link out by way of a link",
        ),
        pytest.param(
            [
                special("d", tarfile.DIRTYPE),
                special("l", tarfile.SYMTYPE, "d"),
                special("l/m", tarfile.SYMTYPE, "d"),
            ],
            "goes through a link",
            id="through a link",
        ),
        pytest.param(
            [special("h", tarfile.LNKTYPE, "/etc/passwd")], "leaves", id="absolute hard link"
        ),
        pytest.param([special("h", tarfile.LNKTYPE, "absent")], "does not hold", id="hard link"),
        pytest.param([file("f"), file("f/g")], "names one path twice", id="file as folder"),
        pytest.param([special("f", tarfile.DIRTYPE), file("f")], "twice", id="folder as file"),
        pytest.param([file("x" * 300)], "too long a path", id="long name"),
        pytest.param([file(f"{n}") for n in range(6)], "more than 5 entries", id="entries"),
        pytest.param([file("z", bytes(5 * 2**20))], "100 times its size", id="ratio"),
        pytest.param([file("", b"x")], "names no file", id="no name"),
    ],
)
def test_hostile_tars_are_refused(
    tmp_path: Path, root: Path, members: list[tuple[tarfile.TarInfo, bytes]], words: str
) -> None:
    archive = pack_tar(tmp_path / "m.tar", *members)
    with pytest.raises(StorageFailure, match=words):
        unpack(archive, root, kind="tar", limits=TIGHT)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["m.tar", "root"]


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        pytest.param({"../out": b""}, "leaves", id="parent"),
        pytest.param({"/out": b""}, "leaves", id="absolute"),
        pytest.param({"..\\out": b""}, "leaves", id="backslashes"),
        pytest.param({str(n): b"" for n in range(6)}, "5 entries", id="entries"),
        pytest.param({"z": bytes(3 * 2**20)}, "100 times its size", id="ratio"),
    ],
)
def test_hostile_zips_are_refused(
    tmp_path: Path, root: Path, entries: dict[str, bytes], words: str
) -> None:
    with zipfile.ZipFile(tmp_path / "m.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    with pytest.raises(StorageFailure, match=words):
        unpack(tmp_path / "m.zip", root, kind="zip", limits=TIGHT)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["m.zip", "root"]


def test_a_size_that_is_lied_about_counts_as_unpacked(tmp_path: Path, root: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m.zip", "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("big", bytes(5 * 2**20))
    with pytest.raises(StorageFailure, match="more than 4194304 bytes"):
        unpack(tmp_path / "m.zip", root, kind="zip", limits=TIGHT)


def encrypted(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("m", b"x")
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1  # the flag in the central directory
    path.write_bytes(data)


def unknown_compression(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("m", b"x")
    data = bytearray(path.read_bytes())
    data[8] = data[data.index(b"PK\x01\x02") + 10] = 97
    path.write_bytes(data)


def flipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("m", b"content")
    path.write_bytes(path.read_bytes().replace(b"content", b"c0ntent", 1))


def cut(path: Path) -> None:
    pack_tar(path, file("m", bytes(range(256)) * 4096))
    path.write_bytes(path.read_bytes()[:2000])


@pytest.mark.parametrize(
    ("kind", "make", "words"),
    [
        pytest.param("zip", lambda path: path.write_bytes(b"<html>"), "damaged", id="zip: no zip"),
        pytest.param("tar", lambda path: path.write_bytes(b"<html>"), "damaged", id="tar: no tar"),
        pytest.param("tar", lambda path: path.write_bytes(b""), "damaged", id="tar: empty"),
        pytest.param("tar", cut, "damaged", id="tar: cut"),
        pytest.param("zip", flipped, "damaged", id="zip: checksum"),
        pytest.param("zip", encrypted, "is encrypted", id="zip: encrypted"),
        pytest.param("zip", unknown_compression, "does not know", id="zip: method"),
        pytest.param(
            "tar", lambda path: path.write_bytes(b"BZh9" + b"\xff" * 600), "damaged", id="tar: bz2"
        ),
    ],
)
def test_broken_archives_are_failures(
    tmp_path: Path, root: Path, kind: str, make: Callable[[Path], object], words: str
) -> None:
    make(tmp_path / "m")
    with pytest.raises(StorageFailure, match=words):
        unpack(tmp_path / "m", root, kind=kind, limits=ArchiveLimits())


def test_a_gzipped_file_is_decompressed_within_limits(tmp_path: Path) -> None:
    (tmp_path / "m.gz").write_bytes(gzip.compress(b"model"))
    gunzip(tmp_path / "m.gz", tmp_path / "m", limits=TIGHT)
    assert (tmp_path / "m").read_bytes() == b"model"
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(bytes(3 * 2**20)))
    with pytest.raises(StorageFailure, match="100 times its size"):
        gunzip(tmp_path / "bomb.gz", tmp_path / "bomb", limits=TIGHT)
