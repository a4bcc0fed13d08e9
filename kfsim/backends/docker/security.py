"""securityContext as the engine's settings.

Pure. A container's fields win over its Pod's, as Kubernetes merges them (pkg/securitycontext/
util.go DetermineEffectiveSecurityContext); checks and their texts are kubelet's
(pkg/kubelet/kuberuntime/security_context.go). seLinuxOptions, windowsOptions, procMount and
appArmorProfile have no effect. Without a seccompProfile the engine's own default applies.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kfsim.api.core import Container, Pod
from kfsim.backends.docker.creation import Allowances, Remark
from kfsim.backends.failures import CREATE_ERROR, StartFailure
from kfsim.replicas.failures import CONFIG_ERROR


@dataclass(frozen=True, slots=True)
class Security:
    """`user` is empty for the image's own; `settings` are keys of the engine's HostConfig."""

    user: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    remarks: tuple[Remark, ...] = ()


def make_security(
    pod: Pod, container: Container, allow: Allowances, *, image_user: str | None = None
) -> Security:
    """`image_user` is the user of the image's config, '' for root, None when not known.

    Raises StartFailure for what is not allowed, and for a user that breaks runAsNonRoot.
    """
    context = merge_contexts(pod.spec.security_context, container.security_context)
    _check_non_root(pod, container, context, image_user)
    settings: dict[str, Any] = {}
    remarks: list[Remark] = []
    if context.get("privileged"):
        _require_privileged(container, "is privileged", allow)
        settings["Privileged"] = True
    if context.get("readOnlyRootFilesystem"):
        settings["ReadonlyRootfs"] = True
    capabilities = context.get("capabilities") or {}
    for key, name in (("CapAdd", "add"), ("CapDrop", "drop")):
        if wanted := _capability_names(capabilities.get(name) or ()):
            settings[key] = wanted
    if groups := _groups(context):
        settings["GroupAdd"] = groups
    options = ["no-new-privileges"] if context.get("allowPrivilegeEscalation") is False else []
    profile = context.get("seccompProfile") or {}
    if profile.get("type") == "Unconfined":
        options.append("seccomp=unconfined")
    elif profile.get("type") == "Localhost":
        remarks.append(_localhost_profile(container, profile))
    if options:
        settings["SecurityOpt"] = options
    return Security(_user(context, image_user), settings, tuple(remarks))


def merge_contexts(
    pod: Mapping[str, Any] | None, container: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The effective context: what the container says, else what its Pod says."""
    return {**(pod or {}), **{k: v for k, v in (container or {}).items() if v is not None}}


def make_sysctls(pod: Pod) -> dict[str, str]:
    """The Pod's sysctls. Raises StartFailure for those that would change the host."""
    given = (pod.spec.security_context or {}).get("sysctls") or ()
    sysctls = {each["name"].replace("/", "."): str(each["value"]) for each in given}
    for name in sysctls:
        if not _is_namespaced(name):
            raise StartFailure(
                CREATE_ERROR,
                f'forbidden sysctl: "{name}" is not namespaced and would change the host; remove '
                "it (kernel.shm*, kernel.msg*, kernel.sem, fs.mqueue.* and net.* are possible)",
            )
    return sysctls


def require_own_namespaces(pod: Pod, allow: Allowances) -> None:
    """Raises StartFailure when the Pod wants the host's processes or memory and may not."""
    for wanted, name in ((pod.spec.host_pid, "hostPID"), (pod.spec.host_ipc, "hostIPC")):
        if wanted and not allow.privileged:
            raise StartFailure(
                CREATE_ERROR,
                f"the Pod has {name}, which reaches into this host; remove it, or start kfsim with "
                "--allow-privileged",
            )


def _require_privileged(container: Container, what: str, allow: Allowances) -> None:
    if not allow.privileged:
        raise StartFailure(
            CREATE_ERROR,
            f"container {container.name} {what}, which gives it this whole host; remove "
            "securityContext.privileged, or start kfsim with --allow-privileged",
        )


def _check_non_root(
    pod: Pod, container: Container, context: Mapping[str, Any], image_user: str | None
) -> None:
    if not context.get("runAsNonRoot"):
        return
    meta = pod.metadata
    where = f'(pod: "{meta.name}_{meta.namespace}({meta.uid})", container: {container.name})'
    user = context.get("runAsUser")
    if user is not None:
        if int(user) == 0:
            raise StartFailure(
                CONFIG_ERROR, f"container's runAsUser breaks non-root policy {where}"
            )
        return
    if image_user is None:
        return
    name = image_user.partition(":")[0]
    if name in ("", "0"):
        raise StartFailure(
            CONFIG_ERROR, f"container has runAsNonRoot and image will run as root {where}"
        )
    if not name.isdigit():
        raise StartFailure(
            CONFIG_ERROR,
            f"container has runAsNonRoot and image has non-numeric user ({name}), cannot verify "
            f"user is non-root {where}",
        )


def _user(context: Mapping[str, Any], image_user: str | None) -> str:
    user, group = context.get("runAsUser"), context.get("runAsGroup")
    if group is None:
        return "" if user is None else str(user)
    if user is None:
        if image_user is None:
            raise StartFailure(
                CONFIG_ERROR, "runAsGroup is specified without a runAsUser; give both"
            )
        # kubelet treats an image without a user as root.
        user = image_user.partition(":")[0] or "0"
    return f"{user}:{group}"


def _groups(context: Mapping[str, Any]) -> list[str]:
    groups = [*(context.get("supplementalGroups") or ())]
    if context.get("fsGroup") is not None:
        groups.append(context["fsGroup"])
    return list(dict.fromkeys(str(each) for each in groups))


def _capability_names(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name.upper().removeprefix("CAP_") for name in names))


def _localhost_profile(container: Container, profile: Mapping[str, Any]) -> Remark:
    return Remark(
        "SeccompProfileIgnored",
        f"Container {container.name} names the seccomp profile "
        f"{profile.get('localhostProfile', '')!r} of a node; the engine's default applies instead",
    )


def _is_namespaced(name: str) -> bool:
    # pkg/kubelet/sysctl/namespace.go
    return name == "kernel.sem" or name.startswith(
        ("kernel.shm", "kernel.msg", "fs.mqueue.", "net.")
    )
