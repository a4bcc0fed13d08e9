"""What KServe's webhooks and CRD schemas refuse of TrainedModel and InferenceGraph.

From trainedmodel_webhook.go and inference_graph_validation.go; the enums are those of the CRDs.
Nodes are looked at in the order of the manifest, upstream in none.
"""

import re
from collections.abc import Iterator
from typing import Final

from kfsim.api.kserve.alpha import (
    ROOT_NODE,
    ClusterStorageContainer,
    InferenceGraph,
    InferenceRouter,
    InferenceStep,
    TrainedModel,
)
from kfsim.base.errors import Cause
from kfsim.base.quantities import parse_quantity

_MODEL_NAME: Final = re.compile(r"[a-zA-Z0-9_-]+")
_GRAPH_NAME: Final = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
# storage.GetAllProtocol
_SCHEMES: Final = ("s3://", "gs://", "https://", "http://")
_ROUTERS: Final = ("Sequence", "Splitter", "Ensemble", "Switch")
_DEPENDENCIES: Final = ("Soft", "Hard")
_METRICS: Final = ("cpu", "memory", "concurrency", "rps")
_WORKLOADS: Final = ("initContainer", "localModelDownloadJob")


def validate_trained_model(model: TrainedModel, old: TrainedModel | None) -> list[Cause]:
    """Causes in the order of the webhook's checks."""
    return list(_model_causes(model, old))


def validate_graph(graph: InferenceGraph) -> list[Cause]:
    """Causes in the order of the webhook's checks; every rule looks at the new object only."""
    return list(_graph_causes(graph))


def validate_storage_container(
    container: ClusterStorageContainer,
) -> list[Cause]:
    """KServe has no webhook for it: what the CRD's schema refuses."""
    if container.spec is None:
        return [_required("spec.container"), _required("spec.supportedUriFormats")]
    workload = container.spec.workload_type
    return list(_one_of(workload, "spec.workloadType", _WORKLOADS)) if workload else []


def _model_causes(model: TrainedModel, old: TrainedModel | None) -> Iterator[Cause]:
    name = model.metadata.name
    if model.spec is None:
        yield _required("spec.model")
        return
    if not _MODEL_NAME.fullmatch(name):
        yield Cause(
            "metadata.name",
            f'the Trained Model "{name}" is invalid: a Trained Model name must consist of '
            "alphanumeric characters, '_', or '-'. (e.g. \"my-Name\" or \"abc_123\", regex used "
            f"for validation is '^{_MODEL_NAME.pattern}$')",
        )
    content = model.spec.model
    if not content.storage_uri.startswith(_SCHEMES):
        yield Cause(
            "spec.model.storageUri",
            f'the Trained Model "{name}" storageUri field is invalid. The storage uri must start '
            f"with one of the prefixes: {', '.join(_SCHEMES)}. (the storage uri given is "
            f'"{content.storage_uri}")',
        )
    try:
        memory = parse_quantity(str(content.memory))
    except ValueError as error:
        yield Cause("spec.model.memory", f"Invalid value: {error}")
        return
    before = old.spec.model.memory if old is not None and old.spec is not None else None
    if before is not None and parse_quantity(str(before)) != memory:
        yield Cause(
            "spec.model.memory",
            f'the Trained Model "{name}" memory field is immutable. The memory was "{before}" but '
            f'it is updated to "{content.memory}"',
        )


def _graph_causes(graph: InferenceGraph) -> Iterator[Cause]:
    name = graph.metadata.name
    if graph.spec is None:
        yield _required("spec.nodes")
        return
    nodes = graph.spec.nodes
    for node, router in nodes.items():
        yield from _enums(node, router)
    if graph.spec.scale_metric:
        yield from _one_of(graph.spec.scale_metric, "spec.scaleMetric", _METRICS)
    if not _GRAPH_NAME.fullmatch(name):
        yield Cause(
            "metadata.name",
            f'The InferenceGraph "{name}" is invalid: a InferenceGraph name must consist of lower '
            "case alphanumeric characters or '-', and must start with alphabetical character. "
            '(e.g. "my-name" or "abc-123", regex used for validation is '
            f"'{_GRAPH_NAME.pattern}')",
        )
    if ROOT_NODE not in nodes:
        yield Cause(
            "spec.nodes",
            "root node not found, InferenceGraph needs a node with name 'root' as the root node "
            "of the graph",
        )
    for check in (_step_names, _targets, _weights):
        for node, router in nodes.items():
            yield from check(name, node, router)


def _enums(node: str, router: InferenceRouter) -> Iterator[Cause]:
    yield from _one_of(router.router_type, f"spec.nodes.{node}.routerType", _ROUTERS)
    for index, step in enumerate(router.steps):
        if step.dependency:
            path = f"spec.nodes.{node}.steps[{index}].dependency"
            yield from _one_of(step.dependency, path, _DEPENDENCIES)


def _step_names(graph: str, node: str, router: InferenceRouter) -> Iterator[Cause]:
    seen: set[str] = set()
    for index, step in enumerate(router.steps):
        if step.step_name and step.step_name in seen:
            yield Cause(
                f"spec.nodes.{node}.steps[{index}].name",
                f'Node "{node}" of InferenceGraph "{graph}" contains more than one step with name '
                f'"{step.step_name}"',
            )
        seen.add(step.step_name or "")


def _targets(graph: str, node: str, router: InferenceRouter) -> Iterator[Cause]:
    for index, step in enumerate(router.steps):
        count = sum(bool(each) for each in (step.node_name, step.service_name, step.service_url))
        if count == 1:
            continue
        problem = (
            "specifies more than one of nodeName, serviceName, serviceUrl"
            if count
            else "does not specify an inference target"
        )
        yield Cause(
            f"spec.nodes.{node}.steps[{index}]",
            f'Step {index} ("{step.step_name or ""}") in node "{node}" of InferenceGraph '
            f'"{graph}" {problem}',
        )


def _weights(graph: str, node: str, router: InferenceRouter) -> Iterator[Cause]:
    if router.router_type != "Splitter":
        return
    for index, step in enumerate(router.steps):
        if step.weight is None:
            yield Cause(f"spec.nodes.{node}.steps[{index}].weight", _no_weight(graph, node, step))
            return
    if sum(step.weight or 0 for step in router.steps) != 100:
        yield Cause(
            f"spec.nodes.{node}.steps",
            f"InferenceGraph[{graph}] Node[{node}] splitter node: the sum of traffic weights for "
            "all routing targets should be 100",
        )


def _no_weight(graph: str, node: str, step: InferenceStep) -> str:
    service = step.service_name or ""
    return f"InferenceGraph[{graph}] Node[{node}] Route[{service}] missing the 'Weight'"


def _one_of(value: str, path: str, supported: tuple[str, ...]) -> Iterator[Cause]:
    if value not in supported:
        listed = ", ".join(f'"{each}"' for each in supported)
        yield Cause(
            path,
            f'Unsupported value: "{value}": supported values: {listed}',
            "FieldValueNotSupported",
        )


def _required(path: str) -> Cause:
    return Cause(path, "Required value", "FieldValueRequired")
