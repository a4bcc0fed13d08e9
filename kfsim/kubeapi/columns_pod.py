"""The Pod's columns: what `0/2`, `Init:0/1` and `CrashLoopBackOff` are derived from.

Follows printPod in kubernetes' pkg/printers/internalversion/printers.go.
"""

from typing import Any, Final

from kfsim.kubeapi.columns import AGE, NAME, Column, JsonObject, dig, items
from kfsim.kubeapi.durations import format_age


def _status_cell(obj: JsonObject, wall: float) -> str:
    reason = str(dig(obj, "status.reason") or dig(obj, "status.phase") or "Unknown")
    initial = _init_reason(obj)
    if initial is not None and not _is_initialized(obj):
        reason = initial
    else:
        reason = _container_reason(obj, reason)
    if dig(obj, "metadata.deletionTimestamp"):
        if dig(obj, "status.reason") == "NodeLost":
            return "Unknown"
        if dig(obj, "status.phase") not in ("Succeeded", "Failed"):
            return "Terminating"
    return reason


def _init_reason(obj: JsonObject) -> str | None:
    """What the first unfinished init container makes of the status."""
    restartable = {
        each.get("name")
        for each in items(obj, "spec.initContainers")
        if each.get("restartPolicy") == "Always"
    }
    total = len(dig(obj, "spec.initContainers") or ())
    for number, status in enumerate(items(obj, "status.initContainerStatuses")):
        state = status.get("state") or {}
        ended, waiting = state.get("terminated"), state.get("waiting")
        if ended is not None and ended.get("exitCode") == 0:
            continue
        if status.get("name") in restartable and status.get("started"):
            continue
        if ended is not None:
            return f"Init:{_ended_reason(ended)}"
        if waiting and waiting.get("reason") not in (None, "", "PodInitializing"):
            return f"Init:{waiting['reason']}"
        return f"Init:{number}/{total}"
    return None


def _is_initialized(obj: JsonObject) -> bool:
    return any(
        each.get("type") == "Initialized" and each.get("status") == "True"
        for each in items(obj, "status.conditions")
    )


def _container_reason(obj: JsonObject, reason: str) -> str:
    running = False
    for status in reversed(list(items(obj, "status.containerStatuses"))):
        state = status.get("state") or {}
        waiting, ended = state.get("waiting"), state.get("terminated")
        if waiting and waiting.get("reason"):
            reason = str(waiting["reason"])
        elif ended is not None:
            reason = _ended_reason(ended)
        elif status.get("ready") and state.get("running") is not None:
            running = True
    if reason == "Completed" and running:
        ready = any(
            each.get("type") == "Ready" and each.get("status") == "True"
            for each in items(obj, "status.conditions")
        )
        return "Running" if ready else "NotReady"
    return reason


def _ended_reason(ended: JsonObject) -> str:
    if ended.get("reason"):
        return str(ended["reason"])
    if ended.get("signal"):
        return f"Signal:{ended['signal']}"
    return f"ExitCode:{ended.get('exitCode', 0)}"


def _ready_cell(obj: JsonObject, wall: float) -> str:
    total = len(dig(obj, "spec.containers") or ())
    ready = 0
    for status in items(obj, "status.containerStatuses"):
        state = status.get("state") or {}
        ready += bool(status.get("ready") and state.get("running") is not None)
    return f"{ready}/{total}"


def _restarts_cell(obj: JsonObject, wall: float) -> str:
    path = "status.containerStatuses"
    if _init_reason(obj) is not None and not _is_initialized(obj):
        path = "status.initContainerStatuses"
    count, last = 0, ""
    for status in items(obj, path):
        count += status.get("restartCount") or 0
        ended = dig(status, "lastState.terminated.finishedAt")
        last = max(last, ended or "")
    return f"{count} ({format_age(wall, last)} ago)" if count and last else str(count)


def _or_none(name: str, path: str) -> Column:
    return Column(name, lambda obj, wall: dig(obj, path) or "<none>", priority=1)


def _readiness_gates(obj: JsonObject, wall: float) -> Any:
    gates = [each.get("conditionType") for each in items(obj, "spec.readinessGates")]
    if not gates:
        return "<none>"
    true = {
        each.get("type") for each in items(obj, "status.conditions") if each.get("status") == "True"
    }
    return f"{sum(gate in true for gate in gates)}/{len(gates)}"


POD_COLUMNS: Final = (
    NAME,
    Column("Ready", _ready_cell),
    Column("Status", _status_cell),
    Column("Restarts", _restarts_cell),
    AGE,
    _or_none("IP", "status.podIP"),
    _or_none("Node", "spec.nodeName"),
    _or_none("Nominated Node", "status.nominatedNodeName"),
    Column("Readiness Gates", _readiness_gates, priority=1),
)
