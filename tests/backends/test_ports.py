"""Leased ports: nobody else gets them, their replica does."""

import socket

import pytest

from kfsim.backends.process.ports import HOST, PortPool
from kfsim.base.entropy import SeededEntropy
from kfsim.base.errors import Unavailable


def test_two_pools_with_equal_dice_never_share_a_port() -> None:
    pools = [PortPool(SeededEntropy(5)) for _ in range(2)]
    leases = [pool.lease() for pool in pools for _ in range(3)]
    assert len({lease.port for lease in leases}) == 6
    for lease in leases:
        lease.release()


def test_a_leased_port_refuses_until_its_socket_listens_and_can_be_bound_again() -> None:
    lease = PortPool(SeededEntropy(6)).lease()
    for _ in range(2):
        with lease.bound_socket() as server:
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((HOST, lease.port))
            server.listen()
            with socket.create_connection((HOST, lease.port)):
                accepted, _ = server.accept()
                accepted.close()
            with pytest.raises(OSError, match="in use"):
                lease.bound_socket()
    lease.release()


def test_an_exclusive_server_gets_a_yielded_port() -> None:
    lease = PortPool(SeededEntropy(7)).lease()
    with socket.socket() as server:
        with pytest.raises(OSError, match="in use"):
            server.bind((HOST, lease.port))
        lease.yield_port()
        server.bind((HOST, lease.port))


def test_an_exhausted_range_says_so() -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        port = taken.getsockname()[1]
        with pytest.raises(Unavailable, match="no free port"):
            PortPool(SeededEntropy(8), first=port, last=port).lease()
