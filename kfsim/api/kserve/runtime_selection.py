"""Which serving runtime runs a model, and why each of the others does not.

KServe's order (pkg/apis/serving/v1beta1/predictor_model.go): runtimes of the namespace before
cluster-wide ones; within each, by the priority they give the format, highest first and none last;
ties by lowest protocol, newest creation, name. Without `model.runtime` only formats marked
autoSelect count, and a missing protocolVersion means v1.
"""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kfsim.api.kserve.types import (
    ClusterServingRuntime,
    ModelFormat,
    ModelSpec,
    ServingRuntime,
    ServingRuntimeSpec,
    SupportedModelFormat,
)

NO_SUPPORTING_RUNTIME = "NoSupportingRuntime"
RUNTIME_NOT_RECOGNIZED = "RuntimeNotRecognized"
RUNTIME_DISABLED = "RuntimeDisabled"

_PROTOCOL_ORDER = {"v1": 1, "v2": 2, "grpc-v1": 3, "grpc-v2": 4}
_UNKNOWN_PROTOCOL = 5


@dataclass(frozen=True, slots=True)
class Runtime:
    """A ServingRuntime of either scope."""

    name: str
    cluster_scoped: bool
    spec: ServingRuntimeSpec
    annotations: Mapping[str, str]
    created: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A runtime that was looked at; `rejections` is empty for one that would do."""

    name: str
    cluster_scoped: bool
    priority: int | None
    rejections: tuple[str, ...]
    # Whether it names the model's format at all: the others are not worth listing one by one.
    same_format: bool


@dataclass(frozen=True, slots=True)
class Selection:
    """The chosen runtime, or the failure's reason and message; candidates in order of choice."""

    chosen: Runtime | None
    candidates: tuple[Candidate, ...]
    reason: str = ""
    message: str = ""


def collect_runtimes(
    namespaced: Iterable[ServingRuntime], cluster: Iterable[ClusterServingRuntime]
) -> tuple[Runtime, ...]:
    """Runtimes of one namespace and of the cluster, as the selection wants them."""
    return (*map(_runtime, namespaced), *map(_runtime, cluster))


def _runtime(runtime: ServingRuntime | ClusterServingRuntime) -> Runtime:
    return Runtime(
        name=runtime.metadata.name,
        cluster_scoped=isinstance(runtime, ClusterServingRuntime),
        spec=runtime.spec,
        annotations=runtime.metadata.annotations,
        created=runtime.metadata.creation_timestamp or "",
    )


def select_runtime(
    model: ModelSpec, runtimes: Sequence[Runtime], *, multi_node: bool = False
) -> Selection:
    """Choose for one model; pure, so the same inputs always give the same runtime."""
    if model.runtime is not None:
        return _select_named(model, model.runtime, runtimes)
    ordered = _in_order(model.model_format, runtimes)
    candidates = tuple(
        _candidate(runtime, model, _rejections(runtime.spec, model, multi_node=multi_node))
        for runtime in ordered
    )
    for runtime, candidate in zip(ordered, candidates, strict=True):
        if not candidate.rejections:
            return Selection(runtime, candidates)
    return Selection(
        None,
        candidates,
        NO_SUPPORTING_RUNTIME,
        "no runtime found to support predictor with model type: "
        f"{{{_format_text(model.model_format)}}}{describe_candidates(candidates)}"
        f"{_suggest_format(model.model_format.name, candidates, runtimes)}",
    )


def _suggest_format(name: str, candidates: Sequence[Candidate], runtimes: Sequence[Runtime]) -> str:
    """`; did you mean sklearn?`, where no runtime knows a format of that name."""
    if any(candidate.same_format for candidate in candidates):
        return ""
    known = {
        each.name.lower(): each.name
        for runtime in runtimes
        for each in runtime.spec.supported_model_formats
    }
    near = difflib.get_close_matches(name.lower(), known, n=1)
    return (
        f"; did you mean {known[near[0]]}?" if near else f"; known are {', '.join(sorted(known))}"
    )


def describe_candidates(candidates: Sequence[Candidate]) -> str:
    """`; a: why not; b: why not; 9 others do not support the format`, empty without any."""
    near = [candidate for candidate in candidates if candidate.same_format]
    parts = [f"{candidate.name}: {', '.join(candidate.rejections)}" for candidate in near]
    others = len(candidates) - len(near)
    if others and not near:
        parts.append("no runtime knows the format")
    elif others:
        parts.append(f"{others} {'others do' if others > 1 else 'other does'} not know the format")
    return "".join(f"; {part}" for part in parts)


