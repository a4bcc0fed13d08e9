import pytest

from kfsim.dataplane.sniff import PREFACE, Spoken, make_refusal, sniff


@pytest.mark.parametrize(
    ("data", "spoken"),
    [
        (b"G", Spoken.HTTP1),
        (b"POST / HTTP/1.1\r\n", Spoken.HTTP1),
        (b"P", Spoken.UNDECIDED),
        (b"PRI * HTTP/2.0\r\n", Spoken.UNDECIDED),
        (b"PRI * HTTP/1.1\r\n", Spoken.HTTP1),
        (PREFACE, Spoken.HTTP2),
        (PREFACE + b"more", Spoken.HTTP2),
    ],
)
def test_first_bytes_decide(data, spoken):
    assert sniff(data) is spoken


def test_refusal_is_settings_then_goaway_http_1_1_required():
    frames = make_refusal()
    assert frames[3] == 4
    goaway = frames[9:]
    assert int.from_bytes(goaway[:3]) == len(goaway) - 9
    assert goaway[3] == 7
    assert int.from_bytes(goaway[13:17]) == 0x0D
