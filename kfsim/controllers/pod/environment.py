"""The environment of a container: values, references and `$(NAME)` resolved.

Pure but for the injected `Sources`. Rules and messages are kubelet's
(pkg/kubelet/kubelet_pods.go makeEnvironmentVariables, pkg/fieldpath): envFrom first, then env;
later names win; `$(NAME)` sees only names defined before and stays as written otherwise, so that a
backend can still resolve its own names (such as its port names) in it.
"""

import math
import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Protocol

from kfsim.api.core import (
    ConfigMap,
    Container,
    EnvFromSource,
    EnvVar,
    EnvVarSource,
    KeySelector,
    Pod,
    ResourceFieldRef,
    Secret,
)
from kfsim.base.errors import Invalid
from kfsim.base.quantities import parse_quantity
from kfsim.replicas.marks import NODE_ADDRESS, NODE_NAME

_REFERENCE = re.compile(r"\$\$|\$\(([^)]+)\)")
_SUBSCRIPT = re.compile(r"(metadata\.(?:labels|annotations))\['([^']+)'\]")


class Sources(Protocol):
    """Where a Pod's references point to."""

    def config_map(self, name: str) -> ConfigMap | None: ...

    def secret(self, name: str) -> Secret | None: ...


class MissingReference(Invalid):
    """A Pod refers to a ConfigMap or Secret, or a key of one, that does not exist (yet); `secret`
    is the Secret's name where it is one."""

    def __init__(self, message: str, *, secret: str = "") -> None:
        super().__init__(message)
        self.secret = secret


def config_map_values(config_map: ConfigMap) -> dict[str, bytes]:
    """All keys of a ConfigMap with their contents."""
    values = {key: text.encode() for key, text in config_map.data.items()}
    values.update((key, b64decode(text)) for key, text in config_map.binary_data.items())
    return values


def secret_values(secret: Secret) -> dict[str, bytes]:
    """All keys of a Secret with their contents; stringData wins, as when the API merges it."""
    values = {key: b64decode(text) for key, text in secret.data.items()}
    values.update((key, text.encode()) for key, text in secret.string_data.items())
    return values


def resolve_container(container: Container, pod: Pod, sources: Sources) -> Container:
    """The container with a plain `env` and no `envFrom`. Raises MissingReference."""
    if not container.env and not container.env_from:
        return container
    known: dict[str, str] = {}
    for source in container.env_from:
        taken = _values_from(source, sources)
        known.update((name, _escape(value)) for name, value in taken.items())
    for variable in container.env:
        value = _resolve_variable(variable, container, pod, sources, known)
        if value is not None:
            known[variable.name] = value
    env = tuple(EnvVar(name=name, value=value) for name, value in known.items())
    return container.replaced(env=env, env_from=())


def expand(text: str, known: Mapping[str, str]) -> str:
    """Replace `$(NAME)` where the name is known; `$$` is left for the last reader to unescape."""
    if "$(" not in text:
        return text

    def value(match: re.Match[str]) -> str:
        return known.get(match[1], match[0]) if match[1] else match[0]

    return _REFERENCE.sub(value, text)


def _resolve_variable(
    variable: EnvVar,
    container: Container,
    pod: Pod,
    sources: Sources,
    known: Mapping[str, str],
) -> str | None:
    if variable.value_from is None:
        return expand(variable.value or "", known)
    value = _referenced(variable.value_from, container, pod, sources)
    return None if value is None else _escape(value)


def _escape(value: str) -> str:
    """Guard what came from elsewhere: Kubernetes expands `$(NAME)` only in values as written, and
    the last reader of the resolved environment unescapes `$$`."""
    return value.replace("$", "$$")