def _select_named(model: ModelSpec, name: str, runtimes: Sequence[Runtime]) -> Selection:
    named = sorted(
        (runtime for runtime in runtimes if runtime.name == name),
        key=lambda runtime: runtime.cluster_scoped,
    )
    if not named:
        known = ", ".join(sorted({runtime.name for runtime in runtimes})) or "none"
        return Selection(
            None,
            (),
            RUNTIME_NOT_RECOGNIZED,
            f'no ServingRuntime or ClusterServingRuntime named "{name}" exists; known: {known}',
        )
    runtime = named[0]
    spec = runtime.spec
    reason = NO_SUPPORTING_RUNTIME
    if spec.disabled:
        reason = RUNTIME_DISABLED
        message = f"specified runtime {name} is disabled"
    elif model.protocol_version is not None and not _speaks(spec, model.protocol_version):
        message = (
            f"specified runtime {name} does not support specified protocol version "
            f"{model.protocol_version}; it speaks {_listed(spec.protocol_versions)}"
        )
    elif not _matching(spec.supported_model_formats, model.model_format):
        message = (
            f"specified runtime {name} does not support specified framework/version "
            f"{_format_text(model.model_format)}; it supports "
            f"{_formats(spec.supported_model_formats)}"
        )
    else:
        return Selection(runtime, (_candidate(runtime, model, ()),))
    return Selection(None, (_candidate(runtime, model, (message,)),), reason, message)


def _candidate(runtime: Runtime, model: ModelSpec, rejections: tuple[str, ...]) -> Candidate:
    return Candidate(
        name=runtime.name,
        cluster_scoped=runtime.cluster_scoped,
        priority=_priority(runtime.spec, model.model_format.name),
        rejections=rejections,
        same_format=any(
            known.name == model.model_format.name for known in runtime.spec.supported_model_formats
        ),
    )


def _in_order(model_format: ModelFormat, runtimes: Sequence[Runtime]) -> list[Runtime]:
    ordered = sorted(runtimes, key=lambda runtime: runtime.name)
    ordered.sort(key=lambda runtime: runtime.created, reverse=True)
    ordered.sort(key=lambda runtime: _protocol_rank(runtime.spec))
    ordered.sort(key=lambda runtime: _priority_rank(runtime.spec, model_format.name))
    ordered.sort(key=lambda runtime: runtime.cluster_scoped)
    return ordered


def _rejections(spec: ServingRuntimeSpec, model: ModelSpec, *, multi_node: bool) -> tuple[str, ...]:
    found: list[str] = []
    if spec.disabled:
        found.append("is disabled")
    if spec.multi_model:
        found.append("is for multi-model serving")
    wanted = model.model_format
    matching = _matching(spec.supported_model_formats, wanted)
    if not matching:
        same = [known for known in spec.supported_model_formats if known.name == wanted.name]
        found.append(f"supports {_formats(same or spec.supported_model_formats)}")
    elif not any(known.auto_select for known in matching):
        found.append(f"is used for {wanted.name} only when model.runtime names it")
    protocol = model.protocol_version or "v1"
    if not _speaks(spec, protocol):
        found.append(f"speaks {_listed(spec.protocol_versions)}, not {protocol}")
    if (spec.worker_spec is not None) != multi_node:
        found.append("is single-node" if multi_node else "is multi-node")
    return tuple(found)


def _matching(
    formats: Iterable[SupportedModelFormat], wanted: ModelFormat
) -> list[SupportedModelFormat]:
    """Versions are compared as texts; a model without one matches every version."""
    return [
        known
        for known in formats
        if known.name == wanted.name and (wanted.version is None or known.version == wanted.version)
    ]


def _speaks(spec: ServingRuntimeSpec, protocol: str) -> bool:
    return not spec.protocol_versions or protocol in spec.protocol_versions


def _priority(spec: ServingRuntimeSpec, name: str) -> int | None:
    """The first entry of the name counts, whatever its version (ServingRuntimeSpec.GetPriority)."""
    return next(
        (known.priority for known in spec.supported_model_formats if known.name == name), None
    )


def _priority_rank(spec: ServingRuntimeSpec, name: str) -> tuple[bool, int]:
    priority = _priority(spec, name)
    return (priority is None, -(priority or 0))


def _protocol_rank(spec: ServingRuntimeSpec) -> int:
    ranks = [
        _PROTOCOL_ORDER.get(protocol, _UNKNOWN_PROTOCOL) for protocol in spec.protocol_versions
    ]
    return min(ranks, default=_UNKNOWN_PROTOCOL)


def lowest_protocol(spec: ServingRuntimeSpec) -> str | None:
    """The protocol a model gets that asks for none: the first in KServe's own order."""
    known = [protocol for protocol in spec.protocol_versions if protocol in _PROTOCOL_ORDER]
    return min(known, key=_PROTOCOL_ORDER.__getitem__, default=None)


def _format_text(model_format: ModelFormat) -> str:
    return f"{model_format.name} {model_format.version or ''}".strip()


def _formats(formats: Iterable[SupportedModelFormat]) -> str:
    texts = (f"{known.name} {known.version or ''}".strip() for known in formats)
    return _listed(tuple(dict.fromkeys(texts)))


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(texts) or "nothing"
