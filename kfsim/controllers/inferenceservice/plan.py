"""What an InferenceService's components are, or why they cannot be. Pure.

A component is planned as the Pod template of its Knative Service. A failure keeps its component's
existing children as they are: an edit that cannot be served takes nothing down.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kfsim.api.compat import CURRENT, Profile
from kfsim.api.core import Container, PodSpec
from kfsim.api.kserve.keys import (
    COMPONENT,
    DEPLOYMENT_MODE,
    INFERENCE_SERVICE,
    KFSIM_PREFIX,
    KFSIM_RUNTIME,
    KFSIM_SOURCE,
    LAST_APPLIED,
    MODEL_FORMAT,
    MODEL_MESH,
    STANDARD,
    STORAGE_READONLY,
)
from kfsim.api.kserve.runtime_selection import Runtime, Selection, select_runtime
from kfsim.api.kserve.types import ComponentSpec, ExplainerSpec, InferenceService
from kfsim.api.substitution import LocalMaps, Substitution, Substitutor
from kfsim.controllers.inferenceservice.kfserving_servers import make_server
from kfsim.controllers.inferenceservice.mapping import (
    STANDARD_SUBSTITUTED,
    map_images,
    map_predictor_uris,
)
from kfsim.controllers.inferenceservice.merging import as_data
from kfsim.controllers.inferenceservice.predictor import (
    InvalidPredictor,
    build_predictor,
    with_name_env,
)
from kfsim.controllers.inferenceservice.storage import (
    UnsupportedStorage,
    custom_storage_uri,
    mount_models,
    resolve_sources,
    with_local_storage_uri,
)

PREDICTOR: Final = "predictor"
TRANSFORMER: Final = "transformer"
EXPLAINER: Final = "explainer"
RECONCILE_FAILED: Final = "ReconcileFailed"

_DROPPED_ANNOTATIONS: Final = frozenset(
    {
        "autoscaling.knative.dev/min-scale",
        "autoscaling.knative.dev/max-scale",
        LAST_APPLIED,
        MODEL_FORMAT,
    }
)
_NO_MAPS: Final = LocalMaps()


@dataclass(frozen=True, slots=True)
class ComponentPlan:
    """One component's Pod template; `labels` and `annotations` are the template's."""

    component: str
    spec: ComponentSpec
    pod_spec: PodSpec
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ComponentFailure:
    """Why a component cannot be made. `invalid_spec`: also a modelStatus failure reason."""

    component: str
    reason: str
    message: str
    invalid_spec: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """All components of the spec, each planned or failed; `selection` only for a model.

    `substitutions` are in the templates already: a changed map makes a revision, nothing else does.
    """

    components: tuple[ComponentPlan, ...] = ()
    failures: tuple[ComponentFailure, ...] = ()
    selection: Selection | None = None
    substitutions: tuple[Substitution, ...] = ()


def make_plan(
    isvc: InferenceService,
    runtimes: Sequence[Runtime],
    maps: LocalMaps = _NO_MAPS,
    *,
    strict: bool = False,
    profile: Profile = CURRENT,
) -> Plan:
    """`runtimes`: those of the namespace and of the cluster; `maps`: the project's own; `strict`:
    no other deployment mode stands in for the one that is asked for."""
    if isvc.metadata.annotations.get(DEPLOYMENT_MODE) == MODEL_MESH:
        message = "deployment mode ModelMesh is not simulated; use Knative"
        return _unsupported_mode(message)
    standard = isvc.metadata.annotations.get(DEPLOYMENT_MODE) == STANDARD
    if standard and strict:
        return _unsupported_mode(
            "deployment mode Standard is not simulated: on a cluster it makes a Deployment, a "
            "HorizontalPodAutoscaler and an Ingress; without --strict it is served as Knative"
        )
    selection = None
    model = isvc.spec.predictor.model
    if model is not None:
        multi_node = isvc.spec.predictor.worker_spec is not None
        selection = select_runtime(model, runtimes, multi_node=multi_node)
    substitutor = Substitutor(maps)
    if standard:
        substitutor.note(STANDARD_SUBSTITUTED)
    planned = [_plan_predictor(isvc, selection, substitutor, profile)]
    if isvc.spec.transformer is not None:
        planned.append(_plan_custom(isvc, TRANSFORMER, isvc.spec.transformer, substitutor, profile))
    if isvc.spec.explainer is not None:
        planned.append(_plan_explainer(isvc, isvc.spec.explainer, substitutor, profile))
    return Plan(
        components=tuple(p for p in planned if isinstance(p, ComponentPlan)),
        failures=tuple(p for p in planned if isinstance(p, ComponentFailure)),
        selection=selection,
        substitutions=substitutor.made,
    )


def _unsupported_mode(message: str) -> Plan:
    return Plan(failures=(ComponentFailure(PREDICTOR, "DeploymentModeNotSupported", message),))


def _plan_predictor(
    isvc: InferenceService,
    selection: Selection | None,
    substitutor: Substitutor,
    profile: Profile,
) -> ComponentPlan | ComponentFailure:
    predictor = isvc.spec.predictor
    if not profile.serving_runtimes and not predictor.containers:
        return _plan_server(isvc, profile)
    if predictor.worker_spec is not None:
        message = "multi-node predictors (workerSpec) are not simulated"
        return ComponentFailure(PREDICTOR, "MultiNodeNotSupported", message)
    if predictor.model is None or selection is None:
        return _plan_custom(isvc, PREDICTOR, predictor, substitutor, profile)
    if selection.chosen is None:
        return ComponentFailure(PREDICTOR, selection.reason, selection.message, invalid_spec=True)
    try:
        built = build_predictor(isvc, predictor.model, selection.chosen)
        sources = resolve_sources(*map_predictor_uris(predictor, substitutor), source=_source(isvc))
        pod_spec = mount_models(
            built.pod_spec,
            sources,
            container=profile.serving_container,
            read_only=_read_only(isvc),
            profile=profile,
        )
    except InvalidPredictor as error:
        return ComponentFailure(PREDICTOR, "InvalidPredictorSpec", str(error), invalid_spec=True)
    except UnsupportedStorage as error:
        return ComponentFailure(PREDICTOR, RECONCILE_FAILED, str(error))
    return _component_plan(
        isvc,
        PREDICTOR,
        predictor,
        map_images(PREDICTOR, predictor, pod_spec, substitutor),
        profile=profile,
        runtime=selection.chosen,
        server_labels=built.labels,
    )


def _plan_server(isvc: InferenceService, profile: Profile) -> ComponentPlan | ComponentFailure:
    """A framework block in a mode without ServingRuntimes."""
    predictor = isvc.spec.predictor
    server = make_server(isvc, profile)
    if server is None:
        message = "the predictor names no framework that KFServing 0.6 serves"
        return ComponentFailure(PREDICTOR, RECONCILE_FAILED, message)
    container, storage_uri = server
    pod_spec = PodSpec.model_validate(as_data(predictor)).replaced(containers=(container,))
    try:
        pod_spec = mount_models(
            pod_spec,
            resolve_sources(storage_uri, (), source=_source(isvc)),
            container=container.name,
            read_only=_read_only(isvc),
            profile=profile,
        )
    except UnsupportedStorage as error:
        return ComponentFailure(PREDICTOR, RECONCILE_FAILED, str(error))
    return _component_plan(isvc, PREDICTOR, predictor, pod_spec, profile=profile)


def _plan_explainer(
    isvc: InferenceService,
    explainer: ExplainerSpec,
    substitutor: Substitutor,
    profile: Profile,
) -> ComponentPlan | ComponentFailure:
    if explainer.containers:
        return _plan_custom(isvc, EXPLAINER, explainer, substitutor, profile)
    return ComponentFailure(
        EXPLAINER,
        "ExplainerNotSupported",
        "built-in explainers are not simulated; give the explainer as containers",
    )


def _plan_custom(
    isvc: InferenceService,
    component: str,
    spec: ComponentSpec,
    substitutor: Substitutor,
    profile: Profile,
) -> ComponentPlan | ComponentFailure:
    """Custom containers: the first serves, or the one with the serving container's name."""
    pod_spec = PodSpec.model_validate(as_data(spec))
    serving = next(
        (c for c in pod_spec.containers if c.name == profile.serving_container),
        pod_spec.containers[0],
    )
    changed = (
        serving if component == PREDICTOR else _with_component_args(serving, isvc, spec, profile)
    )
    try:
        field = (
            f"spec.{component}.containers[{pod_spec.containers.index(serving)}].env[STORAGE_URI]"
        )
        asked = custom_storage_uri(serving)
        uri = substitutor.uri(asked, field=field) if asked else None
        sources = resolve_sources(uri, (), source=_source(isvc))
        pod_spec = pod_spec.replaced(
            containers=tuple(
                with_local_storage_uri(changed) if c is serving else c for c in pod_spec.containers
            )
        )
        if profile.name_variable:
            named = tuple(with_name_env(c, isvc.metadata.name) for c in pod_spec.containers)
            pod_spec = pod_spec.replaced(containers=named)
        pod_spec = mount_models(
            pod_spec,
            sources,
            container=serving.name,
            read_only=_read_only(isvc),
            profile=profile,
        )
    except UnsupportedStorage as error:
        return ComponentFailure(component, RECONCILE_FAILED, str(error))
    return _component_plan(
        isvc,
        component,
        spec,
        map_images(component, spec, pod_spec, substitutor),
        profile=profile,
    )


