"""Client-side apply, as kubectl does it: a three-way merge kept in an annotation.

What the manifest said last time is in `kubectl.kubernetes.io/last-applied-configuration`; fields
that were there and are no longer are removed, fields that others set are left alone.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kfsim.base.errors import BadRequest
from kfsim.cli.client import ApiClient, ApiError, Resource
from kfsim.cli.manifests import SOURCE, Manifest

_DEFINITION = "CustomResourceDefinition"
_FIRST = ("Namespace", _DEFINITION)
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@dataclass(frozen=True, slots=True)
class Change:
    """What apply is about to do with one object; `live` is None for one that is new.

    An empty `patch` leaves a live object as it is.
    """

    resource: Resource
    namespace: str
    wanted: dict[str, Any]
    live: dict[str, Any] | None
    patch: dict[str, Any]

    @property
    def name(self) -> str | None:
        """None where the server makes the name, from generateName."""
        name: str | None = self.wanted["metadata"].get("name")
        return name

    def outcome(self, result: Mapping[str, Any]) -> str:
        """created, configured or unchanged, by what the server made of it.

        A patch may change nothing: a list that the server completes with defaults, as containers
        are, is sent again as it was written each time. kubectl calls that configured.
        """
        if self.live is None:
            return "created"
        return "unchanged" if _settled(result) == _settled(self.live) else "configured"


def apply_manifest(client: ApiClient, manifest: Manifest, *, namespace: str) -> tuple[str, str]:
    """Create or patch one object; returns its printed name and created/configured/unchanged.

    Raises ApiError when the server refuses, NotFound for a kind it does not know, and of these
    ForeignKind for one that other software would act on.
    """
    change = plan_change(client, manifest, namespace=namespace)
    try:
        result = carry_out(client, change)
    except ApiError as error:
        if not (error.is_conflict and change.live is None):
            raise
        # Somebody created it meanwhile: a `kfsim up` that watches the same file, say.
        change = plan_change(client, manifest, namespace=namespace)
        result = carry_out(client, change)
    return f"{change.resource.full_name}/{result['metadata']['name']}", change.outcome(result)


def _settled(found: Mapping[str, Any]) -> dict[str, Any]:
    """An object without what others write, and without its version."""
    metadata = {key: value for key, value in found["metadata"].items() if key != "resourceVersion"}
    return {**found, "metadata": metadata, "status": None}


def in_install_order(manifests: Sequence[Manifest]) -> list[Manifest]:
    """Namespaces and CRDs before what needs them, as kustomize and Helm order them; otherwise as
    given."""
    return sorted(manifests, key=lambda manifest: install_rank(manifest.document["kind"]))


def install_rank(kind: str) -> int:
    """Lower for what others need, and what is to be removed after them."""
    return _FIRST.index(kind) if kind in _FIRST else len(_FIRST)


def plan_change(client: ApiClient, manifest: Manifest, *, namespace: str) -> Change:
    """Compare a manifest with the live object. Raises as `apply_manifest` does."""
    resource = resource_of(client, manifest)
    place = namespace_of(manifest, resource, namespace)
    wanted = prepare(manifest, place if resource.namespaced else None)
    name = wanted["metadata"].get("name")
    # A name that is a number is for the server to refuse.
    live = None if name is None else _get(client, resource.path(place, str(name)))
    patch = {} if live is None else three_way_patch(last_applied(live), wanted, live)
    return Change(resource, place, wanted, live, patch)


def carry_out(client: ApiClient, change: Change, *, dry_run: bool = False) -> dict[str, Any]:
    """Send the change; returns the object as the server then has it, or would have it."""
    query = {"fieldValidation": "Strict", **({"dryRun": "All"} if dry_run else {})}
    path = change.resource.path
    if change.live is None:
        made = client.create(path(change.namespace), change.wanted, **query)
        if change.resource.kind == _DEFINITION and not dry_run:
            client.refresh()
        return made
    if not change.patch:
        return change.live
    return client.patch(path(change.namespace, change.name), change.patch, **query)


def _get(client: ApiClient, path: str) -> dict[str, Any] | None:
    try:
        return client.get(path)
    except ApiError as error:
        if error.is_not_found:
            return None
        raise


def resource_of(client: ApiClient, manifest: Manifest) -> Resource:
    """Raises NotFound, or ForeignKind."""
    api_version, kind = manifest.document["apiVersion"], manifest.document["kind"]
    resource = client.resource_for(api_version, kind)
    if resource is None:
        raise client.missing_kind(api_version, kind)
    return resource


def namespace_of(manifest: Manifest, resource: Resource, namespace: str) -> str:
    """The manifest's own namespace, else the given one; empty for cluster scope."""
    if not resource.namespaced:
        return ""
    return str(manifest.document["metadata"].get("namespace") or namespace)


def encode_document(document: dict[str, Any]) -> str:
    """The JSON that goes to the server. Raises BadRequest for what only YAML can say."""
    try:
        return json.dumps(document, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise BadRequest(f"the document cannot be written as JSON: {error}") from error


def prepare(manifest: Manifest, namespace: str | None) -> dict[str, Any]:
    """The document to send: namespace, source and last-applied annotation filled in.

    Raises BadRequest for what is no JSON.
    """
    document: dict[str, Any] = json.loads(encode_document(manifest.document))
    document.pop("status", None)
    if namespace:
        document["metadata"]["namespace"] = namespace
    given = document["metadata"].get("annotations") or {}
    if not isinstance(given, dict):
        return document  # the server says what is wrong
    annotations = dict(given)
    annotations.pop(LAST_APPLIED, None)
    if manifest.source:
        annotations[SOURCE] = manifest.source
    document["metadata"]["annotations"] = annotations
    text = json.dumps(document, separators=(",", ":"), sort_keys=True)
    document["metadata"]["annotations"] = {**annotations, LAST_APPLIED: text}
    return document


def last_applied(live: dict[str, Any]) -> dict[str, Any]:
    """What was applied last, or nothing when the object was not made by apply."""
    text = (live["metadata"].get("annotations") or {}).get(LAST_APPLIED)
    try:
        parsed = json.loads(text) if text else {}
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def three_way_patch(
    before: dict[str, Any], wanted: dict[str, Any], live: dict[str, Any]
) -> dict[str, Any]:
    """The merge patch that brings `live` to `wanted` and removes what only `before` had.

    Lists are replaced whole, as a JSON merge patch does.
    """
    patch: dict[str, Any] = {}
    for key, value in wanted.items():
        if key in ("apiVersion", "kind"):
            continue
        current = live.get(key)
        if isinstance(value, dict) and isinstance(current, dict):
            earlier = before.get(key)
            below = three_way_patch(earlier if isinstance(earlier, dict) else {}, value, current)
            if below:
                patch[key] = below
        elif value != current and not (value is None and key not in live):
            patch[key] = value
    for key in before:
        if key not in wanted and key in live and key not in ("apiVersion", "kind"):
            patch[key] = None
    return patch
