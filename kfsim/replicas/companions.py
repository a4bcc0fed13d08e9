"""Which Pods may be on one node together: Pod affinity, anti-affinity and topology spread.

Pure. Filters and texts are those of kube-scheduler's plugins PodTopologySpread and
InterPodAffinity (filtering.go of each) for a cluster of one node, whose every topology has one
domain. Only what is required counts. A Namespace is known by its name: a namespaceSelector sees
the label kubernetes.io/metadata.name alone. `matchLabelKeys` are merged into the selector as the
API server does (registry/core/pod/strategy.go).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kfsim.api.core import Pod
from kfsim.replicas.requirements import satisfies_all, selects

_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
_NOT_SPREAD: Final = "1 node(s) didn't match pod topology spread constraints"
_NO_COMPANY: Final = "1 node(s) didn't match pod affinity rules"
_BAD_COMPANY: Final = "1 node(s) didn't match pod anti-affinity rules"
_UNWELCOME: Final = "1 node(s) didn't satisfy existing pods anti-affinity rules"
Term = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Companion:
    """What others see of a Pod, and what it asks of them."""

    namespace: str
    labels: Mapping[str, str]
    near: tuple[Term, ...] = ()
    apart: tuple[Term, ...] = ()
    spread: tuple[Term, ...] = ()


def make_companion(pod: Pod) -> Companion:
    affinity = pod.spec.affinity or {}
    return Companion(
        pod.metadata.namespace,
        pod.metadata.labels,
        tuple((affinity.get("podAffinity") or {}).get(_REQUIRED) or ()),
        tuple((affinity.get("podAntiAffinity") or {}).get(_REQUIRED) or ()),
        tuple(pod.spec.topology_spread_constraints),
    )


def why_not_beside(
    pod: Companion, others: Sequence[Companion], node: Mapping[str, str]
) -> str | None:
    """Why the Pod may not join those on the node, which has these labels."""
    for constraint in pod.spread:
        why = _why_not_spread(constraint, pod, others, node)
        if why is not None:
            return why
    if pod.near and not _has_company(pod, others, node):
        return _NO_COMPANY
    if _any_matches(pod, pod.apart, others, node):
        return _BAD_COMPANY
    if any(_any_matches(other, other.apart, (pod,), node) for other in others):
        return _UNWELCOME
    return None


def _why_not_spread(
    constraint: Term, pod: Companion, others: Iterable[Companion], node: Mapping[str, str]
) -> str | None:
    """With one domain the skew is what is there already only where more domains are wanted:
    otherwise the emptiest domain is this one, and the skew is the Pod itself."""
    if constraint.get("whenUnsatisfiable", "DoNotSchedule") != "DoNotSchedule":
        return None
    if constraint.get("topologyKey", "") not in node:
        return f"{_NOT_SPREAD} (missing required label)"
    if (constraint.get("minDomains") or 1) <= 1:
        return None
    crowd = [other for other in others if other.namespace == pod.namespace]
    skew = sum(_selected(constraint, pod, each) for each in (*crowd, pod))
    return _NOT_SPREAD if skew > (constraint.get("maxSkew") or 1) else None


def _has_company(pod: Companion, others: Sequence[Companion], node: Mapping[str, str]) -> bool:
    """Company must match all terms; the first of a group may be its own (or none would start)."""
    if any(term.get("topologyKey", "") not in node for term in pod.near):
        return False
    return any(all(_matches(pod, term, other) for term in pod.near) for other in (*others, pod))


def _any_matches(
    owner: Companion, terms: Iterable[Term], others: Sequence[Companion], node: Mapping[str, str]
) -> bool:
    return any(
        _matches(owner, term, other)
        for term in terms
        if term.get("topologyKey", "") in node
        for other in others
    )


def _matches(owner: Companion, term: Term, other: Companion) -> bool:
    """Whether a term of `owner` speaks of `other`."""
    return _names(term, owner.namespace, other.namespace) and _selected(term, owner, other)


def _names(term: Term, own: str, namespace: str) -> bool:
    """Neither namespaces nor a namespaceSelector means the owner's own."""
    names, selector = term.get("namespaces") or (), term.get("namespaceSelector")
    if not names and selector is None:
        return namespace == own
    return namespace in names or selects(selector, {"kubernetes.io/metadata.name": namespace})


def _selected(term: Term, owner: Companion, other: Companion) -> bool:
    return selects(term.get("labelSelector"), other.labels) and satisfies_all(
        _merged(term, owner.labels), other.labels
    )


def _merged(term: Term, labels: Mapping[str, str]) -> Iterable[Mapping[str, Any]]:
    """The requirements that matchLabelKeys and mismatchLabelKeys stand for."""
    for name, operator in (("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn")):
        for key in term.get(name) or ():
            if key in labels:
                yield {"key": key, "operator": operator, "values": [labels[key]]}
