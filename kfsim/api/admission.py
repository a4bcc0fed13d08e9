"""What happens to a client's object before it is stored: defaulting, then validation.

Each kind may have rules of its own; metadata and PodSpecs are checked for all. Refusals read as on
a cluster: KServe's kinds are refused by its webhook (403 Forbidden, the first cause's text), the
others by the API server (422 Invalid with all causes).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

from kfsim.api.compat import CURRENT, Compat, Profile, profile_of
from kfsim.api.config.inferenceservice import InferenceServiceConfig
from kfsim.api.core import PodSpec
from kfsim.api.kfserving import defaults as kfserving_defaults
from kfsim.api.kfserving import validation as kfserving_validation
from kfsim.api.knative.defaults import (
    default_configuration,
    default_revision,
    default_route,
    default_service,
)
from kfsim.api.knative.serving import Configuration, Revision, Route, Service
from kfsim.api.knative.validation import (
    KnativeLimits,
    validate_configuration,
    validate_revision,
    validate_route,
    validate_service,
)
from kfsim.api.kserve.alpha import ClusterStorageContainer, InferenceGraph, TrainedModel
from kfsim.api.kserve.alpha_validation import (
    validate_graph,
    validate_storage_container,
    validate_trained_model,
)
from kfsim.api.kserve.defaults import default_inference_service
from kfsim.api.kserve.runtime_validation import validate_serving_runtime
from kfsim.api.kserve.types import ClusterServingRuntime, InferenceService, ServingRuntime
from kfsim.api.kserve.validation import validate_inference_service
from kfsim.api.meta import Object
from kfsim.api.metadata_validation import validate_metadata
from kfsim.api.podspec_validation import validate_pod_spec
from kfsim.api.scheme import ResourceKind
from kfsim.base.errors import Cause, Forbidden, Invalid


@dataclass(frozen=True, slots=True)
class AdmissionConfig:
    """What the cluster's ConfigMaps say of objects at the door."""

    knative: KnativeLimits = field(default_factory=KnativeLimits)
    kserve: InferenceServiceConfig = field(default_factory=InferenceServiceConfig)


@dataclass(frozen=True, slots=True)
class Rules:
    """One kind's own rules.

    `default` and `validate` also get the stored object, None on create, and what the cluster's
    ConfigMaps say; `among` gets the other objects of the kind in the same scope. A kind with a
    `webhook` is refused in that webhook's words.
    """

    default: Callable[[Any, Any, AdmissionConfig], Any] | None = None
    validate: Callable[[Any, Any, AdmissionConfig], Sequence[Cause]] | None = None
    among: Callable[[Any, Any, Sequence[Any]], Sequence[Cause]] | None = None
    webhook: str = ""


_KNATIVE_RULES: Final[Mapping[type[Object], Rules]] = MappingProxyType(
    {
        Service: Rules(
            default=lambda obj, old, config: default_service(
                obj, old, defaults=config.knative.revision
            ),
            validate=lambda obj, old, config: validate_service(obj, old, limits=config.knative),
        ),
        Configuration: Rules(
            default=lambda obj, old, config: default_configuration(
                obj, old, defaults=config.knative.revision
            ),
            validate=lambda obj, old, config: validate_configuration(
                obj, old, limits=config.knative
            ),
        ),
        Revision: Rules(
            default=lambda obj, old, config: default_revision(
                obj, old, defaults=config.knative.revision
            ),
            validate=lambda obj, old, config: validate_revision(obj, old, limits=config.knative),
        ),
        Route: Rules(
            default=lambda obj, old, config: default_route(obj, old),
            validate=lambda obj, old, config: validate_route(obj, old),
        ),
    }
)
Peers = Callable[[Object], Sequence[Object]]
"""The stored objects of an object's kind and namespace, or all of a cluster-scoped kind."""


def _nobody(obj: Object) -> Sequence[Object]:
    return ()


