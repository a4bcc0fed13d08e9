"""Checking manifests as the API would take them, with no daemon and no network.

Each document goes through `api.creation.make_object` with strict decoding, as `kfsim apply` has it
done, so what is refused here is refused there with the same texts. What only several documents
together, or the disk, can tell is added: duplicates are problems, models that are not there yet
are warnings.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from kfsim.api.admission import admit
from kfsim.api.compat import Compat, profile_of
from kfsim.api.creation import Admission, make_object
from kfsim.api.decoding import FieldValidation, UnknownFields
from kfsim.api.kept_kinds import CUSTOM_RESOURCE_DEFINITION, not_simulated
from kfsim.api.kserve.types import InferenceService
from kfsim.api.meta import Object
from kfsim.api.registry import KindRegistry, is_simulated_group
from kfsim.api.scheme import ResourceKind, group_of
from kfsim.base.errors import Invalid, KfsimError
from kfsim.cli.apply import encode_document
from kfsim.cli.manifests import Manifest
from kfsim.cli.model_paths import find_missing_models
from kfsim.cli.scaling_hints import find_scaling_hints
from kfsim.cli.unknown_kinds import ForeignKind, describe_unknown
from kfsim.daemon.project import find_project_file
from kfsim.daemon.project_file import read_project_file


class Verdict(StrEnum):
    """What is known of a document."""

    VALID = "valid"
    INVALID = "invalid"
    NOT_CHECKED = "notChecked"


@dataclass(frozen=True, slots=True)
class Problem:
    """One cause of a refusal; `field` is empty where it is about the whole document."""

    message: str
    field: str = ""
    suggestion: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """One document's outcome. `refusal` is the API's own message, empty where it would accept;
    `unknown_kind` says why the document was not checked."""

    manifest: Manifest
    namespace: str
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    refusal: str = ""
    unknown_kind: str = ""
    note: str = ""
    """What is to be said once per kind."""

    @property
    def verdict(self) -> Verdict:
        if self.problems:
            return Verdict.INVALID
        return Verdict.NOT_CHECKED if self.unknown_kind else Verdict.VALID


def check_manifests(
    manifests: Sequence[Manifest], *, namespace: str, compat: Compat = Compat.KSERVE
) -> list[Checked]:
    """All documents in order; `namespace` is for those that name none."""
    admission = partial(admit, profile=profile_of(compat))
    results: list[Checked] = []
    seen: dict[tuple[str, str, str, str], list[Manifest]] = {}
    kinds = _read_definitions(manifests)
    for manifest in manifests:
        document = manifest.document
        resource = kinds.find_kind(document["apiVersion"], document["kind"])
        place = _namespace_of(document, resource, namespace)
        earlier = seen.setdefault(_identity(document, resource, place), [])
        if manifest.source and manifest in earlier:
            continue  # two of the paths lead to this file
        is_named = bool(document["metadata"].get("name"))  # else the API makes a new name for each
        twice = (_duplicate(earlier[0], manifest),) if earlier and is_named else ()
        earlier.append(manifest)
        results.append(_check(manifest, resource, place, twice, admission))
    return results


def _read_definitions(manifests: Sequence[Manifest]) -> KindRegistry:
    """The kinds that there are once the CRDs among the manifests are applied."""
    kinds = KindRegistry()
    for manifest in manifests:
        document = manifest.document
        resource = kinds.find_kind(document["apiVersion"], document["kind"])
        if resource is None or resource.kind != CUSTOM_RESOURCE_DEFINITION:
            continue
        try:
            definition = _make(resource, document, "", admit)
        except KfsimError:
            continue  # said where the document is checked
        kinds.define(orjson.loads(definition.encode()))
    return kinds


def check_project_files(paths: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Each kfsim.yaml beside the paths, with its problems, a line each."""
    results: dict[str, tuple[str, ...]] = {}
    found = {path: None for path in map(find_project_file, paths) if path is not None}
    for path in found:
        results[str(path)] = _project_problems(path)
    return results


def _project_problems(path: Path) -> tuple[str, ...]:
    try:
        read_project_file(path)
    except Invalid as error:
        return tuple(error.message.splitlines())
    return ()


def _check(
    manifest: Manifest,
    resource: ResourceKind | None,
    namespace: str,
    twice: tuple[Problem, ...],
    admission: Admission,
) -> Checked:
    if resource is None:
        return _unknown(manifest, namespace, twice)
    try:
        obj = _make(resource, manifest.document, namespace, admission)
    except KfsimError as error:
        problems = (*_problems_of(error), *twice)
        return Checked(manifest, namespace, problems, refusal=error.message)
    warnings = tuple(find_scaling_hints(obj))
    if isinstance(obj, InferenceService):
        warnings += tuple(find_missing_models(obj, source=manifest.source))
    note = not_simulated(manifest.document["apiVersion"], resource.kind)
    return Checked(manifest, namespace, twice, warnings, note="" if resource.simulated else note)


def _unknown(manifest: Manifest, namespace: str, twice: tuple[Problem, ...]) -> Checked:
    """A mistake in a group in which kfsim acts; elsewhere the document is of other software."""
    api_version, kind = manifest.document["apiVersion"], manifest.document["kind"]
    served = [(version, each.kind) for each in KindRegistry().all() for version in each.served]
    text = describe_unknown(api_version, kind, served)
    if is_simulated_group(group_of(api_version)):
        return Checked(manifest, namespace, (Problem(text), *twice), refusal=text)
    return Checked(
        manifest, namespace, twice, unknown_kind=text, note=ForeignKind(api_version, kind).note
    )


def _make(
    resource: ResourceKind, document: dict[str, Any], namespace: str, admission: Admission
) -> Object:
    metadata = dict(document["metadata"])
    if resource.namespaced and not metadata.get("namespace"):
        metadata["namespace"] = namespace
    body = {key: value for key, value in document.items() if key != "status"}
    sent = orjson.loads(encode_document({**body, "metadata": metadata}))  # as the server reads it
    return make_object(
        resource,
        document["apiVersion"],
        namespace,
        sent,
        validation=FieldValidation.STRICT,
        admission=admission,
    ).obj


def _problems_of(error: KfsimError) -> Iterator[Problem]:
    if isinstance(error, UnknownFields):
        hints = {cause.field: cause.message for cause in error.causes}
        for path in error.paths:
            yield Problem("unknown field", path, hints.get(path, ""))
        return
    for cause in error.causes:
        yield Problem(cause.message, cause.field)
    if not error.causes:
        yield Problem(error.message)


def _namespace_of(document: dict[str, Any], resource: ResourceKind | None, namespace: str) -> str:
    if resource is not None and not resource.namespaced:
        return ""
    given = document["metadata"].get("namespace")
    return given if isinstance(given, str) and given else namespace


def _identity(
    document: dict[str, Any], resource: ResourceKind | None, namespace: str
) -> tuple[str, str, str, str]:
    """Both InferenceService groups are one kind."""
    group = group_of(document["apiVersion"]) if resource is None else resource.group
    return group, document["kind"], namespace, str(document["metadata"].get("name"))


def _duplicate(earlier: Manifest, manifest: Manifest) -> Problem:
    document = manifest.document
    return Problem(
        f"{document['kind']} {document['metadata']['name']} is already given at {earlier.place}, "
        "and the later one would replace it; rename one of them, or give it another namespace",
        "metadata.name",
    )
