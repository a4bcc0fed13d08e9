"""Create, update, patch and delete on the store, as the API server orders them.

decode → agree with the path → admission (defaulting, validation) → store → wait for the journal.
What a create does before the store is `api.creation`. Up to the wait everything happens in one
tick, so no other write can come between the check and the write.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from kfsim.api.apps import Deployment
from kfsim.api.core import Namespace
from kfsim.api.creation import (
    Admission,
    check_definition,
    complete_namespace,
    in_namespace,
    make_invalid,
    make_object,
)
from kfsim.api.decoding import FieldValidation, decode
from kfsim.api.kept_kinds import CUSTOM_RESOURCE_DEFINITION, not_simulated
from kfsim.api.meta import Object, ObjectMeta
from kfsim.api.replaced_controllers import not_started, replaced_controller
from kfsim.api.scheme import ResourceKind
from kfsim.base.clock import Clock
from kfsim.base.errors import BadRequest, Conflict, Invalid, NotFound
from kfsim.base.turns import in_turns
from kfsim.kubeapi.encoding import convert
from kfsim.kubeapi.patching import ApplyOptions, Change, apply
from kfsim.kubeapi.paths import NOT_FOUND, ResourcePath
from kfsim.kubeapi.queries import Selection
from kfsim.kubeapi.status import MethodNotAllowed
from kfsim.store import Entry, Propagation, Store


def admit_unchanged(resource: ResourceKind, obj: Object, old: Object | None) -> Object:
    """The admission of a server without any."""
    return obj


@dataclass(frozen=True, slots=True)
class Written:
    """A write's answer."""

    obj: Object
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """metav1.DeleteOptions, as far as it has an effect here."""

    propagation: Propagation = Propagation.BACKGROUND
    uid: str = ""
    resource_version: str = ""
    dry_run: bool = False


class Writer:
    """Carries out the write verbs. `strict`: a create makes no Namespace for itself."""

    def __init__(
        self, *, store: Store, clock: Clock, admission: Admission, strict: bool = False
    ) -> None:
        self._strict = strict
        self._store = store
        self._clock = clock
        self._admission = admission

    async def create(
        self,
        path: ResourcePath,
        data: dict[str, Any],
        *,
        validation: FieldValidation,
        dry_run: bool = False,
    ) -> Written:
        resource = path.resource
        if resource.namespaced and path.namespace is None:
            raise MethodNotAllowed(
                "the server does not allow this method on the requested resource"
            )
        made = make_object(
            resource,
            path.api_version,
            path.namespace or "",
            data,
            validation=validation,
            admission=self._admission,
        )
        namespace = made.obj.metadata.namespace
        if namespace and (self._strict or not dry_run):
            self._find_namespace(namespace)
        stored = self._store.create(made.obj, dry_run=dry_run)
        warnings = (*made.warnings, *_warnings_about(path, stored))
        return await self._written(stored, warnings, dry_run=dry_run)

    def _find_namespace(self, name: str) -> None:
        """Raises NotFound in the words of the admission plugin NamespaceLifecycle."""
        if not self._strict:
            ensure_namespace(self._store, name)
        elif self._store.entry(Namespace, name) is None:
            raise NotFound(f'namespaces "{name}" not found')

    async def update(
        self,
        path: ResourcePath,
        data: dict[str, Any],
        *,
        validation: FieldValidation,
        dry_run: bool = False,
    ) -> Written:
        resource = path.resource
        decoded = decode(resource, path.api_version, data, validation, stored=self._stored(path))
        obj = in_namespace(resource, path.namespace or "", decoded.obj)
        if obj.metadata.name != path.name:
            raise BadRequest(
                f"the name of the object ({obj.metadata.name}) does not match the name on the URL "
                f"({path.name})"
            )
        if not obj.metadata.resource_version and resource.custom:
            raise _must_have_version(resource, path.name)
        return await self._replace(path, obj, decoded.warnings, dry_run=dry_run)

    async def patch(
        self,
        path: ResourcePath,
        change: Change,
        *,
        validation: FieldValidation,
        dry_run: bool = False,
    ) -> Written:
        entry = self.existing(path)
        stored = orjson.loads(entry.raw)
        patched = change(convert(path.resource, stored, path.api_version))
        decoded = decode(path.resource, path.api_version, patched, validation, stored=stored)
        obj = decoded.obj
        if (obj.metadata.name, obj.metadata.namespace) != (entry.name, entry.namespace):
            raise BadRequest(
                f"the patch changes the identity of the object: {entry.namespace}/{entry.name} "
                f"became {obj.metadata.namespace}/{obj.metadata.name}"
            )
        return await self._replace(path, obj, decoded.warnings, dry_run=dry_run)

    async def apply(
        self,
        path: ResourcePath,
        wanted: dict[str, Any],
        options: ApplyOptions,
        *,
        validation: FieldValidation,
        dry_run: bool = False,
    ) -> tuple[Written, bool]:
        """Server-side apply; also whether the object is new."""
        model, namespace = path.resource.model, path.namespace or ""
        if self._store.entry(model, path.name, namespace) is not None:

            def change(live: dict[str, Any]) -> dict[str, Any]:
                return apply(live, wanted, options)

            return await self.patch(path, change, validation=validation, dry_run=dry_run), False
        if path.subresource:
            raise NotFound(f'{path.resource.resource} "{path.name}" not found')
        named = {**wanted, "metadata": {**(wanted.get("metadata") or {}), "name": path.name}}
        made = apply(None, named, options)
        return await self.create(path, made, validation=validation, dry_run=dry_run), True

    def _stored(self, path: ResourcePath) -> dict[str, Any] | None:
        """The object that a path names, if there is one."""
        entry = self._store.entry(path.resource.model, path.name, path.namespace or "")
        return None if entry is None else orjson.loads(entry.raw)

    async def delete(self, path: ResourcePath, options: DeleteOptions) -> tuple[Entry, bool]:
        """The object as it is now or was at last, and whether it is gone."""
        entry = self.existing(path)
        _check_preconditions(path.resource, entry, options)
        if options.dry_run:
            return entry, True
        self._store.delete(
            entry.model, entry.name, entry.namespace, propagation=options.propagation
        )
        await self._store.committed()
        left = self._store.entry(entry.model, entry.name, entry.namespace)
        if left is None or left.uid != entry.uid:
            return entry, True
        return left, False

    async def delete_collection(
        self, path: ResourcePath, selection: Selection, options: DeleteOptions
    ) -> list[Entry]:
        chosen = selection.filter(self._store.entries(path.resource.model, selection.namespace))
        async for entry in in_turns(chosen if not options.dry_run else (), self._clock):
            left = self._store.entry(entry.model, entry.name, entry.namespace)
            if left is not None and left.uid == entry.uid:
                self._store.delete(
                    entry.model, entry.name, entry.namespace, propagation=options.propagation
                )
        await self._store.committed()
        return chosen

    def existing(self, path: ResourcePath) -> Entry:
        """Raises NotFound."""
        entry = self._store.entry(path.resource.model, path.name, path.namespace or "")
        if entry is None:
            raise NotFound(f'{path.resource.resource} "{path.name}" not found')
        return entry

    async def _replace(
        self, path: ResourcePath, obj: Object, warnings: tuple[str, ...], *, dry_run: bool
    ) -> Written:
        entry = self.existing(path)
        if path.subresource == "status":
            stored = self._store.update_status(obj, dry_run=dry_run)
        elif path.subresource:
            raise NotFound(NOT_FOUND)
        else:
            old = self._store.view(path.resource.model, entry)
            uid = obj.metadata.uid
            if uid and uid != entry.uid:
                raise Conflict(
                    f'Operation cannot be fulfilled on {path.resource.resource} "{path.name}": '
                    f"Precondition failed: UID in precondition: {uid}, UID in object meta: "
                    f"{entry.uid}"
                )
            if path.resource.kind == CUSTOM_RESOURCE_DEFINITION:
                check_definition(path.resource, obj)
            stored = self._store.update(self._admission(path.resource, obj, old), dry_run=dry_run)
            warnings = (*warnings, *_warnings_about(path, stored))
        return await self._written(stored, warnings, dry_run=dry_run)

    async def _written(
        self, stored: Object, warnings: tuple[str, ...], *, dry_run: bool
    ) -> Written:
        if not dry_run:
            await self._store.committed()
        return Written(stored, warnings)


