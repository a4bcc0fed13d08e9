import pytest

from kfsim.dataplane.http2.frames import PREFACE
from kfsim.dataplane.sniff import Spoken, sniff


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
