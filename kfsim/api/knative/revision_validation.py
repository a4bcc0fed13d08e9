"""Validation of a revision's template: limits, containers, ports and probes.

Sources: pkg/apis/serving/v1/revision_validation.go and pkg/apis/serving/k8s_validation.go. The
PodSpec fields that Knative hides behind feature flags are accepted, as KServe's installations
switch them on.
"""

from collections.abc import Sequence

from kfsim.api.config.defaults import DefaultsConfig
from kfsim.api.core import Container, ContainerPort, EnvVar, Probe
from kfsim.api.field_errors import (
    disallowed,
    invalid_value,
    missing,
    one_of_missing,
    one_of_multiple,
    out_of_bounds,
    under,
)
from kfsim.api.knative.serving import RevisionSpec
from kfsim.base.errors import Cause

_INT32_MAX = 2**31 - 1
_PORT_MAX = 65535
_DEFAULT_PORT = 8080
_RESERVED_CONTAINERS = frozenset({"queue-proxy"})
_RESERVED_ENV = frozenset({"PORT", "K_SERVICE", "K_CONFIGURATION", "K_REVISION"})
_RESERVED_PORTS = frozenset({8012, 8013, 8022, 9090, 9091, 8008})
_PORT_NAMES = (None, "", "h2c", "http1", "user-port")
_TERMINATION_POLICIES = (None, "", "File", "FallbackToLogsOnError")


_LIMITS = DefaultsConfig()


def validate_revision_spec(spec: RevisionSpec, *, limits: DefaultsConfig = _LIMITS) -> list[Cause]:
    """Fields are relative to the spec; `limits` is config-defaults."""
    return [*_pod_spec(spec), *_limits(spec, limits)]


def _limits(spec: RevisionSpec, limits: DefaultsConfig) -> list[Cause]:
    causes: list[Cause] = []
    timeout = spec.timeout_seconds
    if timeout is not None and not 0 <= timeout <= limits.max_timeout:
        causes.append(out_of_bounds(timeout, 0, limits.max_timeout, "timeoutSeconds"))
    concurrency = spec.container_concurrency
    low = 0 if limits.allow_container_concurrency_zero else 1
    high = limits.max_container_concurrency
    if concurrency is not None and not low <= concurrency <= high:
        causes.append(out_of_bounds(concurrency, low, high, "containerConcurrency"))
    return causes


def _pod_spec(spec: RevisionSpec) -> list[Cause]:
    if not spec.containers:
        return [missing("containers")]
    causes = _ports_of_all(spec.containers)
    volumes = {volume.name for volume in spec.volumes}
    seen: set[str] = set()
    for index, container in enumerate(spec.containers):
        field = f"containers[{index}]"
        if container.name in seen:
            causes.append(Cause(f"{field}.name", f'duplicate container name "{container.name}"'))
        seen.add(container.name)
        serving = len(spec.containers) == 1 or bool(container.ports)
        causes += under(field, _container(container, serving=serving, volumes=volumes))
    for index, container in enumerate(spec.init_containers):
        field = f"initContainers[{index}]"
        if container.name in seen:
            causes.append(Cause(f"{field}.name", f'duplicate container name "{container.name}"'))
        causes += under(field, _init_container(container, volumes=volumes))
    return causes


def _ports_of_all(containers: Sequence[Container]) -> list[Cause]:
    count = sum(len(container.ports) for container in containers)
    if count == 0 and len(containers) > 1:
        return [missing("containers[*].ports")]
    if count > 1:
        return [
            Cause(
                "containers[*].ports",
                "more than one container port is set\n"
                "Only a single port is allowed across all containers",
            )
        ]
    return []


def _container(container: Container, *, serving: bool, volumes: set[str]) -> list[Cause]:
    port = container.ports[0] if container.ports else ContainerPort(container_port=_DEFAULT_PORT)
    reserved = _RESERVED_ENV if serving else _RESERVED_ENV - {"PORT"}
    causes = _common(container, reserved, volumes)
    causes += under("ports", _port(port) if container.ports else ())
    causes += under("readinessProbe", _readiness(container.readiness_probe, port, serving=serving))
    causes += under("livenessProbe", _probe(container.liveness_probe, port, serving=serving))
    return causes


def _init_container(container: Container, *, volumes: set[str]) -> list[Cause]:
    causes = _common(container, _RESERVED_ENV, volumes)
    causes += [
        disallowed(field)
        for field, value in (
            ("livenessProbe", container.liveness_probe),
            ("readinessProbe", container.readiness_probe),
            ("startupProbe", container.startup_probe),
            ("lifecycle", container.lifecycle),
        )
        if value is not None
    ]
    return causes


