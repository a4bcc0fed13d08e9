"""Copies of single files, without moving the bytes through this process where the kernel can."""

import errno
import os
import shutil
import stat
from pathlib import Path
from typing import IO, Final

_ANY_EXECUTE: Final = 0o111
_WRITABLE: Final = 0o666
_READABLE: Final = 0o644
_CHUNK: Final = 64 * 2**20
# copy_file_range(2): not between these file systems, or not on this kernel.
_CANNOT: Final = frozenset(
    {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM, errno.EBADF}
)


def copy_file(origin: Path, target: Path, *, writable: bool) -> None:
    """Make `target`, which must not exist, with the content and execute bit of `origin`; a file
    system that can shares the blocks until one side changes. Raises OSError."""
    with origin.open("rb") as source, target.open("xb") as copy:
        if not _offload(source, copy):
            source.seek(0)
            copy.seek(0)
            shutil.copyfileobj(source, copy, 2**20)
        executable = _ANY_EXECUTE if os.fstat(source.fileno()).st_mode & stat.S_IXUSR else 0
        os.fchmod(copy.fileno(), (_WRITABLE if writable else _READABLE) | executable)


def _offload(source: IO[bytes], copy: IO[bytes]) -> bool:
    """Let the kernel copy; false where it cannot, also when it stopped on the way."""
    if not hasattr(os, "copy_file_range"):
        return False
    try:
        while os.copy_file_range(source.fileno(), copy.fileno(), _CHUNK):
            pass
    except OSError as error:
        if error.errno not in _CANNOT:
            raise
        return False
    # A source of a special file system may give 0 at once though it holds something.
    return os.fstat(copy.fileno()).st_size >= os.fstat(source.fileno()).st_size
