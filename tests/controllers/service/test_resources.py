"""A Service's children."""

from kfsim.api.knative import keys
from kfsim.api.knative.serving import Configuration, Service, ServiceSpec, TrafficTarget
from kfsim.api.meta import ObjectMeta
from kfsim.controllers.service.resources import make_configuration, make_route

SERVICE = Service(
    metadata=ObjectMeta(
        name="iris",
        namespace="default",
        uid="u",
        labels={"a": "b"},
        annotations={keys.LAST_APPLIED: "{}", "kfsim.dev/source": "x.yaml", "note": "n"},
    ),
    spec=ServiceSpec(
        traffic=(
            TrafficTarget(revision_name="iris-00001", percent=90),
            TrafficTarget(latest_revision=True, percent=10),
        )
    ),
)


def test_other_routes_of_a_configuration_stay() -> None:
    existing = Configuration(metadata=ObjectMeta(annotations={keys.ROUTES: "web,app"}))
    made = make_configuration(SERVICE, existing)
    assert made.metadata.annotations == {keys.ROUTES: "app,iris,web", "note": "n"}
    assert made.metadata.labels == {"a": "b", keys.SERVICE: "iris", keys.SERVICE_UID: "u"}


def test_only_floating_targets_name_the_configuration() -> None:
    made = make_route(SERVICE)
    assert [target.configuration_name for target in made.spec.traffic] == [None, "iris"]
    assert made.metadata.owner_references[0].uid == "u"
