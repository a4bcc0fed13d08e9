"""Unpacking what strangers packed: .zip, .tar in any compression, and single gzipped files.

What may come out is `unpacked.UnpackedTree`'s to say; here are the formats. Regular files and
folders come first and links last, so that nothing is ever written through a link.
"""

import errno
import gzip
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

from kfsim.backends.storage.failures import StorageFailure
from kfsim.backends.storage.settings import ArchiveLimits
from kfsim.backends.storage.unpacked import UnpackedTree, hostile

_ENCRYPTED: Final = 0x1
# What the standard library raises for malformed input, besides OSErrors without a number (bz2).
_BROKEN: Final = (
    tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, ValueError,
    OverflowError,
)  # fmt: skip
_NAMES: Final = frozenset({errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG})


def unpack(archive: Path, root: Path, *, kind: str, limits: ArchiveLimits) -> None:
    """Unpack a `zip` or `tar` into the folder, which exists. Raises StorageFailure with a text
    that begins with what is wrong with "it", the archive."""
    into = UnpackedTree(root, packed_bytes=archive.stat().st_size, limits=limits)
    _guard(lambda: _unpack_zip(archive, into) if kind == "zip" else _unpack_tar(archive, into))


def gunzip(packed: Path, target: Path, *, limits: ArchiveLimits) -> None:
    """Decompress one file. Raises StorageFailure as `unpack` does."""
    into = UnpackedTree(target.parent, packed_bytes=packed.stat().st_size, limits=limits)

    def decompress() -> None:
        with gzip.open(packed) as source:
            into.write(target.name, source)

    _guard(decompress)


def _guard(work: Callable[[], None]) -> None:
    try:
        work()
    except NotImplementedError as error:
        raise StorageFailure("it uses a compression that kfsim does not know") from error
    except OSError as error:
        if error.errno in _NAMES:
            raise StorageFailure("it names one path twice, or too long a path") from error
        if error.errno is not None:
            raise  # of the disk, not of the archive
        raise StorageFailure("it is damaged") from error
    except _BROKEN as error:
        raise StorageFailure("it is damaged, or not of the kind that its name says") from error
    except MemoryError as error:
        raise StorageFailure("it needs more memory to unpack than a model may") from error


def _unpack_zip(path: Path, into: UnpackedTree) -> None:
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            name = entry.filename.replace("\\", "/")
            if entry.is_dir():
                into.make_folder(name)
                continue
            if entry.flag_bits & _ENCRYPTED:
                raise StorageFailure(f"{name!r} in it is encrypted")
            with archive.open(entry) as source:
                # A link is written as a file that holds its target, as zipfile does for KServe.
                into.write(name, source, executable=bool(entry.external_attr >> 16 & stat.S_IXUSR))


def _unpack_tar(path: Path, into: UnpackedTree) -> None:
    hard: list[tuple[str, str]] = []
    soft: list[tuple[str, str]] = []
    with tarfile.open(path, "r:*", encoding="utf-8") as archive:
        for member in archive:
            if member.isdir():
                into.make_folder(member.name)
            elif member.isreg():
                source = archive.extractfile(member)
                assert source is not None
                with source:
                    into.write(member.name, source, executable=bool(member.mode & stat.S_IXUSR))
            elif member.islnk():
                hard.append((member.name, member.linkname))
            elif member.issym():
                soft.append((member.name, member.linkname))
            else:
                raise hostile(member.name, "is a device or another special file")
    for name, target in hard:
        into.link_hard(name, target)
    into.link_soft(soft)
