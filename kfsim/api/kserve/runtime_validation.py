"""What KServe's webhook refuses of runtimes (webhook/admission/servingruntime).

Priorities must tell the runtimes of one scope apart, so the rules also look at the other runtimes
of the namespace, or of the cluster. A disabled runtime is let through, but for what cannot be run.
"""

from collections.abc import Iterator, Sequence

from kfsim.api.kserve.environment_validation import (
    blocked_variables,
    worker_causes,
    worker_variables,
)
from kfsim.api.kserve.types import (
    ClusterServingRuntime,
    ServingRuntime,
    ServingRuntimeSpec,
    SupportedModelFormat,
)
from kfsim.api.podspec_validation import validate_pod_spec
from kfsim.base.errors import Cause

Runtime = ServingRuntime | ClusterServingRuntime


def validate_serving_runtime(
    runtime: Runtime, old: Runtime | None = None, others: Sequence[Runtime] = ()
) -> list[Cause]:
    """Causes in the order of the webhook's checks; `others` are those of the same scope, the
    runtime as it is stored possibly among them."""
    spec = runtime.spec
    causes: list[Cause] = []
    if not spec.disabled:
        causes += _priorities_within(runtime)
        causes += _priorities_among(runtime, others)
        causes += _worker(runtime, old)
        causes += _environment(runtime)
    if not spec.containers:
        causes.append(Cause("spec.containers", "no container is defined", "FieldValueRequired"))
    causes.extend(validate_pod_spec(spec, path="spec"))
    return causes


def _priorities_within(runtime: Runtime) -> Iterator[Cause]:
    """All entries of one format within a runtime must carry the same priority."""
    seen: dict[str, int] = {}
    kind, name = runtime.KIND.lower(), runtime.metadata.name
    for index, known in enumerate(runtime.spec.supported_model_formats):
        path = f"spec.supportedModelFormats[{index}].priority"
        if known.priority is None or not known.auto_select:
            continue
        if known.priority < 1:
            yield Cause(path, f"priority must be greater than zero, got {known.priority}")
        if seen.setdefault(known.name, known.priority) != known.priority:
            yield Cause(
                path,
                f"different priorities assigned for the model format {known.name} under the "
                f"{kind} {name}",
            )


def _priorities_among(runtime: Runtime, others: Sequence[Runtime]) -> Iterator[Cause]:
    name, namespace = runtime.metadata.name, runtime.metadata.namespace
    place = f" in namespace {namespace}" if isinstance(runtime, ServingRuntime) else ""
    for other in others:
        if other.metadata.name == name or not _compete(runtime.spec, other.spec):
            continue
        for index, known in enumerate(runtime.spec.supported_model_formats):
            if any(_clash(known, each) for each in other.spec.supported_model_formats):
                yield Cause(
                    f"spec.supportedModelFormats[{index}].priority",
                    f"same priority assigned for the model format {known.name} in the "
                    f"{runtime.KIND.lower()}s {other.metadata.name} and {name}{place}",
                )


def _compete(one: ServingRuntimeSpec, other: ServingRuntimeSpec) -> bool:
    """Whether both may be chosen for one model."""
    same_way = bool(one.multi_model) == bool(other.multi_model) and not other.disabled
    return same_way and bool(set(one.protocol_versions) & set(other.protocol_versions))


def _clash(one: SupportedModelFormat, other: SupportedModelFormat) -> bool:
    return (
        bool(one.auto_select and other.auto_select)
        and one.name.lower() == other.name.lower()
        and one.version == other.version
        and one.priority is not None
        and one.priority == other.priority
    )


def _worker(runtime: Runtime, old: Runtime | None) -> Iterator[Cause]:
    prefix = f"the {runtime.KIND} {runtime.metadata.name} is invalid: "
    if old is not None and old.spec.worker_spec is not None and runtime.spec.worker_spec is None:
        text = "removing workerSpec where it already exists is not allowed"
        yield Cause("spec.workerSpec", prefix + text)
    for cause in worker_causes(runtime.spec):
        yield Cause(cause.field, prefix + cause.message)


def _environment(runtime: Runtime) -> Iterator[Cause]:
    prefix = f'the {runtime.KIND} "{runtime.metadata.name}" is invalid: '
    for cause in blocked_variables(runtime.spec.containers, "spec.containers"):
        yield Cause(cause.field, prefix + cause.message)
    for cause in worker_variables(runtime.spec.worker_spec, "spec"):
        yield Cause(cause.field, prefix + cause.message)
