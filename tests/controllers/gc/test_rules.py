"""Which Revisions go (cases after knative pkg/reconciler/gc/gc_test.go)."""

import pytest

from kfsim.api.config.gc import GarbageCollectionConfig
from kfsim.api.knative.serving import Revision
from kfsim.api.meta import ObjectMeta
from kfsim.base.clock import format_timestamp
from kfsim.controllers.gc.rules import collect_revisions

NOW = 1_000_000.0
HOUR = 3600.0


def revision(name: str, *, hours: float = 100, idle: float | None = None, **more: str) -> Revision:
    """One created so many `hours` ago, without traffic for `idle` of them."""
    annotations = {}
    if idle is not None:
        annotations["serving.knative.dev/routingStateModified"] = format_timestamp(
            NOW - idle * HOUR
        )
    if "no_gc" in more:
        annotations["serving.knative.dev/no-gc"] = more["no_gc"]
    return Revision(
        metadata=ObjectMeta(
            name=name,
            namespace="default",
            labels={"serving.knative.dev/routingState": more.get("state", "reserve")},
            annotations=annotations,
            creation_timestamp=format_timestamp(NOW - hours * HOUR),
        )
    )


OLD = [revision("a", idle=90), revision("b", idle=80), revision("c", idle=70)]
SOME = GarbageCollectionConfig(min_non_active_revisions=1, max_non_active_revisions=2)


def collect(revisions: list[Revision], config: GarbageCollectionConfig) -> tuple[str, ...]:
    return collect_revisions(revisions, config, latest_ready="latest", wall=NOW).doomed


@pytest.mark.parametrize(
    ("revisions", "config", "doomed"),
    [
        pytest.param(OLD, GarbageCollectionConfig(), (), id="fewer than the minimum"),
        pytest.param(OLD, SOME, ("a", "b"), id="stale ones down to the minimum, oldest first"),
        pytest.param(
            [*OLD, revision("latest", idle=99)], SOME, ("a", "b"), id="the latest ready one stays"
        ),
        pytest.param(
            [
                revision("a", idle=90, state="active"),
                revision("b", idle=80, no_gc="true"),
                *OLD[2:],
            ],
            GarbageCollectionConfig(min_non_active_revisions=0, max_non_active_revisions=2),
            ("c",),
            id="active and preserved ones stay",
        ),
        pytest.param(
            [revision(name, hours=1, idle=1) for name in "abc"],
            SOME,
            ("a",),
            id="young ones over the maximum go all the same",
        ),
        pytest.param(
            [revision("a", idle=2), revision("b", idle=1)],
            GarbageCollectionConfig(min_non_active_revisions=0),
            (),
            id="lately active",
        ),
        pytest.param(
            OLD,
            GarbageCollectionConfig(None, None, 0, None),
            (),
            id="everything disabled",
        ),
        pytest.param(
            OLD,
            GarbageCollectionConfig(None, None, 0, 0),
            ("a", "b", "c"),
            id="at once",
        ),
        pytest.param(
            [revision("a"), *OLD[1:]], SOME, ("a", "b"), id="unknown activity counts from creation"
        ),
    ],
)
def test_collected(
    revisions: list[Revision], config: GarbageCollectionConfig, doomed: tuple[str, ...]
) -> None:
    assert collect(revisions, config) == doomed


def test_the_next_look_is_when_the_next_one_becomes_stale() -> None:
    config = GarbageCollectionConfig(min_non_active_revisions=0)
    young = [revision("a", hours=40, idle=30), revision("b", hours=60, idle=5)]
    found = collect_revisions(young, config, latest_ready="", wall=NOW)
    assert found.doomed == ()
    assert found.next_look == pytest.approx(8 * HOUR)  # a is 48 hours old then


def test_nothing_is_looked_at_again_while_the_minimum_keeps_all() -> None:
    young = [revision("a", hours=1, idle=1)]
    found = collect_revisions(young, GarbageCollectionConfig(), latest_ready="", wall=NOW)
    assert found.next_look is None
