"""Which versions of libraries a pickled model was made with, and which are here.

scikit-learn writes its version into the state of every estimator (`_sklearn_version`,
sklearn/base.py). It is read from the pickle's opcodes, without executing any, because it is wanted
exactly where loading fails. joblib puts the bytes of arrays between the opcodes, so the walk begins
anew at each place where the key is named. Other libraries leave no version; that a module or a
class which the pickle names is missing in an installed library tells as much.
"""

import bz2
import gzip
import importlib.metadata
import json
import lzma
import pickletools
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

_KEY = b"_sklearn_version"
_SNIFFED_BYTES = 64 * 2**20
_MEMO_OPCODES = frozenset(("MEMOIZE", "BINPUT", "LONG_BINPUT", "PUT"))
# Before a string: its opcode and the bytes of its length.
_HEADS = ((b"\x8c", 1), (b"X", 4), (b"V", 0))
_COMPRESSED: tuple[tuple[bytes, Callable[[bytes], bytes]], ...] = (
    (b"\x1f\x8b", gzip.decompress),
    (b"BZh", bz2.decompress),
    (b"\xfd7zXZ", lzma.decompress),
    (b"\x5d\x00", lzma.decompress),
    (b"\x78", zlib.decompress),
)
# Where the name to install is not the name to import.
_DISTRIBUTIONS = {
    "cv2": "opencv-python",
    "imblearn": "imbalanced-learn",
    "PIL": "pillow",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "PyYAML",
}


def distribution_of(module: str) -> str:
    """What to install for a module, by its name or a dotted one below it."""
    top = module.partition(".")[0]
    return _DISTRIBUTIONS.get(top, top)


def installed_version(distribution: str) -> str:
    """Empty where it is not installed."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""


def read_sklearn_version(path: Path) -> str:
    """What the file was pickled with; empty where it does not tell, or cannot be read."""
    try:
        with path.open("rb") as file:
            data = file.read(_SNIFFED_BYTES)
    except OSError:  # whoever opens it to load it says so
        return ""
    return next(_versions(_unpacked(data)), "")


def _unpacked(data: bytes) -> bytes:
    for magic, decompress in _COMPRESSED:
        if data.startswith(magic):
            try:
                return decompress(data)
            except (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error):
                return b""  # cut off or damaged, which the loader's own words tell
    return data


def _versions(data: bytes) -> Iterator[str]:
    position = data.find(_KEY)
    while position >= 0:
        for opcode, length in _HEADS:
            start = position - length - 1
            if (
                start >= 0
                and data[start : start + 1] == opcode
                and (version := _after(data, start))
            ):
                yield version
        position = data.find(_KEY, position + 1)


def _after(data: bytes, start: int) -> str:
    """The string that follows the key in a state's dictionary; empty where it is no string."""
    try:
        opcodes = [
            (opcode.name, argument)
            for opcode, argument, _ in islice(pickletools.genops(data[start : start + 256]), 4)
            if opcode.name not in _MEMO_OPCODES
        ]
    except ValueError:  # not the start of an opcode, after all
        return ""
    if len(opcodes) < 2 or opcodes[0][1] != _KEY.decode():
        return ""
    name, value = opcodes[1]
    return value if "UNICODE" in name and isinstance(value, str) else ""


def main(paths: Sequence[str]) -> None:
    """Print a JSON list: each file's version of scikit-learn, and the installed one."""
    installed = installed_version("scikit-learn")
    rows = [
        {"path": path, "pickled": read_sklearn_version(Path(path)), "installed": installed}
        for path in paths
    ]
    sys.stdout.write(json.dumps(rows) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
