from collections import Counter

import pytest

from kfsim.base.entropy import SeededEntropy
from kfsim.base.types import HostRoute, RevisionKey, RoutingTable, ServiceName, WeightedRevision
from kfsim.dataplane.routing import Route, Router, parse_host_labels


def make_route(name: str = "iris", *percents: int) -> HostRoute:
    split = tuple(
        WeightedRevision(RevisionKey("default", f"{name}-{number}"), percent)
        for number, percent in enumerate(percents or (100,))
    )
    return HostRoute("default", name, split)


def make_table(route: HostRoute, epoch: int = 1) -> RoutingTable:
    return RoutingTable(epoch, {"iris.default": route}, {("default", "iris"): route})


@pytest.mark.parametrize(
    ("host", "key"),
    [
        (b"iris.default.localhost:8080", "iris.default"),
        (b"IRIS.Default.svc.cluster.local", "iris.default"),
        (b"tag-iris.default", "tag-iris.default"),
        (b"localhost:8080", "localhost"),
        (b"[::1]:8080", ""),
    ],
)
def test_first_two_labels_name_the_route(host, key):
    assert parse_host_labels(host) == key


@pytest.mark.parametrize(
    ("target", "forwarded"),
    [
        (b"/serving/default/iris/v1/x?a=/b", b"/v1/x?a=/b"),
        (b"/serving/default/iris", b"/"),
        (b"/serving/default/iris?a", b"/?a"),
    ],
)
def test_path_form(target, forwarded):
    router = Router()
    router.publish(make_table(make_route()))
    route, rest = router.resolve(b"127.0.0.1:8080", target)
    assert route is not None
    assert (route.name, rest) == ("iris", forwarded)


@pytest.mark.parametrize("target", [b"/serving", b"/serving/default", b"/serving/default/other/x"])
def test_path_without_a_service_has_no_route(target):
    router = Router()
    router.publish(make_table(make_route()))
    assert router.resolve(b"localhost", target) == (None, target)


def test_host_wins_over_path():
    router = Router()
    router.publish(make_table(make_route()))
    assert router.resolve(b"iris.default.x", b"/serving/default/iris/a")[1] == (
        b"/serving/default/iris/a"
    )


def test_service_of_a_tag_is_found_by_its_host():
    router, tagged = Router(), make_route("tagged")
    router.publish(RoutingTable(1, {"v2-iris.default": tagged}))
    found = router.resolve_service(ServiceName("default", "v2-iris"))
    assert found is not None
    assert found.name == tagged.name
    assert router.resolve_service(ServiceName("other", "v2-iris")) is None


def test_new_table_is_seen_at_once_and_unchanged_routes_are_kept():
    router = Router()
    kept = make_route()
    router.publish(make_table(kept))
    before, _ = router.resolve(b"iris.default", b"/")
    router.publish(make_table(kept, 2))
    assert router.resolve(b"iris.default", b"/")[0] is before
    router.publish(make_table(make_route("other"), 3))
    assert router.resolve(b"iris.default", b"/")[0].name == "other"
    router.publish(RoutingTable(4))
    assert router.resolve(b"iris.default", b"/")[0] is None


def test_split_is_drawn_by_percent_and_zero_gets_nothing():
    route = Route(make_route("iris", 70, 0, 30))
    entropy = SeededEntropy(1)
    drawn = Counter(route.pick(entropy).name for _ in range(2000))
    assert set(drawn) == {"iris-0", "iris-2"}
    assert 500 < drawn["iris-2"] < 700


def test_route_without_shares_picks_nothing():
    assert Route(HostRoute("default", "iris", ())).pick(SeededEntropy(1)) is None


def test_what_was_made_of_routes_is_dropped_with_their_tables() -> None:
    router = Router()
    for _ in range(1000):
        router.publish(make_table(make_route()))
        assert router.resolve(b"iris.default.localhost", b"/")[0] is not None
    assert len(router._routes) <= 2 * 256
