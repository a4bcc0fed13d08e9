"""Validation of serving.knative.dev/v1, as Knative's validating webhook does it.

Sources: pkg/apis/serving/v1/{service,configuration,revision,route}_validation.go. `old` is the
stored object of an update, None for a create. Fields are paths from the object's root.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kfsim.api.config.defaults import DefaultsConfig
from kfsim.api.field_errors import (
    disallowed,
    invalid_key,
    invalid_value,
    missing,
    one_of_missing,
    one_of_multiple,
    out_of_bounds,
    under,
)
from kfsim.api.knative import keys
from kfsim.api.knative.annotations import (
    ScaleLimits,
    refuse_autoscaling,
    validate_autoscaling,
    validate_progress_deadline,
    validate_queue_resources,
    validate_rollout_duration,
)
from kfsim.api.knative.revision_validation import validate_revision_spec
from kfsim.api.knative.serving import (
    Configuration,
    Revision,
    RevisionTemplateSpec,
    Route,
    Service,
    TrafficTarget,
)
from kfsim.api.meta import Object, ObjectMeta
from kfsim.base.errors import Cause

_DNS_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_DNS_1035_HINT = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
    "alphabetic character, and end with an alphanumeric character"
)
_QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_LABEL_MAX = 63
_WHOLE = 100


@dataclass(frozen=True, slots=True)
class KnativeLimits:
    """What the cluster's ConfigMaps allow: config-defaults, and of config-autoscaler what
    annotations may say."""

    revision: DefaultsConfig = field(default_factory=DefaultsConfig)
    scale: ScaleLimits = field(default_factory=ScaleLimits)


_LIMITS = KnativeLimits()


def validate_service(
    service: Service, old: Service | None = None, *, limits: KnativeLimits = _LIMITS
) -> list[Cause]:
    spec = service.spec
    annotations = service.metadata.annotations
    return [
        *_metadata(service.metadata, refuse_autoscaling(annotations)),
        *under("metadata.annotations", validate_rollout_duration(annotations)),
        *under("spec.template", _template(spec.template, service.metadata, limits)),
        *under("spec.traffic", _traffic(spec.traffic, default_configuration=True)),
        *_kept_name(spec.template, old.spec.template if old is not None else None),
    ]


def validate_configuration(
    configuration: Configuration,
    old: Configuration | None = None,
    *,
    limits: KnativeLimits = _LIMITS,
) -> list[Cause]:
    template = configuration.spec.template
    return [
        *_metadata(configuration.metadata, refuse_autoscaling(configuration.metadata.annotations)),
        *_owner_label(configuration, keys.SERVICE, "Service"),
        *under("spec.template", _template(template, configuration.metadata, limits)),
        *_kept_name(template, old.spec.template if old is not None else None),
    ]


def validate_revision(
    revision: Revision, old: Revision | None = None, *, limits: KnativeLimits = _LIMITS
) -> list[Cause]:
    """A Revision cannot be changed after its creation."""
    if old is not None:
        if old.spec != revision.spec:
            return [Cause("spec", "Immutable fields changed (-old +new)")]
        return []
    return [
        *_metadata(
            revision.metadata,
            validate_autoscaling(revision.metadata.annotations, limits=limits.scale),
        ),
        *_owner_label(revision, keys.CONFIGURATION, "Configuration"),
        *under("spec", validate_revision_spec(revision.spec, limits=limits.revision)),
    ]


def validate_route(route: Route, old: Route | None = None) -> list[Cause]:
    annotations = route.metadata.annotations
    return [
        *_metadata(route.metadata, refuse_autoscaling(annotations)),
        *under("metadata.annotations", validate_rollout_duration(annotations)),
        *_owner_label(route, keys.SERVICE, "Service"),
        *under("spec.traffic", _traffic(route.spec.traffic, default_configuration=False)),
    ]


def _metadata(metadata: ObjectMeta, annotations: Sequence[Cause]) -> list[Cause]:
    causes = list(under("metadata.annotations", annotations))
    name = metadata.name
    if name and not _is_label(name):
        causes.append(invalid_value(f"not a DNS 1035 label: [{_DNS_1035_HINT}]", "metadata.name"))
    if not name and not metadata.generate_name:
        causes.append(Cause("metadata.name", "name or generateName is required"))
    return causes


def _owner_label(obj: Object, label: str, kind: str) -> list[Cause]:
    """An owner's label belongs to the owner's own children."""
    value = obj.metadata.labels.get(label)
    if value is None:
        return []
    owners: Mapping[tuple[str, str], object] = {
        (owner.kind, owner.name): owner for owner in obj.metadata.owner_references
    }
    return [] if (kind, value) in owners else [missing(f"metadata.labels.{label}")]


def _template(
    template: RevisionTemplateSpec, parent: ObjectMeta, limits: KnativeLimits
) -> list[Cause]:
    annotations = template.metadata.annotations
    return [
        *under("spec", validate_revision_spec(template.spec, limits=limits.revision)),
        *under(
            "metadata.annotations",
            [
                *validate_autoscaling(annotations, limits=limits.scale),
                *validate_queue_resources(annotations),
                *validate_progress_deadline(annotations),
            ],
        ),
        *_revision_name(template.metadata.name, parent),
    ]


def _revision_name(name: str, parent: ObjectMeta) -> list[Cause]:
    if not name:
        return []
    if not _is_label(name):
        return [invalid_value(f"not a DNS 1035 label: [{_DNS_1035_HINT}]", "metadata.name")]
    if not parent.name and parent.generate_name:
        return [disallowed("metadata.name")]
    prefix = f"{parent.name}-"
    if not name.startswith(prefix):
        return [invalid_value(f'"{name}" must have prefix "{prefix}"', "metadata.name")]
    return []


def _kept_name(template: RevisionTemplateSpec, old: RevisionTemplateSpec | None) -> list[Cause]:
    """A template that names its revision must take a new name with every change."""
    name = template.metadata.name
    if old is None or not name or name != old.metadata.name or template == old:
        return []
    return [
        Cause(
            "spec.template.metadata.name",
            "Saw the following changes without a name change (-old +new)",
        )
    ]


def _traffic(traffic: Sequence[TrafficTarget], *, default_configuration: bool) -> list[Cause]:
    causes: list[Cause] = []
    tags: dict[str, int] = {}
    for index, target in enumerate(traffic):
        causes += under(f"[{index}]", _target(target, default_configuration=default_configuration))
        tag = target.tag
        if not tag:
            continue
        if not _is_label(tag):
            causes.append(
                invalid_value(f"not a DNS 1035 label: [{_DNS_1035_HINT}]", f"[{index}].tag")
            )
        if tag in tags:
            message = f'Multiple definitions for "{tag}"'
            causes += [Cause(f"[{each}].tag", message) for each in (tags[tag], index)]
        tags.setdefault(tag, index)
    total = sum(target.percent or 0 for target in traffic)
    if total != _WHOLE:
        causes.append(Cause("", f"Traffic targets sum to {total}, want {_WHOLE}"))
    return causes


def _target(target: TrafficTarget, *, default_configuration: bool) -> list[Cause]:
    return [
        *_latest(target),
        *_referent(target, default_configuration=default_configuration),
        *_percent(target.percent),
        *([disallowed("url")] if target.url else []),
    ]


def _latest(target: TrafficTarget) -> list[Cause]:
    latest = target.latest_revision
    if latest is None or bool(target.revision_name) != latest:
        return []
    name = target.revision_name or ""
    word = "true" if latest else "false"
    return [
        Cause("latestRevision", f'may not set revisionName "{name}" when latestRevision is {word}')
    ]


def _referent(target: TrafficTarget, *, default_configuration: bool) -> list[Cause]:
    if default_configuration and target.configuration_name:
        return [disallowed("configurationName")]
    if target.revision_name and target.configuration_name:
        return [one_of_multiple("revisionName, configurationName")]
    for member, name in (
        ("revisionName", target.revision_name),
        ("configurationName", target.configuration_name),
    ):
        if name:
            return [] if _is_qualified(name) else [invalid_key(name, member)]
    return [] if default_configuration else [one_of_missing("revisionName, configurationName")]


def _percent(percent: int | None) -> list[Cause]:
    if percent is None or 0 <= percent <= _WHOLE:
        return []
    return [out_of_bounds(percent, 0, _WHOLE, "percent")]


def _is_label(name: str) -> bool:
    return len(name) <= _LABEL_MAX and _DNS_1035.fullmatch(name) is not None


def _is_qualified(name: str) -> bool:
    return len(name) <= _LABEL_MAX and _QUALIFIED.fullmatch(name) is not None
