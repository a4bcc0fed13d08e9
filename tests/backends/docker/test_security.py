"""securityContext, merged and translated."""

from typing import Any

import pytest

from kfsim.api.core import Container
from kfsim.backends.docker.creation import Allowances
from kfsim.backends.docker.security import (
    Security,
    make_security,
    make_sysctls,
    require_own_namespaces,
)
from kfsim.backends.failures import StartFailure
from tests.backends.docker.samples import make_pod

CONFIG_ERROR = "CreateContainerConfigError"


def secure(
    container: dict[str, Any] | None = None,
    pod: dict[str, Any] | None = None,
    *,
    allow: Allowances | None = None,
    image_user: str | None = None,
) -> Security:
    one = Container(name="c", security_context=container)
    whole = make_pod(one, security_context=pod)
    return make_security(whole, one, allow or Allowances(), image_user=image_user)


@pytest.mark.parametrize(
    ("pod", "container", "image_user", "user"),
    [
        pytest.param({}, {}, None, "", id="the-images-own"),
        pytest.param({"runAsUser": 7}, {}, None, "7", id="from-the-pod"),
        pytest.param({"runAsUser": 7}, {"runAsUser": 8}, None, "8", id="container-wins"),
        pytest.param({"runAsUser": 7}, {"runAsUser": None}, None, "7", id="null-says-nothing"),
        pytest.param({"runAsUser": 7}, {"runAsUser": 0}, None, "0", id="root-is-a-choice"),
        pytest.param({"runAsGroup": 5}, {"runAsUser": 7}, None, "7:5", id="merged"),
        pytest.param({"runAsGroup": 5}, {}, "model:staff", "model:5", id="group-of-the-images"),
        pytest.param({"runAsGroup": 5}, {}, "", "0:5", id="group-of-root"),
    ],
)
def test_user(
    pod: dict[str, Any], container: dict[str, Any], image_user: str | None, user: str
) -> None:
    assert secure(container, pod, image_user=image_user).user == user


@pytest.mark.parametrize(
    ("container", "settings"),
    [
        ({"readOnlyRootFilesystem": True}, {"ReadonlyRootfs": True}),
        ({"readOnlyRootFilesystem": False, "privileged": False}, {}),
        (
            {"capabilities": {"add": ["NET_ADMIN", "CAP_SYS_TIME", "net_admin"], "drop": ["all"]}},
            {"CapAdd": ["NET_ADMIN", "SYS_TIME"], "CapDrop": ["ALL"]},
        ),
        ({"capabilities": {"drop": ["CAP_NET_RAW"]}}, {"CapDrop": ["NET_RAW"]}),
        ({"allowPrivilegeEscalation": False}, {"SecurityOpt": ["no-new-privileges"]}),
        ({"allowPrivilegeEscalation": True}, {}),
        ({"seccompProfile": {"type": "RuntimeDefault"}}, {}),
        ({"seccompProfile": {"type": "Unconfined"}}, {"SecurityOpt": ["seccomp=unconfined"]}),
        (
            {"allowPrivilegeEscalation": False, "seccompProfile": {"type": "Unconfined"}},
            {"SecurityOpt": ["no-new-privileges", "seccomp=unconfined"]},
        ),
        ({"seLinuxOptions": {"level": "s0"}, "windowsOptions": {}, "procMount": "Default"}, {}),
    ],
)
def test_settings(container: dict[str, Any], settings: dict[str, Any]) -> None:
    made = secure(container)
    assert made.settings == settings
    assert not made.remarks


def test_groups_are_the_pods_with_fs_group_last_and_once() -> None:
    pod = {"supplementalGroups": [10, 20, 10], "fsGroup": 20}
    assert secure(None, pod).settings == {"GroupAdd": ["10", "20"]}
    assert secure(None, {"fsGroup": 0}).settings == {"GroupAdd": ["0"]}


def test_a_seccomp_profile_of_a_node_is_told_and_the_engines_default_stays() -> None:
    made = secure({"seccompProfile": {"type": "Localhost", "localhostProfile": "p.json"}})
    assert made.settings == {}
    assert made.remarks[0].reason == "SeccompProfileIgnored"
    assert "'p.json'" in made.remarks[0].message


def test_privileged_needs_the_flag() -> None:
    with pytest.raises(StartFailure, match="--allow-privileged") as caught:
        secure({"privileged": True})
    assert caught.value.reason == "CreateContainerError"
    made = secure({"privileged": True}, allow=Allowances(privileged=True))
    assert made.settings == {"Privileged": True}


@pytest.mark.parametrize(
    ("context", "image_user", "told"),
    [
        ({"runAsUser": 0}, "1000", "container's runAsUser breaks non-root policy"),
        ({}, "", "container has runAsNonRoot and image will run as root"),
        ({}, "0:0", "container has runAsNonRoot and image will run as root"),
        ({}, "model", "image has non-numeric user (model), cannot verify user is non-root"),
    ],
)
def test_run_as_non_root_is_checked_in_kubelets_words(
    context: dict[str, Any], image_user: str, told: str
) -> None:
    with pytest.raises(StartFailure) as caught:
        secure(context, {"runAsNonRoot": True}, image_user=image_user)
    assert caught.value.reason == CONFIG_ERROR
    assert told in caught.value.message
    assert caught.value.message.endswith('(pod: "pod_ns(uid-1)", container: c)')


@pytest.mark.parametrize(
    ("context", "image_user"),
    [({"runAsUser": 7}, ""), ({}, "1000:0"), ({}, None), ({"runAsNonRoot": False}, "")],
)
def test_run_as_non_root_passes(context: dict[str, Any], image_user: str | None) -> None:
    assert secure(context, {"runAsNonRoot": True}, image_user=image_user).settings == {}


def test_a_group_without_a_user_cannot_be_given_while_the_images_user_is_unknown() -> None:
    with pytest.raises(StartFailure, match="runAsGroup is specified without a runAsUser"):
        secure({"runAsGroup": 5})


@pytest.mark.parametrize(
    "name",
    ["kernel.shmmax", "kernel.msgmnb", "kernel.sem", "fs.mqueue.msg_max", "net/core/somaxconn"],
)
def test_sysctls_of_a_namespace(name: str) -> None:
    pod = make_pod(security_context={"sysctls": [{"name": name, "value": "1024"}]})
    assert make_sysctls(pod) == {name.replace("/", "."): "1024"}


@pytest.mark.parametrize("name", ["vm.swappiness", "kernel.panic", "fs.file-max", "kernel.semx"])
def test_sysctls_of_the_host_are_refused(name: str) -> None:
    pod = make_pod(security_context={"sysctls": [{"name": name, "value": "1"}]})
    with pytest.raises(StartFailure, match=f'forbidden sysctl: "{name}"'):
        make_sysctls(pod)


@pytest.mark.parametrize(("field", "name"), [("host_pid", "hostPID"), ("host_ipc", "hostIPC")])
def test_the_hosts_namespaces_need_the_flag(field: str, name: str) -> None:
    pod = make_pod(**{field: True})
    with pytest.raises(StartFailure, match=f"{name}.*--allow-privileged"):
        require_own_namespaces(pod, Allowances())
    require_own_namespaces(pod, Allowances(privileged=True))