def _warnings_about(path: ResourcePath, obj: Object) -> tuple[str, ...]:
    kind = path.resource.kind
    if not path.resource.simulated:
        return (not_simulated(path.api_version, kind),)
    image = replaced_controller(obj) if isinstance(obj, Deployment) else ""
    return (f"{kind} {obj.metadata.name}: {not_started(image)}",) if image else ()


def parse_delete_options(data: Mapping[str, Any], query: Mapping[str, str]) -> DeleteOptions:
    """Body and query together; the query wins. Raises BadRequest."""
    text = query.get("propagationPolicy") or data.get("propagationPolicy")
    if not text:
        orphan = data.get("orphanDependents") or query.get("orphanDependents") == "true"
        text = Propagation.ORPHAN if orphan else Propagation.BACKGROUND
    try:
        propagation = Propagation(text)
    except ValueError as error:
        raise BadRequest(
            f'invalid propagationPolicy "{text}": expected Foreground, Background or Orphan'
        ) from error
    preconditions = data.get("preconditions") or {}
    return DeleteOptions(
        propagation=propagation,
        uid=preconditions.get("uid") or "",
        resource_version=preconditions.get("resourceVersion") or "",
        dry_run="All" in (data.get("dryRun") or ()) or query.get("dryRun") == "All",
    )


def ensure_namespace(store: Store, name: str) -> None:
    """Create the Namespace unless it is there: on one host nobody does that by hand."""
    if store.entry(Namespace, name) is None:
        store.create(complete_namespace(Namespace(metadata=ObjectMeta(name=name))))


def _check_preconditions(resource: ResourceKind, entry: Entry, options: DeleteOptions) -> None:
    for name, wanted, found in (
        ("UID", options.uid, entry.uid),
        ("ResourceVersion", options.resource_version, str(entry.resource_version)),
    ):
        if wanted and wanted != found:
            raise Conflict(
                f'Operation cannot be fulfilled on {resource.resource} "{entry.name}": '
                f"Precondition failed: {name} in precondition: {wanted}, {name} in object meta: "
                f"{found}"
            )


def _must_have_version(resource: ResourceKind, name: str) -> Invalid:
    return make_invalid(
        resource,
        name,
        "metadata.resourceVersion",
        "Invalid value: 0x0: must be specified for an update",
    )
