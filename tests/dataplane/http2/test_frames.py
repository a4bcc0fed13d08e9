import pytest

from kfsim.dataplane.http2 import frames
from kfsim.dataplane.http2.errors import ConnectionFault, ErrorCode, StreamFault, describe


def test_a_frame_is_its_header_and_payload():
    frame = frames.make_frame(frames.DATA, frames.END_STREAM, 0x01020304, b"abc")
    assert frame == b"\x00\x00\x03\x00\x01\x01\x02\x03\x04abc"
    assert frames.frame_header(0x010203, 9, 4, 1)[:3] == b"\x01\x02\x03"


def test_a_long_block_is_continued():
    block = bytes(range(256)) * 200
    data, parts = frames.make_headers(3, block, end=True), []
    while data:
        length = int.from_bytes(data[:3])
        parts.append((data[3], data[4], data[9 : 9 + length]))
        data = data[9 + length :]
    kinds = [kind for kind, _, _ in parts]
    assert kinds == [frames.HEADERS] + [frames.CONTINUATION] * (len(parts) - 1)
    assert [flags for _, flags, _ in parts] == [frames.END_STREAM, 0, 0, frames.END_HEADERS]
    assert b"".join(payload for _, _, payload in parts) == block


def test_goaway_says_why():
    payload = frames.make_goaway(7, ErrorCode.ENHANCE_YOUR_CALM, "slow down" * 100)[9:]
    last, code, said = frames.read_goaway(payload)
    assert (last, describe(code), said[:9], len(said)) == (7, "ENHANCE_YOUR_CALM", "slow down", 512)
    assert describe(0x99) == "error 153"


@pytest.mark.parametrize(
    ("flags", "payload", "rest"),
    [
        (0, b"\x01ab", b"\x01ab"),
        (frames.PADDED, b"\x00ab", b"ab"),
        (frames.PADDED, b"\x01abp", b"ab"),
        (frames.PADDED, b"\x02pp", b""),
    ],
)
def test_padding_is_taken_off(flags, payload, rest):
    assert frames.take_padding(flags, payload) == rest


@pytest.mark.parametrize(
    "read",
    [
        lambda: frames.take_padding(frames.PADDED, b""),
        lambda: frames.take_padding(frames.PADDED, b"\x02p"),
        lambda: frames.read_word(b"abc", "x"),
        lambda: frames.read_settings(b"abcde"),
        lambda: frames.read_goaway(b"1234567"),
        lambda: frames.check_priority(1, b"1234"),
    ],
)
def test_malformed_payloads_end_the_connection(read):
    with pytest.raises(ConnectionFault):
        read()


def test_a_stream_must_not_depend_on_itself():
    frames.check_priority(1, (3).to_bytes(4) + b"\x10")
    with pytest.raises(StreamFault):
        frames.check_priority(3, (0x80000003).to_bytes(4) + b"\x10")


def test_settings_are_read_as_they_are_made():
    values = [(4, 2**31 - 1), (3, 0)]
    assert frames.read_settings(frames.make_settings(values)[9:]) == values
