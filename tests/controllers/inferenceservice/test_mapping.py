"""What a project's maps put into a plan, and how it is told."""

from typing import Any

import pytest

from kfsim.api.kserve.builtin_runtimes import builtin_runtimes
from kfsim.api.kserve.runtime_selection import collect_runtimes
from kfsim.api.kserve.types import InferenceService
from kfsim.api.substitution import LocalMaps, MapRule, Substitution
from kfsim.controllers.inferenceservice.plan import Plan, make_plan

RUNTIMES = collect_runtimes((), builtin_runtimes())
SKLEARN = "kserve/sklearnserver:v0.20.0"
MAPS = LocalMaps(
    uris=((MapRule("gs://bucket", "/models", "kfsim.yaml"),),),
    images=(
        MapRule("kserve/sklearnserver", "my/sklearn:dev", "kfsim.yaml"),
        MapRule("corp/*", "own:1", "kfsim.yaml"),
    ),
)
URI_WHY = "kfsim.yaml maps gs://bucket to /models"


def plan(spec: dict[str, Any], maps: LocalMaps = MAPS, **metadata: Any) -> Plan:
    isvc = InferenceService.model_validate(
        {"metadata": {"name": "iris", "namespace": "ns", **metadata}, "spec": spec}
    )
    return make_plan(isvc, RUNTIMES, maps)


def model(**more: Any) -> dict[str, Any]:
    return {"model": {"modelFormat": {"name": "sklearn"}, **more}}


def custom(**container: Any) -> dict[str, Any]:
    return {
        "containers": [{"name": "sidecar", "image": "s"}, {"name": "kserve-container", **container}]
    }


def told(planned: Plan) -> list[tuple[str, str, str]]:
    return [(each.field, each.asked, each.given) for each in planned.substitutions]


IMAGE = ("spec.predictor.model.image", SKLEARN, "my/sklearn:dev")


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (
            {"predictor": model(storageUri="gs://bucket/iris")},
            [("spec.predictor.model.storageUri", "gs://bucket/iris", "/models/iris"), IMAGE],
        ),
        ({"predictor": model(storageUri="gs://other/iris")}, [IMAGE]),
        (
            {
                "predictor": {
                    **model(),
                    "storageUris": [{"uri": "/a"}, {"uri": "gs://bucket/b", "mountPath": "/mnt/b"}],
                }
            },
            [("spec.predictor.storageUris[1].uri", "gs://bucket/b", "/models/b"), IMAGE],
        ),
        (
            {
                "predictor": custom(
                    image="corp/x:1", env=[{"name": "STORAGE_URI", "value": "gs://bucket/c"}]
                )
            },
            [
                (
                    "spec.predictor.containers[1].env[STORAGE_URI]", "gs://bucket/c", "/models/c",
                ),
                ("spec.predictor.containers[1].image", "corp/x:1", "own:1"),
            ],
        ),
        (
            {"predictor": model(storageUri="/m"), "transformer": custom(image="corp/t")},
            [IMAGE, ("spec.transformer.containers[1].image", "corp/t", "own:1")],
        ),
    ],
)  # fmt: skip
def test_fields_that_maps_cover(spec: dict[str, Any], expected: list[tuple[str, str, str]]) -> None:
    assert told(plan(spec)) == expected


def test_the_template_holds_what_is_served() -> None:
    planned = plan({"predictor": model(storageUri="gs://bucket/iris")})
    (component,) = planned.components
    (initializer,) = component.pod_spec.init_containers
    assert initializer.args == ("/models/iris", "/mnt/models")
    assert component.pod_spec.containers[0].image == "my/sklearn:dev"
    assert planned.substitutions[0] == Substitution(
        "spec.predictor.model.storageUri", "gs://bucket/iris", "/models/iris", URI_WHY
    )


def test_without_maps_nothing_is_substituted() -> None:
    assert (
        plan({"predictor": model(storageUri="gs://bucket/iris")}, LocalMaps()).substitutions == ()
    )


def test_standard_mode_is_a_substitution() -> None:
    planned = plan(
        {"predictor": model(storageUri="/m")},
        LocalMaps(),
        annotations={"serving.kserve.io/deploymentMode": "Standard"},
    )
    field = "metadata.annotations[serving.kserve.io/deploymentMode]"
    assert told(planned) == [(field, "Standard", "Knative")]


def test_standard_mode_is_refused_where_nothing_may_stand_in() -> None:
    isvc = InferenceService.model_validate(
        {
            "metadata": {
                "name": "iris",
                "annotations": {"serving.kserve.io/deploymentMode": "Standard"},
            },
            "spec": {"predictor": model(storageUri="/m")},
        }
    )
    planned = make_plan(isvc, RUNTIMES, strict=True)
    assert planned.components == ()
    assert planned.substitutions == ()
    (failure,) = planned.failures
    assert failure.reason == "DeploymentModeNotSupported"
    assert failure.message == (
        "deployment mode Standard is not simulated: on a cluster it makes a Deployment, a "
        "HorizontalPodAutoscaler and an Ingress; without --strict it is served as Knative"
    )
