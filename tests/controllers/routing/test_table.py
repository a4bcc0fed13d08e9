"""Tables under construction."""

from kfsim.base.types import HostRoute, RevisionKey, RevisionTarget, ServiceMode
from kfsim.controllers.routing.table import Claimant, Rank, TableBuilder

INGRESS = Claimant(Rank.INGRESS, "ns", "a")
VIRTUAL_SERVICE = Claimant(Rank.VIRTUAL_SERVICE, "ns", "a")
KEY = RevisionKey("ns", "r")


def _route(name: str) -> HostRoute:
    return HostRoute("ns", name, ())


def test_only_a_change_makes_a_table() -> None:
    builder = TableBuilder()
    assert builder.build() is None
    builder.hosts.put(INGRESS, {"a.ns": _route("a")})
    first = builder.build()
    assert first is not None
    assert first.epoch == 1
    builder.hosts.put(INGRESS, {"a.ns": _route("a")})
    assert builder.build() is None


def test_what_did_not_change_is_shared() -> None:
    builder = TableBuilder()
    builder.hosts.put(INGRESS, {"a.ns": _route("a")})
    builder.put_target(KEY, RevisionTarget(KEY, ServiceMode.PROXY))
    first = builder.build()
    builder.hosts.put(VIRTUAL_SERVICE, {"b.ns": _route("b")})
    builder.put_target(KEY, RevisionTarget(KEY, ServiceMode.PROXY))
    second = builder.build()
    assert first is not None
    assert second is not None
    assert second.revisions is first.revisions
    assert second.hosts["a.ns"] is first.hosts["a.ns"]
    assert dict(first.hosts) == {"a.ns": _route("a")}


def test_the_lower_rank_wins_a_host_and_gives_it_back() -> None:
    builder = TableBuilder()
    builder.hosts.put(INGRESS, {"a.ns": _route("ingress")})
    builder.hosts.put(VIRTUAL_SERVICE, {"a.ns": _route("virtual")})
    assert builder.hosts.get("a.ns") == _route("virtual")
    builder.hosts.put(VIRTUAL_SERVICE, {})
    assert builder.hosts.get("a.ns") == _route("ingress")
    builder.hosts.put(INGRESS, {})
    assert builder.hosts.get("a.ns") is None


def test_a_removed_revision_is_gone() -> None:
    builder = TableBuilder()
    builder.put_target(KEY, RevisionTarget(KEY, ServiceMode.PROXY))
    builder.build()
    builder.put_target(KEY, None)
    table = builder.build()
    assert table is not None
    assert dict(table.revisions) == {}
    builder.put_target(KEY, None)
    assert builder.build() is None
