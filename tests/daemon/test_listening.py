"""Addresses: loopback only, defaulted ports move, explicit ones do not."""

import socket

import pytest

from kfsim.base.errors import Forbidden, Unavailable
from kfsim.daemon.listening import address_of, bind_address


def bind(address: str, *, may_move: bool = False) -> tuple[socket.socket, str | None]:
    return bind_address(address, what="the gateway", option="--gateway", may_move=may_move)


def test_port_zero_takes_any() -> None:
    bound, note = bind("127.0.0.1:0")
    with bound:
        assert note is None
        assert not address_of(bound).endswith(":0")


def test_a_taken_port_is_an_error_or_moves() -> None:
    taken, _ = bind("127.0.0.1:0")
    with taken:
        address = address_of(taken)
        with pytest.raises(Unavailable, match=rf"cannot listen on {address}.*--gateway"):
            bind(address)
        moved, note = bind(address, may_move=True)
        with moved:
            assert note is not None
            assert "is in use; the gateway listens on" in note


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.com", "[::]"])
def test_only_loopback_is_listened_on(host: str) -> None:
    with pytest.raises(Forbidden, match="loopback only"):
        bind(f"{host}:0")
