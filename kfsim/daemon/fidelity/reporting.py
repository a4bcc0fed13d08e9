"""The fidelity of each applied object, as `GET /kfsim/v1/fidelity` answers it."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from kfsim.api.apps import Deployment
from kfsim.api.conditions import find_condition, is_true
from kfsim.api.fidelity.effects import When
from kfsim.api.fidelity.report import (
    Outcome,
    Surroundings,
    apply_remark,
    classify,
    has_unknown_fields,
)
from kfsim.api.fidelity.table import KINDS_WITHOUT_EFFECT
from kfsim.api.kept_kinds import not_simulated
from kfsim.api.kserve.keys import KFSIM_SOURCE, LAST_APPLIED
from kfsim.api.kserve.types import InferenceService
from kfsim.api.meta import Object
from kfsim.api.replaced_controllers import not_started, replaced_controller
from kfsim.api.scheme import ResourceKind, kind_of
from kfsim.api.substitution import Substitution
from kfsim.base.clock import Clock
from kfsim.base.errors import NotFound
from kfsim.base.turns import in_turns
from kfsim.controllers.inferenceservice.causes import find_causes
from kfsim.daemon.fidelity.remarks import Notes, find_remarks, read_notes
from kfsim.daemon.fidelity.workloads import Workload, find_workloads
from kfsim.replicas.devices import GpuMode
from kfsim.store import Store

_GPU_CONDITIONS = {GpuMode.FAKE: When.FAKE_GPUS, GpuMode.IGNORE: When.NO_GPUS}
_MARK = LAST_APPLIED.encode()
Substitutions = Callable[[InferenceService], Sequence[Substitution]]


class FidelityReporter:
    """Answers for one store. `substitutions` tells those of a service's plan."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock,
        gpu: GpuMode,
        substitutions: Substitutions = lambda _: (),
        strict: bool = False,
    ) -> None:
        self._store = store
        self._clock = clock
        self._substitutions = substitutions
        condition = _GPU_CONDITIONS.get(gpu)
        lenient = () if strict else (When.LENIENT,)
        self._everywhere = frozenset((*lenient, *(() if condition is None else (condition,))))

    async def report(self, query: Mapping[str, str]) -> dict[str, Any]:
        """All applied objects, or the one that `apiVersion`, `kind`, `namespace` and `name` name.
        Raises NotFound."""
        notes = await read_notes(self._store, self._clock)
        if "kind" in query:
            return {"objects": [self._describe(self._named(query), notes)]}
        entries = chain.from_iterable(
            self._store.entries(resource.model) for resource in self._resources()
        )
        rows = [
            self._describe(self._store.view(entry.model, entry), notes)
            async for entry in in_turns(entries, self._clock)
            if not entry.owner_uid and _MARK in entry.raw
        ]
        return {"objects": rows}

    def _resources(self) -> Iterator[ResourceKind]:
        """Every kind that may have objects."""
        kinds = self._store.kinds
        for names in kinds.all():
            if self._store.count(names.served[0], names.kind):
                resource = kinds.find_kind(names.served[0], names.kind)
                assert resource is not None
                yield resource

    def _named(self, query: Mapping[str, str]) -> Object:
        version, kind = query.get("apiVersion", ""), query["kind"]
        resource = self._store.kinds.find_kind(version, kind)
        if resource is None:
            raise NotFound(f'no matches for kind "{kind}" in version "{version}"')
        namespace = query.get("namespace", "") if resource.namespaced else ""
        return self._store.get(resource.model, query.get("name", ""), namespace)

    def _describe(self, obj: Object, notes: Notes) -> dict[str, Any]:
        workloads = find_workloads(self._store, obj)
        why_not = _why_not(obj)
        outcomes = () if why_not else self._outcomes(obj, workloads, notes)
        ready, reason = _readiness(self._store, obj)
        return {
            "apiVersion": obj.api_version,
            "served": list(kind_of(type(obj)).served),
            "kind": obj.kind,
            "namespace": obj.metadata.namespace,
            "name": obj.metadata.name,
            "source": obj.metadata.annotations.get(KFSIM_SOURCE, ""),
            "simulated": not why_not,
            "whyNot": why_not,
            "ready": ready,
            "reason": reason,
            "runs": [_run(each) for each in workloads if each.name],
            "fields": [_field(each) for each in outcomes],
        }

    def _outcomes(
        self, obj: Object, workloads: Sequence[Workload], notes: Notes
    ) -> tuple[Outcome, ...]:
        surroundings = Surroundings(
            {each.path: each.conditions for each in workloads}, self._everywhere
        )
        written = written_document(obj)
        outcomes = classify(type(obj), written, surroundings)
        planned = self._substitutions(obj) if isinstance(obj, InferenceService) else ()
        for remark in find_remarks(obj, workloads, notes, written=written, substitutions=planned):
            outcomes = apply_remark(outcomes, remark)
        return outcomes


def _why_not(obj: Object) -> str:
    """Why nothing follows from an object; empty where something does."""
    if not kind_of(type(obj)).simulated:
        return not_simulated(obj.api_version, obj.kind)
    image = replaced_controller(obj) if isinstance(obj, Deployment) else ""
    return not_started(image) if image else KINDS_WITHOUT_EFFECT.get(type(obj), "")


def written_document(obj: Object) -> Mapping[str, Any]:
    """What the user last applied; the object itself where that is not known, or is of another
    version than the one that is stored."""
    stored: dict[str, Any] = json.loads(obj.encode())
    text = obj.metadata.annotations.get(LAST_APPLIED, "")
    try:
        written = json.loads(text)
    except ValueError:
        return stored
    if not isinstance(written, dict) or has_unknown_fields(type(obj), written):
        return stored
    return written


def _readiness(store: Store, obj: Object) -> tuple[bool | None, str]:
    """None for kinds that do not get ready."""
    if not isinstance(obj, InferenceService):
        return None, ""
    status = obj.status
    if is_true(status.conditions) and status.observed_generation == obj.metadata.generation:
        return True, ""
    causes = find_causes(store, obj)
    if causes:
        return False, str(causes[0])
    condition = find_condition(status.conditions, "Ready")
    said = (condition.reason, condition.message) if condition is not None else ()
    return False, ": ".join(filter(None, said))


def _field(outcome: Outcome) -> dict[str, Any]:
    """By hand: dataclasses.asdict copies deeply, which is a third of the whole answer's time."""
    return {
        "field": outcome.field,
        "effect": str(outcome.effect),
        "why": outcome.why,
        "asked": outcome.asked,
        "given": outcome.given,
        "written": outcome.written,
    }


def _run(workload: Workload) -> dict[str, Any]:
    return {
        "component": workload.component,
        "revision": workload.revision,
        "backend": workload.backend,
        "reason": workload.reason,
        "images": list(workload.images),
    }
