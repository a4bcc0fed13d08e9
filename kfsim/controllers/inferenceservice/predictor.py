"""The Pod of a model predictor: its runtime's containers with the InferenceService's laid over.

Order as in components/predictor.go buildPodSpec: merge, templates, image tag, then the runtime's
and the predictor's further containers.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from kfsim.api.core import Container, EnvVar, PodSpec
from kfsim.api.kserve.keys import NAME_ENV, SERVING_CONTAINER, TRANSFORMER_CONTAINER
from kfsim.api.kserve.runtime_selection import Runtime
from kfsim.api.kserve.types import InferenceService, ModelSpec
from kfsim.base.gotemplates import Fields, InvalidTemplate, render_all
from kfsim.controllers.inferenceservice.images import tagged_image
from kfsim.controllers.inferenceservice.merging import as_data, merge_containers, merge_pod_specs
from kfsim.controllers.inferenceservice.runtime_defaults import apply_server_defaults, server_type


class InvalidPredictor(ValueError):
    """The predictor cannot be built from this runtime; the message says why."""


@dataclass(frozen=True, slots=True)
class BuiltPredictor:
    """The Pod without its model, and labels that the server needs on the template."""

    pod_spec: PodSpec
    labels: Mapping[str, str]


def build_predictor(isvc: InferenceService, model: ModelSpec, runtime: Runtime) -> BuiltPredictor:
    """Merge runtime and predictor. Raises InvalidPredictor."""
    if model.storage is not None:
        raise InvalidPredictor(
            "storage (key, path, parameters) is not simulated; give the model by storageUri"
        )
    name = isvc.metadata.name
    predictor = isvc.spec.predictor
    defaults = apply_server_defaults(predictor, model, runtime, name=name)
    fields: Fields = {
        "Name": name,
        "Namespace": isvc.metadata.namespace,
        "Labels": {**isvc.metadata.labels, **defaults.labels},
        "Annotations": isvc.metadata.annotations,
    }
    of_runtime = {container.name: container for container in runtime.spec.containers}
    base = of_runtime.pop(SERVING_CONTAINER, None)
    if base is None:
        raise InvalidPredictor(
            f"runtime {runtime.name} has no container named {SERVING_CONTAINER}; "
            f"it has {', '.join(of_runtime) or 'none'}"
        )
    own = Container.model_validate(as_data(defaults.model))
    serving = merge_containers(base, own).replaced(name=SERVING_CONTAINER)
    serving = _rendered(serving, fields, runtime)
    image = tagged_image(
        serving, runtime_version=model.runtime_version, server_type=server_type(runtime)
    )
    containers = [serving.replaced(image=image)]
    of_predictor = {container.name: container for container in predictor.containers}
    transformer = _transformer(
        of_runtime.pop(TRANSFORMER_CONTAINER, None), of_predictor.pop(TRANSFORMER_CONTAINER, None)
    )
    if transformer is not None:
        containers.append(_rendered(transformer, fields, runtime))
    containers += [*of_runtime.values(), *of_predictor.values()]
    pod_spec = merge_pod_specs(runtime.spec, predictor)
    named = tuple(with_name_env(container, name) for container in containers)
    return BuiltPredictor(pod_spec.replaced(containers=named), defaults.labels)


def _transformer(base: Container | None, own: Container | None) -> Container | None:
    """A collocated transformer may come from either side, or be merged from both."""
    if base is not None and own is not None:
        return merge_containers(base, own)
    return base or own


def _rendered(container: Container, fields: Fields, runtime: Runtime) -> Container:
    try:
        return Container.model_validate(render_all(as_data(container), fields))
    except InvalidTemplate as error:
        raise InvalidPredictor(
            f"invalid placeholder in runtime {runtime.name}, container {container.name}: {error}"
        ) from error


def with_name_env(container: Container, name: str) -> Container:
    """Every container knows the name of its InferenceService."""
    if any(variable.name == NAME_ENV for variable in container.env):
        return container
    return container.replaced(env=(*container.env, EnvVar(name=NAME_ENV, value=name)))
