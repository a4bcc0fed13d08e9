"""One host as a cluster's scheduler would see it: cores, memory, labels, and who has what.

Pure. Filters and texts are those of kube-scheduler (plugins NodeAffinity, NodeResourcesFit, then
those of `companions`; component-helpers nodeaffinity) for a cluster of one node without taints. As
on a cluster, the requests count, not the use; a limit without a request is its request
(pkg/apis/core/v1/defaults.go).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from kfsim.api.core import Container, Pod
from kfsim.base.quantities import parse_quantity
from kfsim.replicas.companions import Companion, make_companion, why_not_beside
from kfsim.replicas.devices import Holder
from kfsim.replicas.requirements import satisfies_all

CPU: Final = "cpu"
MEMORY: Final = "memory"
_COUNTED: Final = (CPU, MEMORY)
_UNMATCHED: Final = "1 node(s) didn't match Pod's node affinity/selector"
Requests = Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Node:
    """`memory` in bytes; `labels` are the standard ones and whatever else the host has."""

    name: str
    cpu: Decimal
    memory: Decimal
    labels: Mapping[str, str] = field(default_factory=dict)


def make_node(name: str, *, cores: int, memory: int, system: str, machine: str) -> Node:
    """A node with the labels that kubelet gives it; `machine` as uname has it."""
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
    labels = {"kubernetes.io/hostname": name}
    for prefix in ("kubernetes.io", "beta.kubernetes.io"):
        labels |= {f"{prefix}/os": system.lower(), f"{prefix}/arch": architecture}
    return Node(name, Decimal(cores), Decimal(memory), labels)


class NodeBook:
    """Who has asked for how much of the node, and who waits for it, in order."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._taken: dict[Holder, Requests] = {}
        self._companions: dict[Holder, Companion] = {}
        self._waiting: dict[Holder, None] = {}

    def check(self, holder: Holder, pod: Pod) -> str | None:
        """Why the Pod cannot be placed now; it is then told of changes. None when it can."""
        why = self._explain(holder, pod)
        if why is None:
            self._waiting.pop(holder, None)
        else:
            self._waiting[holder] = None
        return why

    def take(self, holder: Holder, pod: Pod) -> tuple[Holder, ...]:
        """The Pod is on the node; those that may have waited for its company, and should look
        again. A second call changes nothing."""
        news = holder not in self._taken
        self._taken[holder] = requests_of(pod)
        self._companions[holder] = make_companion(pod)
        return tuple(self._waiting) if news else ()

    def release(self, holder: Holder) -> tuple[Holder, ...]:
        """The Pod is off the node, or waits no more; those that should look again."""
        self._waiting.pop(holder, None)
        self._companions.pop(holder, None)
        return tuple(self._waiting) if self._taken.pop(holder, None) is not None else ()

    def _explain(self, holder: Holder, pod: Pod) -> str | None:
        if not matches_node(pod, self._node):
            return f"0/1 nodes are available: {_UNMATCHED}."
        free = {CPU: self._node.cpu, MEMORY: self._node.memory}
        for other, requests in self._taken.items():
            if other != holder:
                free = {name: free[name] - requests[name] for name in _COUNTED}
        wanted = requests_of(pod)
        # A Pod that asks for nothing fits an overbooked node, as in fit.go fitsRequest.
        names = [name for name in _COUNTED if wanted[name] and wanted[name] > free[name]]
        short = [f"1 Insufficient {name}" for name in names]
        if short:
            return f"0/1 nodes are available: {', '.join(short)}."
        others = [each for key, each in self._companions.items() if key != holder]
        why = why_not_beside(make_companion(pod), others, self._node.labels)
        return f"0/1 nodes are available: {why}." if why else None


def requests_of(pod: Pod) -> Requests:
    """What the scheduler counts: all containers and sidecars together, or the largest init
    container with the sidecars before it (resource/helpers.go PodRequests)."""
    total, peak = _zero(), _zero()
    for container in pod.spec.init_containers:
        own = _of_container(container)
        if container.restart_policy == "Always":  # a sidecar stays
            total = _sum(total, own)
            peak = _largest(peak, total)
        else:
            peak = _largest(peak, _sum(total, own))
    for container in pod.spec.containers:
        total = _sum(total, _of_container(container))
    return _largest(total, peak)


def _zero() -> Requests:
    return dict.fromkeys(_COUNTED, Decimal(0))


def _sum(one: Requests, other: Requests) -> Requests:
    return {name: one[name] + other[name] for name in _COUNTED}


def _largest(one: Requests, other: Requests) -> Requests:
    return {name: max(one[name], other[name]) for name in _COUNTED}


def _of_container(container: Container) -> Requests:
    if container.resources is None:
        return _zero()
    asked = {**container.resources.limits, **container.resources.requests}
    return {name: parse_quantity(asked.get(name, 0)) for name in _COUNTED}


def matches_node(pod: Pod, node: Node) -> bool:
    """nodeSelector and required node affinity; terms are alternatives."""
    selector = pod.spec.node_selector or {}
    if any(node.labels.get(key) != value for key, value in selector.items()):
        return False
    affinity = (pod.spec.affinity or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if required is None:
        return True
    return any(_fits(term, node) for term in required.get("nodeSelectorTerms") or ())


def _fits(term: Mapping[str, Any], node: Node) -> bool:
    """An empty term selects nothing."""
    labels, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    return bool(labels or fields) and (
        satisfies_all(labels, node.labels) and satisfies_all(fields, {"metadata.name": node.name})
    )
