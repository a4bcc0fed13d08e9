"""Knative objects are refused with Knative's words."""

import pytest

from kfsim.api.core import Container
from kfsim.api.knative import keys
from kfsim.api.knative.serving import (
    Configuration,
    ConfigurationSpec,
    Revision,
    RevisionSpec,
    RevisionTemplateSpec,
    Route,
    RouteSpec,
    Service,
    ServiceSpec,
    TrafficTarget,
)
from kfsim.api.knative.validation import (
    validate_configuration,
    validate_revision,
    validate_route,
    validate_service,
)
from kfsim.api.meta import ObjectMeta, OwnerReference

_SPEC = RevisionSpec(containers=(Container(name="c", image="i"),))
_TEMPLATE = RevisionTemplateSpec(spec=_SPEC)
_LATEST = TrafficTarget(latest_revision=True, percent=100)
_META = ObjectMeta(name="iris")


def _service(*traffic: TrafficTarget, template: RevisionTemplateSpec = _TEMPLATE) -> Service:
    return Service(metadata=_META, spec=ServiceSpec(template=template, traffic=traffic))


def test_a_good_service_passes() -> None:
    assert validate_service(_service(_LATEST)) == []


@pytest.mark.parametrize(
    ("traffic", "field", "message"),
    [
        pytest.param(
            (_LATEST.replaced(percent=90),),
            "spec.traffic",
            "Traffic targets sum to 90, want 100",
            id="sum",
        ),
        pytest.param(
            (_LATEST.replaced(configuration_name="iris"),),
            "spec.traffic[0].configurationName",
            "must not set the field(s)",
            id="configuration",
        ),
        pytest.param(
            (TrafficTarget(latest_revision=True, revision_name="r", percent=100),),
            "spec.traffic[0].latestRevision",
            'may not set revisionName "r" when latestRevision is true',
            id="latest-and-pinned",
        ),
        pytest.param(
            (_LATEST.replaced(tag="Bad_Tag"),), "spec.traffic[0].tag", "DNS 1035", id="tag"
        ),
        pytest.param(
            (_LATEST.replaced(url="http://x"),),
            "spec.traffic[0].url",
            "must not set the field(s)",
            id="url",
        ),
    ],
)
def test_bad_traffic(traffic: tuple[TrafficTarget, ...], field: str, message: str) -> None:
    causes = validate_service(_service(*traffic))
    assert [cause.field for cause in causes] == [field]
    assert message in causes[0].message


def test_a_tag_is_defined_once() -> None:
    causes = validate_service(
        _service(_LATEST.replaced(tag="a"), _LATEST.replaced(tag="a", percent=0))
    )
    assert [cause.field for cause in causes] == ["spec.traffic[0].tag", "spec.traffic[1].tag"]


def test_percents_are_bounded() -> None:
    causes = validate_service(_service(_LATEST.replaced(percent=101)))
    assert causes[0].message == "expected 0 <= 101 <= 100"


def test_autoscaling_annotations_belong_to_the_template() -> None:
    service = _service(_LATEST)
    marked = service.replaced(
        metadata=_META.replaced(annotations={"autoscaling.knative.dev/min-scale": "1"})
    )
    assert [cause.field for cause in validate_service(marked)] == ["metadata.annotations"]


def test_a_named_revision_has_its_parents_prefix() -> None:
    template = _TEMPLATE.replaced(metadata=ObjectMeta(name="other-one"))
    causes = validate_service(_service(_LATEST, template=template))
    assert causes[0].field == "spec.template.metadata.name"
    assert causes[0].message == 'invalid value: "other-one" must have prefix "iris-"'


def test_a_named_revision_takes_a_new_name_with_a_change() -> None:
    old = _TEMPLATE.replaced(metadata=ObjectMeta(name="iris-one"))
    new = old.replaced(spec=_SPEC.replaced(timeout_seconds=5))
    stored = Configuration(metadata=_META, spec=ConfigurationSpec(template=old))
    wanted = stored.replaced(spec=ConfigurationSpec(template=new))
    assert validate_configuration(wanted, stored)[0].field == "spec.template.metadata.name"
    assert validate_configuration(stored, stored) == []


def test_a_revision_is_immutable() -> None:
    owner = OwnerReference(api_version="v1", kind="Configuration", name="iris", uid="u")
    revision = Revision(
        metadata=ObjectMeta(
            name="iris-00001", labels={keys.CONFIGURATION: "iris"}, owner_references=(owner,)
        ),
        spec=_SPEC,
    )
    assert validate_revision(revision) == []
    changed = revision.replaced(spec=_SPEC.replaced(timeout_seconds=5))
    assert validate_revision(changed, revision)[0].field == "spec"
    stray = revision.replaced(metadata=revision.metadata.replaced(owner_references=()))
    assert validate_revision(stray)[0].message == "missing field(s)"


def test_a_route_names_revision_or_configuration() -> None:
    def route(target: TrafficTarget) -> Route:
        return Route(metadata=_META, spec=RouteSpec(traffic=(target,)))

    assert validate_route(route(TrafficTarget(configuration_name="c", percent=100))) == []
    neither = validate_route(route(TrafficTarget(percent=100)))
    both = validate_route(
        route(TrafficTarget(configuration_name="c", revision_name="r", percent=100))
    )
    assert neither[0].message == "expected exactly one, got neither"
    assert both[0].message == "expected exactly one, got both"


def test_an_object_needs_a_proper_name() -> None:
    service = _service(_LATEST)
    assert validate_service(service.replaced(metadata=ObjectMeta()))[0].field == "metadata.name"
    bad = service.replaced(metadata=ObjectMeta(name="Iris"))
    assert "DNS 1035" in validate_service(bad)[0].message
