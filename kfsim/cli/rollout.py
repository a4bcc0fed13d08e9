"""Bringing a cluster to what a project's manifests say.

`apply_all` applies every document, prunes what this project applied before and no longer finds
(only after everything parsed and applied cleanly), and reports. Whether the services then come up
is `progress`.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kfsim.base.errors import AlreadyExists, KfsimError
from kfsim.cli.apply import (
    LAST_APPLIED,
    apply_manifest,
    in_install_order,
    install_rank,
    namespace_of,
    resource_of,
)
from kfsim.cli.client import ApiClient, ApiError, Resource
from kfsim.cli.fidelity import Document
from kfsim.cli.manifests import SOURCE, Manifest, load_paths
from kfsim.cli.unknown_kinds import ForeignKind

Say = Callable[[str], None]
Identity = tuple[str, str, str, str]
"""Group, kind, namespace and name."""
_SAME_GROUPS = {"serving.kubeflow.org": "serving.kserve.io"}


@dataclass(slots=True)
class Applied:
    """What one pass over the manifests did."""

    services: list[tuple[str, str]] = field(default_factory=list)
    """Namespace and name of every InferenceService that was accepted, in order."""
    manifests: dict[tuple[str, str], Manifest] = field(default_factory=dict)
    documents: list[Document] = field(default_factory=list)
    """Every document that could be read, applied or not."""
    changed: list[Document] = field(default_factory=list)
    """Those of them that this pass made or changed."""
    skipped: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    """Of all kinds, `unreadable` included."""
    changes: int = 0


def apply_all(
    client: ApiClient,
    paths: Sequence[str],
    *,
    say: Say,
    complain: Say,
    quiet_unchanged: bool = False,
    told: set[str] | None = None,
) -> Applied:
    """Apply everything below the paths. Errors are collected and told to `complain`, each without
    a prefix; nothing else stops. `told` is what earlier passes said was skipped; it grows."""
    told = set() if told is None else told
    result = Applied()
    loaded = load_paths(paths)
    result.skipped, result.unreadable = loaded.skipped, list(loaded.errors)
    for text in loaded.skipped:
        if text not in told:
            say(f"skipped {text}")
    told.update(loaded.skipped)
    for text in loaded.errors:
        result.errors.append(text)
        complain(text)
    applied: dict[Identity, Manifest] = {}
    notes: dict[str, None] = {}
    for manifest in in_install_order(loaded.found):
        try:
            resource = resource_of(client, manifest)
            namespace = namespace_of(manifest, resource, "default")
            _require_first(applied, manifest, (*_family(resource), namespace))
            name, outcome = apply_manifest(client, manifest, namespace="default")
        except ForeignKind as foreign:
            notes[foreign.note] = None
            result.documents.append(_refused(manifest, foreign=foreign.note))
            continue
        except KfsimError as error:
            result.errors.append(f"{manifest.place}: {error.message}")
            complain(f"{manifest.place}: {error.message}")
            result.documents.append(_refused(manifest, error=error.message))
            continue
        plain_name = manifest.document["metadata"].get("name") or name.partition("/")[2]
        applied[(*_family(resource), namespace, plain_name)] = manifest
        identity = (resource.api_version, resource.kind, namespace, plain_name)
        document = Document(manifest.shown, manifest.line, identity)
        result.documents.append(document)
        if outcome != "unchanged":
            result.changes += 1
            result.changed.append(document)
        if resource.kind == "InferenceService":
            result.services.append((namespace, plain_name))
            result.manifests[(namespace, plain_name)] = manifest
        if outcome != "unchanged" or not quiet_unchanged:
            say(f"{name} {outcome}")
    for note in notes if not quiet_unchanged else ():
        say(f"note: {note}")
    if not result.errors:
        _prune(client, paths, applied, result, say)
    return result


def _family(resource: Resource) -> tuple[str, str]:
    """Group and kind; the two groups of InferenceService hold the same objects."""
    return _SAME_GROUPS.get(resource.group, resource.group), resource.kind


def _require_first(
    applied: Mapping[Identity, Manifest], manifest: Manifest, prefix: tuple[str, str, str]
) -> None:
    """Raises AlreadyExists for an object that an earlier document defines too."""
    name = manifest.document["metadata"].get("name")
    earlier = applied.get((*prefix, str(name))) if name else None
    if earlier is not None:
        raise AlreadyExists(
            f"{manifest.title} is already given at {earlier.place}, and that one is in force; "
            "remove one of them, or give it another name or namespace"
        )


def _refused(manifest: Manifest, *, error: str = "", foreign: str = "") -> Document:
    document = manifest.document
    namespace = str(document["metadata"].get("namespace") or "")
    identity = (document["apiVersion"], document["kind"], namespace, manifest.name)
    return Document(manifest.shown, manifest.line, identity, error=error, foreign=foreign)


def _prune(
    client: ApiClient,
    paths: Sequence[str],
    applied: Mapping[Identity, Manifest],
    result: Applied,
    say: Say,
) -> None:
    roots = [os.path.realpath(path) for path in paths]
    seen: set[Identity] = set()
    for resource in sorted(client.stored_resources(), key=lambda each: -install_rank(each.kind)):
        for item in client.get(resource.path(None))["items"]:
            metadata = item["metadata"]
            identity = (*_family(resource), metadata.get("namespace", ""), metadata["name"])
            if identity in applied or identity in seen or not _is_ours(metadata, roots):
                continue
            seen.add(identity)
            try:
                client.delete(resource.path(metadata.get("namespace"), metadata["name"]))
            except ApiError as error:
                if not error.is_not_found:  # somebody was faster
                    raise
            result.changes += 1
            say(f"{resource.full_name}/{metadata['name']} pruned")


def _is_ours(metadata: dict[str, Any], roots: list[str]) -> bool:
    annotations = metadata.get("annotations") or {}
    source = annotations.get(SOURCE, "")
    if LAST_APPLIED not in annotations or metadata.get("ownerReferences"):
        return False
    return any(source == root or source.startswith(root + os.sep) for root in roots)