def _common(container: Container, reserved: frozenset[str], volumes: set[str]) -> list[Cause]:
    causes: list[Cause] = []
    if container.name in _RESERVED_CONTAINERS:
        causes.append(Cause("name", f'"{container.name}" is a reserved container name'))
    if not container.image:
        causes.append(missing("image"))
    if container.termination_message_policy not in _TERMINATION_POLICIES:
        causes.append(
            invalid_value(container.termination_message_policy, "terminationMessagePolicy")
        )
    for index, variable in enumerate(container.env):
        causes += under(f"env[{index}]", _variable(variable, reserved))
    for index, source in enumerate(container.env_from):
        refs = (source.config_map_ref, source.secret_ref)
        field = f"envFrom[{index}]"
        if all(refs):
            causes.append(one_of_multiple(field))
        elif not any(refs):
            causes.append(one_of_missing(field))
    return [*causes, *_mounts(container, volumes)]


def _variable(variable: EnvVar, reserved: frozenset[str]) -> list[Cause]:
    if not variable.name:
        return [missing("name")]
    if variable.name in reserved:
        return [Cause("name", f'"{variable.name}" is a reserved environment variable')]
    return []


def _mounts(container: Container, volumes: set[str]) -> list[Cause]:
    causes: list[Cause] = []
    seen: set[str] = set()
    for index, mount in enumerate(container.volume_mounts):
        field = f"volumeMounts[{index}]"
        if mount.name not in volumes:
            causes.append(Cause(f"{field}.name", "volumeMount has no matching volume"))
        path = mount.mount_path
        if not path:
            causes.append(missing(f"{field}.mountPath"))
        elif not path.startswith("/"):
            causes.append(invalid_value(path, f"{field}.mountPath"))
        elif path.rstrip("/") in ("", "/dev", "/dev/log"):
            causes.append(Cause(f"{field}.mountPath", f'mountPath "{path}" is a reserved path'))
        elif path in seen:
            causes.append(invalid_value(f'"{path}" must be unique', f"{field}.mountPath"))
        seen.add(path)
    return causes


def _port(port: ContainerPort) -> list[Cause]:
    causes: list[Cause] = []
    number = port.container_port
    if number in _RESERVED_PORTS:
        details = f"{number} is a reserved port, please use a different value"
        causes.append(invalid_value(f"{number} is a reserved port", "containerPort", details))
    if not 0 <= number <= _PORT_MAX:
        causes.append(out_of_bounds(number, 0, _PORT_MAX, "containerPort"))
    if port.protocol not in (None, "", "TCP"):
        causes.append(invalid_value(port.protocol, "protocol"))
    if port.name not in _PORT_NAMES:
        causes.append(
            Cause(
                "",
                f"Port name {port.name} is not allowed\n"
                "Name must be empty, or one of: 'h2c', 'http1'",
            )
        )
    return causes


def _readiness(probe: Probe | None, port: ContainerPort, *, serving: bool) -> list[Cause]:
    if probe is None:
        return []
    causes = _probe(probe, port, serving=serving)
    for field, value in (
        ("periodSeconds", probe.period_seconds or 0),
        ("initialDelaySeconds", probe.initial_delay_seconds or 0),
    ):
        if value < 0:
            causes.append(out_of_bounds(value, 0, _INT32_MAX, field))
    threshold = probe.success_threshold
    if threshold is not None and threshold < 1:
        causes.append(out_of_bounds(threshold, 1, _INT32_MAX, "successThreshold"))
    if probe.period_seconds:
        return causes
    # Period 0 asks for Knative's own fast probing, which has no thresholds.
    return causes + [
        Cause(field, f"{field} is disallowed when periodSeconds is zero")
        for field, value in (
            ("failureThreshold", probe.failure_threshold),
            ("timeoutSeconds", probe.timeout_seconds),
        )
        if value
    ]


def _probe(probe: Probe | None, port: ContainerPort, *, serving: bool) -> list[Cause]:
    if probe is None:
        return []
    handlers = [
        handler
        for handler in (probe.http_get, probe.tcp_socket, probe.exec, probe.grpc)
        if handler is not None
    ]
    if len(handlers) != 1:
        return [one_of_multiple("") if handlers else one_of_missing("")]
    causes: list[Cause] = []
    for field, action in (("httpGet", probe.http_get), ("tcpSocket", probe.tcp_socket)):
        if action is None:
            continue
        named = isinstance(action.port, str) and not action.port.isdigit()
        if serving and named and action.port != (port.name or "http"):
            causes.append(
                invalid_value(action.port, f"{field}.port", "Probe port must match container port")
            )
        if not serving and not action.port:
            causes.append(invalid_value(0, f"{field}.port", "Probe port must be specified"))
    return causes
