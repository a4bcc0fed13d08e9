"""Bytes of objects that nobody looks at, kept as their difference to another object of their kind.

Objects of one kind are very much alike: of a thousand services with 27 objects each, an object of
1,500 bytes leaves some 250 when it is deflated against any other one. Packing takes about 12 us,
unpacking 2 (docs/decisions/0032). The window is as wide as the templates, and the codes are the
fixed ones, because a table of codes of its own would cost such short texts more than it saves.
"""

import zlib
from typing import Final

from kfsim.api.meta import Object

_LEVEL: Final = 1
_WINDOW_BITS: Final = 13
_MEMORY_LEVEL: Final = 5
_TEMPLATE_BYTES: Final = 1 << _WINDOW_BITS


def pack(raw: bytes, template: bytes) -> bytes:
    """Deflate `raw`, which may refer to `template`."""
    packer = zlib.compressobj(
        _LEVEL, zlib.DEFLATED, -_WINDOW_BITS, _MEMORY_LEVEL, zlib.Z_FIXED, template
    )
    return packer.compress(raw) + packer.flush()


def unpack(packed: bytes, template: bytes) -> bytes:
    """What was packed with the same template."""
    unpacker = zlib.decompressobj(-_WINDOW_BITS, zdict=template)
    return unpacker.decompress(packed)


class Templates:
    """The template of each kind: the first object of the kind that was packed."""

    def __init__(self) -> None:
        self._templates: dict[type[Object], bytes] = {}

    def choose(self, model: type[Object], raw: bytes) -> bytes:
        """The kind's template; `raw` becomes it where there is none."""
        return self._templates.setdefault(model, raw[:_TEMPLATE_BYTES])