def _with_component_args(
    container: Container, isvc: InferenceService, spec: ComponentSpec, profile: Profile
) -> Container:
    """The arguments that KServe appends to transformers and explainers unless they are there."""
    name, namespace = isvc.metadata.name, isvc.metadata.namespace
    wanted = {
        "--model_name": name,
        "--predictor_host": f"{profile.service_name(name, PREDICTOR)}.{namespace}",
        "--http_port": "8080",
    }
    if spec.container_concurrency is not None:
        wanted["--workers"] = str(spec.container_concurrency)
    given = {argument.partition("=")[0] for argument in container.args}
    added = (text for flag, value in wanted.items() if flag not in given for text in (flag, value))
    return container.replaced(args=(*container.args, *added))


def _component_plan(
    isvc: InferenceService,
    component: str,
    spec: ComponentSpec,
    pod_spec: PodSpec,
    *,
    profile: Profile,
    runtime: Runtime | None = None,
    server_labels: Mapping[str, str] | None = None,
) -> ComponentPlan:
    labels = {
        **(runtime.spec.labels if runtime else {}),
        **isvc.metadata.labels,
        **(server_labels or {}),
        **spec.labels,
        INFERENCE_SERVICE: isvc.metadata.name,
        profile.own_label: isvc.metadata.name,
        COMPONENT: component,
    }
    annotations = {
        **_kept_annotations(runtime.spec.annotations if runtime else {}),
        **_kept_annotations(isvc.metadata.annotations),
        **_kept_annotations(spec.annotations),
    }
    return ComponentPlan(
        component=component,
        spec=spec,
        pod_spec=pod_spec,
        labels={key: value for key, value in labels.items() if key != profile.visibility},
        annotations=annotations,
    )


def _kept_annotations(annotations: Mapping[str, str]) -> dict[str, str]:
    """What may reach the template; where the object came from may not, or moving the file would
    make a revision."""
    return {
        key: value
        for key, value in annotations.items()
        if key not in _DROPPED_ANNOTATIONS
        and (key == KFSIM_RUNTIME or not key.startswith(KFSIM_PREFIX))
    }


def _source(isvc: InferenceService) -> str | None:
    return isvc.metadata.annotations.get(KFSIM_SOURCE)


def _read_only(isvc: InferenceService) -> bool:
    return isvc.metadata.annotations.get(STORAGE_READONLY, "true").lower() != "false"
