"""From a container of a Pod to the engine's create request.

Pure. What a Pod says and the engine can do is here in the engine's words; the rules are kubelet's
(pkg/kubelet/kubelet_pods.go, pkg/kubelet/kuberuntime/kuberuntime_container.go). The first container
of a Pod owns its network namespace, IPC namespace, host name and published ports; the others join
it, and the engine refuses these settings for them. Service environment variables are not injected.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from kfsim.api.core import Container
from kfsim.backends.docker.creation import (
    Allowances,
    Bind,
    CreateRequest,
    HostSize,
    Placement,
    Remark,
)
from kfsim.backends.docker.devices import make_devices
from kfsim.backends.docker.identity import make_names
from kfsim.backends.docker.limits import Limits, make_limits
from kfsim.backends.docker.memory import SHARED_MEMORY, make_memory_mounts
from kfsim.backends.docker.security import make_security, make_sysctls, require_own_namespaces
from kfsim.backends.expansion import expand, resolve_variables
from kfsim.replicas.backend import ReplicaSpec

__all__ = [
    "Allowances",
    "Bind",
    "CreateRequest",
    "HostSize",
    "Placement",
    "Remark",
    "make_create_request",
]

_LOOPBACK = "127.0.0.1"


def make_create_request(
    spec: ReplicaSpec,
    container: Container,
    *,
    binds: Sequence[Bind],
    placement: Placement,
    labels: Mapping[str, str],
    host: HostSize,
    allow: Allowances,
    image: str,
    image_user: str | None = None,
) -> CreateRequest:
    """Everything the engine is told of this container but its log and termination message.

    `image_user` is the image's own user where known (see `security.make_security`). Raises
    StartFailure for what the manifest gets wrong or may not do.
    """
    require_own_namespaces(spec.pod, allow)
    security = make_security(spec.pod, container, allow, image_user=image_user)
    limits = make_limits(container, host)
    devices = make_devices(spec.devices.get(container.name, ()))
    env = {**resolve_variables(container.env, {}), **devices.env}
    body: dict[str, Any] = {
        "Image": image,
        **_process(container, env),
        "Labels": dict(labels),
        "HostConfig": {
            "Init": False,
            "RestartPolicy": {"Name": "no"},
            "Mounts": [_mount(bind) for bind in binds],
            **limits.settings,
            **_memory(spec, container, limits, host, joined=bool(placement.join)),
            **security.settings,
            **_namespaces(spec, placement),
            **({"DeviceRequests": list(devices.requests)} if devices.requests else {}),
        },
    }
    if security.user:
        body["User"] = security.user
    remarks = (*limits.remarks, *security.remarks)
    if not placement.join:
        _own_network(body, spec, container, placement)
        remarks += _ignored(spec)
    return CreateRequest(body, remarks)


def _process(container: Container, env: Mapping[str, str]) -> dict[str, Any]:
    """What runs. An Entrypoint without Cmd makes the engine drop the image's Cmd, which is
    Kubernetes' rule for a command without args."""
    process: dict[str, Any] = {"Env": [f"{name}={value}" for name, value in env.items()]}
    if container.command:
        process["Entrypoint"] = [expand(text, env) for text in container.command]
    if container.args:
        process["Cmd"] = [expand(text, env) for text in container.args]
    if container.working_dir:
        process["WorkingDir"] = container.working_dir
    if container.stdin:
        process.update(OpenStdin=True, StdinOnce=bool(container.stdin_once))
    if container.tty:
        process["Tty"] = True
    return process


def _memory(
    spec: ReplicaSpec, container: Container, limits: Limits, host: HostSize, *, joined: bool
) -> dict[str, Any]:
    mounts = make_memory_mounts(spec.pod, container, memory_limit=limits.memory, host=host)
    tmpfs = {each.path: each.options for each in mounts}
    settings: dict[str, Any] = {}
    if SHARED_MEMORY in tmpfs and not joined:
        # The owner's shared memory is the Pod's; one who joins would only see that of the owner.
        settings["ShmSize"] = next(each.size for each in mounts if each.path == SHARED_MEMORY)
        del tmpfs[SHARED_MEMORY]
    if tmpfs:
        settings["Tmpfs"] = tmpfs
    return settings


def _namespaces(spec: ReplicaSpec, placement: Placement) -> dict[str, Any]:
    pod = spec.pod.spec
    joined = f"container:{placement.join}"
    sysctls = make_sysctls(spec.pod)
    settings: dict[str, Any] = {"NetworkMode": joined if placement.join else placement.network}
    if pod.host_ipc:
        settings["IpcMode"] = "host"
    else:
        settings["IpcMode"] = joined if placement.join else "shareable"
    if pod.host_pid:
        settings["PidMode"] = "host"
    elif pod.share_process_namespace and placement.join:
        settings["PidMode"] = joined
    if sysctls and not placement.join:  # those who join see the owner's
        settings["Sysctls"] = sysctls
    return settings


def _own_network(
    body: dict[str, Any], spec: ReplicaSpec, container: Container, placement: Placement
) -> None:
    names = make_names(spec.pod, placement)
    exposed = [
        f"{each.container_port}/{(each.protocol or 'TCP').lower()}" for each in container.ports
    ]
    published = [f"{port}/tcp" for port in placement.publish]
    body["Hostname"] = names.hostname
    if names.domain:
        body["Domainname"] = names.domain
    body["ExposedPorts"] = {port: {} for port in dict.fromkeys((*exposed, *published))}
    body["HostConfig"]["PortBindings"] = {
        port: [{"HostIp": _LOOPBACK, "HostPort": ""}] for port in published
    }
    body["HostConfig"].update(names.settings)


def _ignored(spec: ReplicaSpec) -> tuple[Remark, ...]:
    if not spec.pod.spec.host_network:
        return ()
    text = "The Pod has hostNetwork: it gets a network of its own, in which its ports are free"
    return (Remark("HostNetworkIgnored", text),)


def _mount(bind: Bind) -> dict[str, Any]:
    # Mounts and not Binds: a path may have a colon, and a source that is not there is an error
    # instead of a new folder of root's.
    return {
        "Type": "bind",
        "Source": bind.source,
        "Target": bind.target,
        "ReadOnly": bind.read_only,
    }
