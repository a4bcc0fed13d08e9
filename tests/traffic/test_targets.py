"""Traffic targets are resolved to ready revisions."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from kfsim.api.core import Container, ContainerPort
from kfsim.api.knative import keys
from kfsim.api.knative.serving import (
    Configuration,
    ConfigurationStatus,
    Revision,
    RevisionSpec,
    RevisionStatus,
    TrafficTarget,
)
from kfsim.api.meta import Condition, ObjectMeta
from kfsim.base.types import AppProtocol
from kfsim.traffic import Resolution, resolve_traffic


def _revision(name: str, ready: str = "True", port: str | None = None) -> Revision:
    return Revision(
        metadata=ObjectMeta(
            name=name, generation=1, labels={keys.CONFIGURATION: "iris", keys.SERVICE: "iris"}
        ),
        spec=RevisionSpec(
            containers=(Container(ports=(ContainerPort(name=port, container_port=9000),)),)
        ),
        status=RevisionStatus(
            observed_generation=1, conditions=(Condition(type="Ready", status=ready),)
        ),
    )


def _configuration(latest_ready: str | None, ready: str = "Unknown") -> Configuration:
    return Configuration(
        metadata=ObjectMeta(name="iris"),
        status=ConfigurationStatus(
            latest_ready_revision_name=latest_ready,
            conditions=(Condition(type="Ready", status=ready),),
        ),
    )


def _resolve(
    *traffic: TrafficTarget,
    configuration: Configuration | None,
    revisions: Mapping[str, Revision],
    service: str = "iris",
) -> Resolution:
    return resolve_traffic(
        traffic,
        find_configuration=lambda name: configuration if name == "iris" else None,
        find_revision=revisions.get,
        service=service,
    )


_LATEST = TrafficTarget(configuration_name="iris", latest_revision=True, percent=100)
_BOTH = {"iris-00001": _revision("iris-00001"), "iris-00002": _revision("iris-00002")}


def test_latest_means_the_latest_ready_revision() -> None:
    found = _resolve(_LATEST, configuration=_configuration("iris-00001"), revisions=_BOTH)
    assert [(each.revision, each.percent) for each in found.assigned] == [("iris-00001", 100)]
    assert found.configurations == ("iris",)
    assert found.revisions == ("iris-00001",)


def test_a_canary_split_keeps_both_and_serves_the_tag_alone() -> None:
    found = _resolve(
        _LATEST.replaced(percent=10),
        TrafficTarget(revision_name="iris-00001", percent=90, tag="prev"),
        configuration=_configuration("iris-00002"),
        revisions=_BOTH,
    )
    assert [(each.revision, each.percent, each.tag) for each in found.assigned] == [
        ("iris-00002", 10, ""),
        ("iris-00001", 90, "prev"),
    ]
    assert [(each.revision, each.percent) for each in found.by_tag[""]] == [
        ("iris-00002", 10),
        ("iris-00001", 90),
    ]
    assert [(each.revision, each.percent) for each in found.by_tag["prev"]] == [("iris-00001", 100)]


def test_targets_that_mean_one_revision_are_one_share_of_the_ingress() -> None:
    found = _resolve(
        _LATEST.replaced(percent=10),
        TrafficTarget(revision_name="iris-00001", percent=90, tag="prev"),
        configuration=_configuration("iris-00001"),
        revisions=_BOTH,
    )
    assert [(each.revision, each.percent) for each in found.by_tag[""]] == [("iris-00001", 100)]
    assert len(found.assigned) == 2


def test_equal_targets_are_added_up() -> None:
    pinned = TrafficTarget(revision_name="iris-00001", percent=50)
    found = _resolve(pinned, pinned, configuration=_configuration("iris-00001"), revisions=_BOTH)
    assert [(each.revision, each.percent) for each in found.assigned] == [("iris-00001", 100)]


def test_a_failure_outweighs_what_is_on_its_way() -> None:
    found = _resolve(
        TrafficTarget(revision_name="gone", percent=50),
        _LATEST.replaced(percent=50),
        configuration=_configuration(None),
        revisions={},
    )
    assert found.problem is not None
    assert found.problem.message == 'Revision "gone" referenced in traffic not found.'
    assert found.revisions == ("gone",)
    assert found.assigned == ()


def test_a_configuration_without_a_ready_revision_waits_or_has_failed() -> None:
    waiting = _resolve(_LATEST, configuration=_configuration(None), revisions={})
    failed = _resolve(_LATEST, configuration=_configuration(None, ready="False"), revisions={})
    assert waiting.problem is not None
    assert not waiting.problem.is_failure
    assert failed.problem is not None
    assert failed.problem.is_failure


def test_a_missing_configuration_is_a_failure() -> None:
    found = _resolve(_LATEST, configuration=None, revisions={})
    assert found.problem is not None
    assert found.problem.reason == "ConfigurationMissing"


def test_a_pinned_revision_must_be_ready() -> None:
    found = _resolve(
        TrafficTarget(revision_name="iris-00001", percent=100),
        configuration=_configuration(None),
        revisions={"iris-00001": _revision("iris-00001", ready="False")},
    )
    assert found.problem is not None
    assert found.problem.message == 'Revision "iris-00001" failed to become ready.'


def test_a_revision_of_another_service_is_refused() -> None:
    found = _resolve(
        TrafficTarget(revision_name="iris-00001", percent=100),
        configuration=_configuration("iris-00001"),
        revisions=_BOTH,
        service="other",
    )
    assert found.problem is not None
    assert found.problem.reason == "RevisionNotOwned"


def test_the_port_name_gives_the_protocol() -> None:
    found = _resolve(
        _LATEST,
        configuration=_configuration("iris-00001"),
        revisions={"iris-00001": _revision("iris-00001", port="h2c")},
    )
    assert found.assigned[0].protocol is AppProtocol.H2C


_NAMES = st.sampled_from(["iris-00001", "iris-00002", None])


@st.composite
def _splits(draw: st.DrawFn) -> tuple[TrafficTarget, ...]:
    """Any valid traffic: percents add up to 100, tags are unique."""
    cuts = sorted(draw(st.lists(st.integers(0, 100), max_size=4)))
    percents = [high - low for low, high in zip([0, *cuts], [*cuts, 100], strict=True)]
    targets = []
    for index, percent in enumerate(percents):
        name = draw(_NAMES)
        tag = f"tag{index}" if draw(st.booleans()) else None
        if name is None:
            targets.append(_LATEST.replaced(percent=percent, tag=tag))
        else:
            targets.append(TrafficTarget(revision_name=name, percent=percent, tag=tag))
    return tuple(targets)


@given(traffic=_splits(), latest=st.sampled_from(["iris-00001", "iris-00002"]))
def test_shares_add_up_and_name_each_revision_once(
    traffic: tuple[TrafficTarget, ...], latest: str
) -> None:
    found = _resolve(*traffic, configuration=_configuration(latest), revisions=_BOTH)
    assert found.problem is None
    assert sum(target.percent for target in found.assigned) == 100
    seen = [(each.tag, each.revision, each.latest_revision) for each in found.assigned]
    assert len(seen) == len(set(seen))
    for tag, targets in found.by_tag.items():
        assert sum(target.percent for target in targets) == 100, tag
        names = [target.revision for target in targets]
        assert len(names) == len(set(names))
