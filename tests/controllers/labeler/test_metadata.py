"""Routing metadata is added and taken off name by name."""

from kfsim.api.knative import keys
from kfsim.api.meta import ObjectMeta
from kfsim.controllers.labeler.metadata import (
    routes_of,
    with_route,
    with_routing_state,
    without_route,
)

WALL = "2000-01-01T00:00:00Z"


def test_routes_are_a_sorted_list() -> None:
    metadata = with_route(with_route(ObjectMeta(), "b"), "a")
    assert metadata.annotations[keys.ROUTES] == "a,b"
    assert routes_of(without_route(metadata, "a")) == ("b",)
    assert keys.ROUTES not in without_route(without_route(metadata, "a"), "b").annotations


def test_nothing_new_is_the_same_object() -> None:
    metadata = with_routing_state(with_route(ObjectMeta(), "a"), wall=WALL)
    assert with_route(metadata, "a") is metadata
    assert without_route(metadata, "b") is metadata
    assert with_routing_state(metadata, wall="later") is metadata


def test_the_state_follows_the_routes() -> None:
    active = with_routing_state(with_route(ObjectMeta(), "a"), wall=WALL)
    assert active.labels[keys.ROUTING_STATE] == "active"
    assert active.annotations[keys.ROUTING_STATE_MODIFIED] == WALL
    reserve = with_routing_state(without_route(active, "a"), wall=WALL)
    assert reserve.labels[keys.ROUTING_STATE] == "reserve"
