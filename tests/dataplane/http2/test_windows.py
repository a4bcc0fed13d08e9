import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfsim.dataplane.http2.errors import ConnectionFault
from kfsim.dataplane.http2.windows import LARGEST, ReceiveWindow, SendWindow


def test_a_send_window_grows_up_to_its_largest_and_can_be_negative():
    window = SendWindow()
    assert window.grow(LARGEST - 65535)
    assert not window.grow(1)
    assert window.left == LARGEST
    window.spend(10)
    assert window.grow(10)
    small = SendWindow(0)
    assert small.grow(-100)
    assert small.left == -100


@given(st.lists(st.integers(0, 50), max_size=50))
def test_what_is_given_back_is_what_was_taken(sizes):
    window, given_back = ReceiveWindow(100), 0
    for size in sizes:
        window.take(size)
        given_back += window.give_back(size)
    assert sum(sizes) - given_back < 50  # less than half of the window is ever owed


def test_more_than_allowed_is_a_fault():
    window = ReceiveWindow(100)
    window.take(100)
    with pytest.raises(ConnectionFault):
        window.take(1)
