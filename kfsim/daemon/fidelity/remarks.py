"""What happened to an object at run time, as remarks about its fields.

Some of it is told by Events about the object and its Pods. A Pod that is gone is still spoken of:
Events outlive it, and its name begins with that of its Deployment.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from kfsim.api.core import Event, Pod
from kfsim.api.fidelity.effects import Effect
from kfsim.api.fidelity.report import Remark, is_below
from kfsim.api.fidelity.table import NOTES
from kfsim.api.kserve.types import FRAMEWORKS
from kfsim.api.meta import Object
from kfsim.api.substitution import Substitution
from kfsim.base.clock import Clock
from kfsim.base.turns import in_turns
from kfsim.daemon.fidelity.workloads import Workload
from kfsim.replicas.marks import PROCESS
from kfsim.store import Store

_MODEL: Final = "spec.predictor.model"
_Subject = tuple[str, str, str]
Notes = Mapping[_Subject, Sequence[Event]]
"""Events by kind, namespace and name; those of a Deployment's Pods also under the Deployment."""
_REASONS = tuple(reason.encode() for reason in NOTES)


async def read_notes(store: Store, clock: Clock) -> Notes:
    """The Events that say something about fidelity."""
    found: dict[_Subject, list[Event]] = {}
    async for entry in in_turns(store.entries(Event), clock):
        if not any(reason in entry.raw for reason in _REASONS):
            continue
        event = store.view(Event, entry)
        if event.reason not in NOTES:
            continue
        about = event.involved_object
        kind, namespace, name = about.kind or "", entry.namespace, about.name or ""
        found.setdefault((kind, namespace, name), []).append(event)
        if kind == Pod.KIND:  # Pods are named DEPLOYMENT-HASH-SUFFIX
            owner = name.rsplit("-", 2)[0]
            found.setdefault(("Deployment", namespace, owner), []).append(event)
    return found


def find_remarks(
    obj: Object,
    workloads: Sequence[Workload],
    notes: Notes,
    *,
    written: Mapping[str, Any],
    substitutions: Iterable[Substitution] = (),
) -> Iterator[Remark]:
    """In the order in which they are to be applied; `written` is the user's document."""
    for workload in workloads:
        if workload.backend == PROCESS and workload.images:
            yield _instead_of_image(workload)
        for kind in ("Deployment", Pod.KIND):
            subject = (kind, workload.namespace, workload.name)
            yield from _told(notes.get(subject, ()), workload.path)
    metadata = obj.metadata
    own = (obj.kind, metadata.namespace or "default", metadata.name)
    yield from _told(notes.get(own, ()), "spec")
    for each in substitutions:
        yield Remark(
            _as_written(each.field, written),
            "",
            Effect.SUBSTITUTED,
            each.why,
            asked=each.asked,
            given=each.given,
        )


def _as_written(field: str, document: Mapping[str, Any]) -> str:
    """The path in the user's own words: plans speak of `model`, whatever block stands for it."""
    predictor = (document.get("spec") or {}).get("predictor") or {}
    block = next((each for each in FRAMEWORKS if each in predictor), None)
    if block is None or not is_below(field, _MODEL):
        return field
    return f"spec.predictor.{block}{field.removeprefix(_MODEL)}"


def _instead_of_image(workload: Workload) -> Remark:
    """About the image where the user named one, else about the component as a whole."""
    return Remark(
        workload.path,
        "image",
        Effect.SUBSTITUTED,
        workload.reason,
        asked=", ".join(workload.images),
        given="a process of this host",
    )


def _told(events: Iterable[Event], prefix: str) -> Iterator[Remark]:
    for event in events:
        rule, message = NOTES[event.reason or ""], event.message or ""
        found = re.search(rule.pattern, message) if rule.pattern else None
        if found is None:
            yield Remark(prefix, rule.field, rule.effect, message)
        else:
            field = f"{rule.field}.{found['key']}"
            asked, given = found["asked"], found["given"]
            yield Remark(prefix, field, rule.effect, message, asked=asked, given=given)