def _referenced(
    source: EnvVarSource, container: Container, pod: Pod, sources: Sources
) -> str | None:
    if source.field_ref is not None:
        return resolve_field(pod, source.field_ref.field_path)
    if source.resource_field_ref is not None:
        return resolve_resource(pod, container, source.resource_field_ref)
    namespace = pod.metadata.namespace
    if source.config_map_key_ref is not None:
        ref = source.config_map_key_ref
        config_map = sources.config_map(ref.name)
        values = None if config_map is None else config_map_values(config_map)
        return _keyed(values, ref, namespace, "ConfigMap")
    if source.secret_key_ref is not None:
        ref = source.secret_key_ref
        secret = sources.secret(ref.name)
        return _keyed(None if secret is None else secret_values(secret), ref, namespace, "Secret")
    return ""


def _keyed(
    values: Mapping[str, bytes] | None, ref: KeySelector, namespace: str, kind: str
) -> str | None:
    secret = ref.name if kind == "Secret" else ""
    if values is None:
        if ref.optional:
            return None
        raise MissingReference(f'{kind.lower()} "{ref.name}" not found', secret=secret)
    if ref.key not in values:
        if ref.optional:
            return None
        text = f"couldn't find key {ref.key} in {kind} {namespace}/{ref.name}"
        raise MissingReference(text, secret=secret)
    return values[ref.key].decode(errors="replace")


def _values_from(source: EnvFromSource, sources: Sources) -> dict[str, str]:
    prefix = source.prefix or ""
    values: dict[str, bytes] = {}
    if source.config_map_ref is not None:
        ref = source.config_map_ref
        config_map = sources.config_map(ref.name)
        if config_map is None and not ref.optional:
            raise MissingReference(f'configmap "{ref.name}" not found')
        values = {} if config_map is None else config_map_values(config_map)
    elif source.secret_ref is not None:
        ref = source.secret_ref
        secret = sources.secret(ref.name)
        if secret is None and not ref.optional:
            raise MissingReference(f'secret "{ref.name}" not found', secret=ref.name)
        values = {} if secret is None else secret_values(secret)
    return {prefix + key: value.decode(errors="replace") for key, value in values.items()}


def resolve_field(pod: Pod, path: str) -> str:
    """A downward API field of the Pod. Raises Invalid for one that Kubernetes does not offer."""
    subscript = _SUBSCRIPT.fullmatch(path)
    metadata = pod.metadata
    if subscript is not None:
        chosen = metadata.labels if subscript[1] == "metadata.labels" else metadata.annotations
        return chosen.get(subscript[2], "")
    address = pod.status.pod_ip or NODE_ADDRESS
    fields = {
        "metadata.name": metadata.name,
        "metadata.namespace": metadata.namespace,
        "metadata.uid": metadata.uid,
        "metadata.labels": _format_map(metadata.labels),
        "metadata.annotations": _format_map(metadata.annotations),
        "spec.nodeName": pod.spec.node_name or NODE_NAME,
        "spec.serviceAccountName": pod.spec.service_account_name or "default",
        "status.hostIP": NODE_ADDRESS,
        "status.hostIPs": NODE_ADDRESS,
        "status.podIP": address,
        "status.podIPs": address,
    }
    if path not in fields:
        raise Invalid(f"unsupported fieldPath: {path}")
    return fields[path]


def _format_map(values: Mapping[str, str]) -> str:
    return "\n".join(f'{key}="{values[key]}"' for key in sorted(values))


def resolve_resource(pod: Pod, container: Container, ref: ResourceFieldRef) -> str:
    """`limits.cpu` and the like, divided and rounded up: 500m with divisor 1 is 1."""
    named = ref.container_name
    chosen = next((each for each in pod.spec.containers if each.name == named), container)
    kind, _, resource = ref.resource.partition(".")
    resources = chosen.resources
    if resources is None or kind not in ("limits", "requests"):
        return "0"
    quantity = (resources.limits if kind == "limits" else resources.requests).get(resource)
    divisor = parse_quantity(ref.divisor) if ref.divisor else None
    return str(math.ceil(parse_quantity(quantity or 0) / (divisor or 1)))
