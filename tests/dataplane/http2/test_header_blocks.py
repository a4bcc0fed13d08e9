import hpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfsim.dataplane.http2.errors import ConnectionFault, ErrorCode
from kfsim.dataplane.http2.header_blocks import BlockDecoder, BlockEncoder, make_literal

NAMES = st.sampled_from([b"a", b"b", b"content-type", b":path", b"x-long-name"])
VALUES = st.sampled_from([b"", b"1", b"2", b"/x", b"application/grpc", b"v" * 300])
LISTS = st.lists(st.tuples(NAMES, VALUES), min_size=1, max_size=6)
SIZES = st.sampled_from([None, None, None, 0, 64, 128, 4096])


@given(st.lists(st.tuples(SIZES, LISTS), max_size=20))
def test_whatever_a_peer_encodes_is_read_as_a_plain_decoder_reads_it(blocks):
    encoder, plain = hpack.Encoder(), hpack.Decoder()
    ours = BlockDecoder(most_bytes=65536)
    seen = []
    for size, fields in blocks:
        if size is not None:
            encoder.header_table_size = size
        block = encoder.encode(fields)
        seen.append(block)
        assert list(ours.decode(block)) == [tuple(field) for field in plain.decode(block, raw=True)]
    # Blocks that were right once may mean something else now, or nothing.
    for block in seen:
        try:
            expected = [tuple(field) for field in plain.decode(block, raw=True)]
        except hpack.HPACKError:
            break
        assert list(ours.decode(block)) == expected


def test_a_block_that_changes_nothing_is_the_same_object_again():
    encoder, ours = hpack.Encoder(), BlockDecoder(most_bytes=4096)
    fields = [(b"a", b"1"), (b"b", b"2")]
    ours.decode(encoder.encode(fields))
    block = encoder.encode(fields)
    first = ours.decode(block)
    assert ours.decode(block) is first
    ours.decode(encoder.encode([(b"c", b"3")]))  # moves every index
    assert ours.decode(encoder.encode(fields)) == first


def test_long_lists_are_not_kept():
    ours, encoder = BlockDecoder(most_bytes=65536), hpack.Encoder()
    fields = [(b"a", b"x" * 3000), (b"b", b"y" * 3000)]
    block = BlockEncoder().encode(fields)  # changes no table
    ours.decode(encoder.encode([(b"c", b"1")]))
    assert ours.decode(block) is not ours.decode(block)
    assert not ours.remembered
    short = BlockEncoder().encode(fields[:1])
    assert ours.decode(short) is ours.decode(short)
    assert ours.remembered
    texts = BlockEncoder()
    assert texts.encode(fields) is not texts.encode(fields)


@pytest.mark.parametrize(
    ("block", "code"),
    [
        (b"\xff" * 10, ErrorCode.COMPRESSION_ERROR),
        (b"\x80", ErrorCode.COMPRESSION_ERROR),
        (b"\x40\x05a", ErrorCode.COMPRESSION_ERROR),
        (b"\x40\x01a\x7f\x81\x1e" + b"x" * 4000, ErrorCode.ENHANCE_YOUR_CALM),
    ],
    ids=["index", "zero", "short", "large"],
)
def test_bad_blocks_end_the_connection(block, code):
    with pytest.raises(ConnectionFault) as caught:
        BlockDecoder(most_bytes=1000).decode(block)
    assert caught.value.code is code


@given(LISTS)
def test_what_is_encoded_needs_no_table(fields):
    encoder = BlockEncoder()
    block = encoder.encode(fields)
    assert encoder.encode(fields) is block
    for _ in range(2):  # any decoder, in any state
        decoder = hpack.Decoder()
        decoder.decode(hpack.Encoder().encode([(b"other", b"state")]))
        found = decoder.decode(block + make_literal(b"x-request-id", b"id"), raw=True)
        assert [tuple(field) for field in found] == [*fields, (b"x-request-id", b"id")]
        assert len(decoder.header_table.dynamic_entries) == 1
