"""Header blocks, compressed by python-hyper's hpack (RFC 7541), and remembered where they repeat.

Clients send the same block for request after request, once their first one has filled the dynamic
table. A block that left the table as it was means the same as long as the table stays so; it is
not decoded again then. What is sent uses no dynamic table at all, so that equal fields are equal
bytes on every connection, and are encoded once.
"""

from collections.abc import Sequence
from typing import Any, Final

import hpack

from kfsim.dataplane.heads import RawHeader
from kfsim.dataplane.http2.errors import ConnectionFault, ErrorCode

MOST_REMEMBERED: Final = 16
"""Blocks of one connection, each with less than `_LONGEST_REMEMBERED` of names and values."""
_LONGEST_REMEMBERED: Final = 4096
_MOST_ENCODED: Final = 1024


class BlockDecoder:
    """One connection's. Equal blocks give the same tuple, as long as they mean the same."""

    __slots__ = ("_count", "_decoder", "_known", "_newest", "_table", "remembered")

    def __init__(self, *, most_bytes: int) -> None:
        """`most_bytes` as SETTINGS_MAX_HEADER_LIST_SIZE counts them."""
        self._decoder: Any = hpack.Decoder(max_header_list_size=most_bytes)
        self._table: Any = self._decoder.header_table
        self._newest: object = None
        self._count = 0
        self._known: dict[bytes, tuple[RawHeader, ...]] = {}
        self.remembered = False
        """Whether the latest block will give the same tuple again."""

    def decode(self, block: bytes) -> tuple[RawHeader, ...]:
        """Raises ConnectionFault: after an error nobody knows the table."""
        known = self._known.get(block)
        if known is not None:
            self.remembered = True
            return known
        self.remembered = False
        table = self._table
        size = table.maxsize
        try:
            fields = tuple(map(tuple, self._decoder.decode(block, raw=True)))
        except hpack.OversizedHeaderListError:
            raise ConnectionFault(
                ErrorCode.ENHANCE_YOUR_CALM, "the header list is larger than SETTINGS allow"
            ) from None
        except (hpack.HPACKError, UnicodeDecodeError) as error:
            raise ConnectionFault(
                ErrorCode.COMPRESSION_ERROR, f"bad header block: {error}"
            ) from None
        # An entry is added in front, as a new tuple; others may leave behind it.
        entries = table.dynamic_entries
        newest, count = (entries[0], len(entries)) if entries else (None, 0)
        if newest is not self._newest or count != self._count or size != table.maxsize:
            self._newest, self._count = newest, count
            self._known.clear()
        elif sum(len(name) + len(value) for name, value in fields) <= _LONGEST_REMEMBERED:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            self._known[block] = fields
            self.remembered = True
        return fields


def _make_encoder() -> Any:
    encoder = hpack.Encoder()
    encoder.header_table_size = 0
    encoder.encode([(b":status", b"200")])  # the change of size, which nobody needs to hear of
    return encoder


class BlockEncoder:
    """For all connections of a gateway. Fields are never to be indexed by whoever reads them."""

    __slots__ = ("_encoded", "_encoder")

    def __init__(self) -> None:
        self._encoder = _make_encoder()
        self._encoded: dict[tuple[RawHeader, ...], bytes] = {}

    def encode(self, fields: Sequence[RawHeader]) -> bytes:
        """Names in lower case, pseudo-header fields first."""
        key = tuple(fields)
        block = self._encoded.get(key)
        if block is None:
            block = self.encode_once(key)
            if len(block) <= _LONGEST_REMEMBERED:
                if len(self._encoded) >= _MOST_ENCODED:
                    self._encoded.clear()
                self._encoded[key] = block
        return block

    def encode_once(self, fields: Sequence[RawHeader]) -> bytes:
        """The same, not to be remembered."""
        sensitive = [hpack.NeverIndexedHeaderTuple(name, value) for name, value in fields]
        block: bytes = self._encoder.encode(sensitive, huffman=False)
        return block


def make_literal(name: bytes, value: bytes) -> bytes:
    """One field that differs each time, never indexed (RFC 7541 section 6.2.3). Both shorter than
    127 bytes."""
    return b"\x10%c%b%c%b" % (len(name), name, len(value), value)