_INFERENCE_SERVICE: Final = {
    Compat.KSERVE: Rules(
        default=lambda isvc, old, config: default_inference_service(isvc, config.kserve),
        validate=lambda isvc, old, config: validate_inference_service(isvc, old),
    ),
    Compat.KFSERVING: Rules(
        default=lambda isvc, old, config: kfserving_defaults.default_inference_service(isvc),
        validate=lambda isvc, old, config: kfserving_validation.validate_inference_service(isvc),
    ),
}
_OTHERS_OF_KSERVE: Final[Mapping[type[Object], Rules]] = MappingProxyType(
    {
        ServingRuntime: Rules(among=validate_serving_runtime),
        ClusterServingRuntime: Rules(among=validate_serving_runtime),
        TrainedModel: Rules(validate=lambda model, old, config: validate_trained_model(model, old)),
        InferenceGraph: Rules(validate=lambda graph, old, config: validate_graph(graph)),
    }
)
_WITHOUT_WEBHOOK: Final[Mapping[type[Object], Rules]] = MappingProxyType(
    {
        ClusterStorageContainer: Rules(
            validate=lambda container, old, config: validate_storage_container(container)
        )
    }
)


def _rules_of(profile: Profile) -> Mapping[type[Object], Rules]:
    of_kserve: dict[type[Object], Rules] = dict(_OTHERS_OF_KSERVE)
    of_kserve[InferenceService] = _INFERENCE_SERVICE[profile.compat]
    webhooks = {
        kind: replace(rules, webhook=profile.webhook(kind.KIND))
        for kind, rules in of_kserve.items()
    }
    return MappingProxyType({**_KNATIVE_RULES, **_WITHOUT_WEBHOOK, **webhooks})


RULES: Final[Mapping[Compat, Mapping[type[Object], Rules]]] = MappingProxyType(
    {compat: _rules_of(profile_of(compat)) for compat in Compat}
)
"""By mode, for the kinds that have rules of their own."""
_NO_RULES: Final = Rules()
_PLAIN: Final = AdmissionConfig()
# How the messages of field errors begin (apimachinery's pkg/util/validation/field/errors.go).
_FIELD_ERRORS = ("Duplicate value", "Invalid value", "Required value", "Unsupported value")


def admit(
    resource: ResourceKind,
    obj: Object,
    old: Object | None,
    *,
    config: AdmissionConfig = _PLAIN,
    peers: Peers = _nobody,
    profile: Profile = CURRENT,
) -> Object:
    """The object to store. Raises Forbidden or Invalid; an object being deleted always passes."""
    rules = RULES[profile.compat].get(resource.model, _NO_RULES)
    if rules.default is not None:
        obj = rules.default(obj, old, config)
    if obj.metadata.deletion_timestamp is not None:
        return obj
    if rules.validate is not None or rules.among is not None:
        causes = list(rules.validate(obj, old, config)) if rules.validate is not None else []
        if rules.among is not None:
            causes += rules.among(obj, old, peers(obj))
        if causes and rules.webhook:
            raise Forbidden(
                f'admission webhook "{rules.webhook}" denied the request: {_sentence(causes[0])}',
                causes=causes,
            )
    else:
        causes = list(_pod_spec_causes(obj))
    named = validate_metadata(obj.metadata, has_path_name=resource.has_path_names)
    causes = [*named, *causes]
    if causes:
        raise Invalid(_invalid_text(resource, obj, causes), causes=causes)
    return obj


def _sentence(cause: Cause) -> str:
    """KServe's own texts say what they are about; a field error needs its field."""
    is_field_error = cause.message.startswith(_FIELD_ERRORS)
    return f"{cause.field}: {cause.message}" if is_field_error else cause.message


def _pod_spec_causes(obj: Object) -> Iterator[Cause]:
    """The PodSpec of a Pod, or of a template, if the kind has one."""
    spec = getattr(obj, "spec", None)
    if isinstance(spec, PodSpec):
        yield from validate_pod_spec(spec, path="spec")
    template = getattr(getattr(spec, "template", None), "spec", None)
    if isinstance(template, PodSpec):
        yield from validate_pod_spec(template, path="spec.template.spec")


def _invalid_text(resource: ResourceKind, obj: Object, causes: Sequence[Cause]) -> str:
    """As apimachinery's NewInvalid: `Pod "x" is invalid: field: text`, several in brackets."""
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    texts = [
        f"{cause.field}: {cause.message}" if cause.field else cause.message for cause in causes
    ]
    joined = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    return f'{kind} "{obj.metadata.name}" is invalid: {joined}'
