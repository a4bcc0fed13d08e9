"""CustomResourceDefinitions: the kinds that a user's CRDs bring (apiextensions.k8s.io/v1).

Objects of such a kind are kept as given: the schemas of a CRD are not enforced. The version that
objects are stored under is the first of `status.storedVersions`, as on a cluster, so that it stays
what it was when the CRD moves on.
"""

from typing import Any

from kfsim.api.kept_kinds import KeptKind
from kfsim.api.meta import Object
from kfsim.base.errors import Cause

_CONDITIONS = (
    ("NamesAccepted", "NoConflicts", "no conflicts found"),
    ("Established", "InitialNamesAccepted", "the initial names have been accepted"),
)


def definition_causes(definition: Object) -> list[Cause]:
    """What is wrong with a CRD (apiextensions validation.go, as far as the names are used)."""
    spec = _as_dict(getattr(definition, "spec", None))
    names = _as_dict(spec.get("names"))
    causes = [
        Cause(f"spec.{path}", "Required value", "FieldValueRequired")
        for path, value in (
            ("group", spec.get("group")),
            ("names.plural", names.get("plural")),
            ("names.kind", names.get("kind")),
        )
        if not (isinstance(value, str) and value)
    ]
    if spec.get("scope") not in ("Namespaced", "Cluster"):
        causes.append(
            Cause(
                "spec.scope",
                f'Unsupported value: "{spec.get("scope") or ""}": supported values: "Cluster", '
                '"Namespaced"',
                "FieldValueNotSupported",
            )
        )
    if sum(each.get("storage") is True for each in _versions(spec)) != 1:
        causes.append(
            Cause(
                "spec.versions",
                "Invalid value: must have exactly one version marked as storage version",
                "FieldValueInvalid",
            )
        )
    wanted = f"{names.get('plural')}.{spec.get('group')}"
    if not causes and definition.metadata.name != wanted:
        causes.append(
            Cause(
                "metadata.name",
                f'Invalid value: "{definition.metadata.name}": must be spec.names.plural+"."+'
                f'spec.group: "{wanted}"',
                "FieldValueInvalid",
            )
        )
    return causes


def establish(definition: Object) -> Object:
    """The CRD with the status that the API server's controllers give it."""
    spec = _as_dict(getattr(definition, "spec", None))
    names = _as_dict(spec.get("names"))
    stored = next(str(each.get("name")) for each in _versions(spec) if each.get("storage"))
    conditions = [
        {"type": type_, "status": "True", "reason": reason, "message": message}
        for type_, reason, message in _CONDITIONS
    ]
    status = {"conditions": conditions, "acceptedNames": names, "storedVersions": [stored]}
    return definition.replaced(status=status)


def defined_kind(definition: dict[str, Any]) -> KeptKind | None:
    """The kind that a stored CRD defines; None where it serves no version."""
    spec, status = definition["spec"], _as_dict(definition.get("status"))
    group, names = spec["group"], spec["names"]
    served = [f"{group}/{each['name']}" for each in _versions(spec) if each.get("served")]
    stored = f"{group}/{next(iter(status.get('storedVersions') or ()), '')}"
    if not served:
        return None
    subresources = [_as_dict(each.get("subresources")) for each in _versions(spec)]
    return KeptKind(
        served=tuple(dict.fromkeys((stored, *served))),
        kind=names["kind"],
        plural=names["plural"],
        namespaced=spec["scope"] == "Namespaced",
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        has_status=any("status" in each for each in subresources),
    )


def _versions(spec: dict[str, Any]) -> list[dict[str, Any]]:
    versions = spec.get("versions")
    return [each for each in versions or () if isinstance(each, dict)]


def _as_dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
