import base64

import pytest

from kfsim.dataplane.http2.errors import ConnectionFault, ErrorCode
from kfsim.dataplane.http2.settings import Setting, Settings, decode_settings


def test_what_matters_is_kept():
    settings = Settings()
    settings.update([(3, 7), (4, 100), (2, 0), (5, 2**24 - 1), (6, 1), (0x99, 1)])
    assert (settings.max_streams, settings.initial_window) == (7, 100)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ((Setting.INITIAL_WINDOW_SIZE, 2**31), ErrorCode.FLOW_CONTROL_ERROR),
        ((Setting.ENABLE_PUSH, 2), ErrorCode.PROTOCOL_ERROR),
        ((Setting.MAX_FRAME_SIZE, 2**14 - 1), ErrorCode.PROTOCOL_ERROR),
        ((Setting.MAX_FRAME_SIZE, 2**24), ErrorCode.PROTOCOL_ERROR),
    ],
)
def test_values_that_may_not_be(value, code):
    with pytest.raises(ConnectionFault) as caught:
        Settings().update([value])
    assert caught.value.code is code


def test_settings_of_an_upgrade():
    payload = b"\x00\x03\x00\x00\x00\x64\x00\x04\xff\xff\xff\xfe"
    encoded = base64.urlsafe_b64encode(payload).rstrip(b"=")
    assert decode_settings(encoded) == payload
    assert decode_settings(b"") == b""
    assert decode_settings(b"AAMA") is None  # no whole setting
    assert decode_settings(b"!!!!") is None
