"""A container of a Pod in the engine's words."""

from typing import Any

import pytest

from kfsim.api.core import (
    Container,
    ContainerPort,
    EmptyDirVolume,
    EnvVar,
    ResourceRequirements,
    Volume,
    VolumeMount,
)
from kfsim.backends.docker.bodies import Allowances, Bind, Placement
from kfsim.backends.failures import StartFailure
from tests.backends.docker.samples import HOST, IMAGE, make_pod, make_spec, request

OWNER = Placement(network="project")
JOINER = Placement(join="abc")
_OF_AN_OWNER = ("Hostname", "Domainname", "ExposedPorts")
_HOST_CONFIG_OF_AN_OWNER = ("PortBindings", "Dns", "DnsSearch", "DnsOptions", "ExtraHosts")


def body(
    container: Container,
    *,
    placement: Placement = OWNER,
    volumes: tuple[Volume, ...] = (),
    **pod: Any,
) -> dict[str, Any]:
    spec = make_spec(make_pod(container, volumes=volumes, **pod))
    return dict(request(spec, placement=placement).body)


def env(**values: str) -> tuple[EnvVar, ...]:
    return tuple(EnvVar(name=name, value=value) for name, value in values.items())


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({}, {}, id="the-images-own"),
        pytest.param({"command": ("a", "b")}, {"Entrypoint": ["a", "b"]}, id="command-drops-cmd"),
        pytest.param({"args": ("x",)}, {"Cmd": ["x"]}, id="args-keep-entrypoint"),
        pytest.param(
            {"command": ("a",), "args": ("x",)}, {"Entrypoint": ["a"], "Cmd": ["x"]}, id="both"
        ),
        pytest.param({"working_dir": "/w"}, {"WorkingDir": "/w"}, id="working-dir"),
        pytest.param({"stdin": True}, {"OpenStdin": True, "StdinOnce": False}, id="stdin"),
        pytest.param(
            {"stdin": True, "stdin_once": True, "tty": True},
            {"OpenStdin": True, "StdinOnce": True, "Tty": True},
            id="terminal",
        ),
    ],
)
def test_process(given: dict[str, Any], expected: dict[str, Any]) -> None:
    made = body(Container(name="c", **given))
    names = ("Entrypoint", "Cmd", "WorkingDir", "OpenStdin", "StdinOnce", "Tty")
    assert {key: made[key] for key in names if key in made} == expected
    assert made["Image"] == IMAGE
    assert "StopSignal" not in made
    assert made["HostConfig"]["Init"] is False
    assert made["HostConfig"]["RestartPolicy"] == {"Name": "no"}


def test_variables_are_expanded_as_kubelet_does() -> None:
    made = body(
        Container(
            name="c",
            command=("run", "$(A)", "$$(A)", "$(NOPE)"),
            args=("--b=$(B)", "--late=$(LATE)"),
            env=env(A="1", B="$(A)2", EARLY="$(LATE)", LATE="$$x"),
        )
    )
    assert made["Env"] == ["A=1", "B=12", "EARLY=$(LATE)", "LATE=$x"]
    assert made["Entrypoint"] == ["run", "1", "$(A)", "$(NOPE)"]
    assert made["Cmd"] == ["--b=12", "--late=$x"]


def test_no_variables_are_injected() -> None:
    assert body(Container(name="c"))["Env"] == []


@pytest.mark.parametrize(
    ("name", "hostname", "expected"),
    [
        ("iris-predictor-00001-deployment-abc", None, "iris-predictor-00001-deployment-abc"),
        ("a" * 70, None, "a" * 63),
        ("a" * 62 + "-bc", None, "a" * 62),
        ("pod", "given", "given"),
    ],
)
def test_hostname(name: str, hostname: str | None, expected: str) -> None:
    spec = make_spec(make_pod(Container(name="c"), name=name, hostname=hostname))
    assert request(spec, placement=OWNER).body["Hostname"] == expected


def test_subdomain_gives_a_domain_name() -> None:
    assert body(Container(name="c"), subdomain="sub")["Domainname"] == "sub.ns.svc.cluster.local"


def test_ports_are_exposed_and_those_asked_for_published_on_loopback() -> None:
    ports = (
        ContainerPort(container_port=8080),
        ContainerPort(container_port=53, protocol="UDP"),
    )
    placement = Placement(network="project", publish=(8080, 9000))
    made = body(Container(name="c", ports=ports), placement=placement)
    assert made["ExposedPorts"] == {"8080/tcp": {}, "53/udp": {}, "9000/tcp": {}}
    assert made["HostConfig"]["PortBindings"] == {
        "8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}],
        "9000/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}],
    }


def test_who_joins_has_nothing_of_the_network_of_its_own() -> None:
    container = Container(name="c", ports=(ContainerPort(container_port=8080),))
    placement = Placement(join="abc", dns=("10.0.0.1",), extra_hosts=("a:1.2.3.4",), publish=(1,))
    made = body(
        container,
        placement=placement,
        host_aliases=({"ip": "1.1.1.1", "hostnames": ["x"]},),
        security_context={"sysctls": [{"name": "net.core.somaxconn", "value": "9"}]},
    )
    assert not [key for key in _OF_AN_OWNER if key in made]
    host_config = made["HostConfig"]
    assert not [key for key in (*_HOST_CONFIG_OF_AN_OWNER, "Sysctls") if key in host_config]
    assert host_config["NetworkMode"] == host_config["IpcMode"] == "container:abc"
    assert "PidMode" not in host_config


def test_the_owner_is_ready_to_be_joined() -> None:
    made = body(
        Container(name="c"),
        security_context={"sysctls": [{"name": "net.core.somaxconn", "value": "9"}]},
        share_process_namespace=True,
    )["HostConfig"]
    assert (made["NetworkMode"], made["IpcMode"]) == ("project", "shareable")
    assert made["Sysctls"] == {"net.core.somaxconn": "9"}
    assert "PidMode" not in made


def test_processes_are_shared_where_the_pod_says_so() -> None:
    made = body(Container(name="c"), placement=JOINER, share_process_namespace=True)
    assert made["HostConfig"]["PidMode"] == "container:abc"


def test_host_namespaces_when_allowed() -> None:
    spec = make_spec(make_pod(Container(name="c"), host_pid=True, host_ipc=True))
    with pytest.raises(StartFailure, match="--allow-privileged"):
        request(spec)
    made = request(spec, allow=Allowances(privileged=True)).body["HostConfig"]
    assert (made["PidMode"], made["IpcMode"]) == ("host", "host")


def test_the_hosts_network_is_not_given_and_that_is_told() -> None:
    spec = make_spec(make_pod(Container(name="c"), host_network=True))
    made = request(spec, placement=OWNER)
    assert made.body["HostConfig"]["NetworkMode"] == "project"
    assert [each.reason for each in made.remarks] == ["HostNetworkIgnored"]
    assert request(spec, placement=JOINER).remarks == ()


def test_host_aliases_come_after_the_projects_own_hosts() -> None:
    placement = Placement(network="n", extra_hosts=("gateway:10.0.0.1",))
    aliases = ({"ip": "1.1.1.1", "hostnames": ["a", "b"]}, {"ip": "2.2.2.2", "hostnames": ["c"]})
    made = body(Container(name="c"), placement=placement, host_aliases=aliases)
    assert made["HostConfig"]["ExtraHosts"] == [
        *("gateway:10.0.0.1", "a:1.1.1.1", "b:1.1.1.1", "c:2.2.2.2"),
    ]


_CONFIG = {
    "nameservers": ["9.9.9.9"],
    "searches": ["corp.example"],
    "options": [{"name": "ndots", "value": "2"}, {"name": "edns0"}],
}


@pytest.mark.parametrize(
    ("policy", "config", "dns", "expected"),
    [
        pytest.param(None, None, (), {}, id="no-resolver"),
        pytest.param(
            "ClusterFirst",
            None,
            ("10.0.0.1",),
            {
                "Dns": ["10.0.0.1"],
                "DnsSearch": ["ns.svc.cluster.local", "svc.cluster.local", "cluster.local"],
                "DnsOptions": ["ndots:5"],
            },
            id="cluster-first",
        ),
        pytest.param(
            None,
            _CONFIG,
            ("10.0.0.1",),
            {
                "Dns": ["10.0.0.1", "9.9.9.9"],
                "DnsSearch": [
                    *("ns.svc.cluster.local", "svc.cluster.local", "cluster.local", "corp.example"),
                ],
                "DnsOptions": ["ndots:2", "edns0"],
            },
            id="config-adds",
        ),
        pytest.param(
            "None",
            _CONFIG,
            ("10.0.0.1",),
            {
                "Dns": ["9.9.9.9"],
                "DnsSearch": ["corp.example"],
                "DnsOptions": ["ndots:2", "edns0"],
            },
            id="config-alone",
        ),
        pytest.param("Default", None, ("10.0.0.1",), {}, id="the-hosts-own"),
    ],
)
def test_name_lookup(
    policy: str | None,
    config: dict[str, Any] | None,
    dns: tuple[str, ...],
    expected: dict[str, list[str]],
) -> None:
    placement = Placement(network="n", dns=dns)
    made = body(Container(name="c"), placement=placement, dns_policy=policy, dns_config=config)
    found = made["HostConfig"]
    assert {k: found[k] for k in ("Dns", "DnsSearch", "DnsOptions") if k in found} == expected


def test_devices_become_one_request_for_exactly_these() -> None:
    spec = make_spec(make_pod(Container(name="c")), devices={"c": ("GPU-1", "GPU-2"), "d": ("x",)})
    made = request(spec).body
    assert made["HostConfig"]["DeviceRequests"] == [
        {"Driver": "nvidia", "DeviceIDs": ["GPU-1", "GPU-2"], "Capabilities": [["gpu"]]}
    ]
    assert made["Env"] == []


def test_made_up_devices_are_only_told_of() -> None:
    container = Container(name="c", env=env(NVIDIA_VISIBLE_DEVICES="all"))
    spec = make_spec(make_pod(container), devices={"c": ("fake-0", "fake-1")})
    made = request(spec).body
    assert "DeviceRequests" not in made["HostConfig"]
    assert made["Env"] == ["NVIDIA_VISIBLE_DEVICES=fake-0,fake-1"]


def _memory(
    mounts: tuple[VolumeMount, ...], limit: str | None = None, **given: Any
) -> dict[str, Any]:
    resources = ResourceRequirements(limits={"memory": limit}) if limit else None
    placement = given.pop("placement", OWNER)
    volume = Volume(name="m", empty_dir=EmptyDirVolume(medium="Memory", **given))
    container = Container(name="c", volume_mounts=mounts, resources=resources)
    found = body(container, volumes=(volume,), placement=placement)["HostConfig"]
    return {key: found[key] for key in ("ShmSize", "Tmpfs") if key in found}


def _at(path: str, **given: Any) -> tuple[VolumeMount, ...]:
    return (VolumeMount(name="m", mount_path=path, **given),)


def _tmpfs(path: str, size: int, access: str = "rw") -> dict[str, Any]:
    return {"Tmpfs": {path: f"{access},exec,nosuid,nodev,mode=1777,size={size}"}}


def test_memory_volumes() -> None:
    assert _memory(_at("/dev/shm"), size_limit="1Gi") == {"ShmSize": 2**30}
    assert _memory(_at("/dev/shm/"), limit="8Mi") == {"ShmSize": 8 * 2**20}
    assert _memory(_at("/dev/shm")) == {"ShmSize": HOST.memory // 2}
    assert _memory(_at("/dev/shm"), size_limit="1Ki", placement=JOINER) == _tmpfs("/dev/shm", 1024)
    assert _memory(_at("cache"), size_limit="1Ki") == _tmpfs("/cache", 1024)
    assert _memory(_at("/cache", read_only=True), size_limit=9) == _tmpfs("/cache", 9, "ro")


def test_a_memory_volume_in_parts_or_of_several_is_a_folder() -> None:
    assert _memory(_at("/a", sub_path="x")) == {}
    assert _memory((*_at("/a"), *_at("/b"))) == {}


@pytest.mark.parametrize(("size", "told"), [("much", "cannot be read"), ("0", "above zero")])
def test_a_size_limit_that_means_nothing(size: str, told: str) -> None:
    with pytest.raises(StartFailure, match=told):
        _memory(_at("/dev/shm"), size_limit=size)


def test_binds_are_mounts_whose_source_must_exist() -> None:
    spec = make_spec(make_pod(Container(name="c")))
    made = request(spec, binds=(Bind("/a:b", "/x", read_only=True),)).body
    assert made["HostConfig"]["Mounts"] == [
        {"Type": "bind", "Source": "/a:b", "Target": "/x", "ReadOnly": True}
    ]


def test_limits_security_and_labels_are_in_the_request() -> None:
    container = Container(
        name="c",
        resources=ResourceRequirements(limits={"cpu": "64", "memory": "64Mi"}),
        security_context={
            "runAsUser": 1000,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "Localhost"},
        },
    )
    made = request(make_spec(make_pod(container)), labels={"kfsim.dev/pod": "pod"})
    assert made.body["Labels"] == {"kfsim.dev/pod": "pod"}
    assert made.body["User"] == "1000"
    assert made.body["HostConfig"]["CapDrop"] == ["ALL"]
    assert made.body["HostConfig"]["NanoCpus"] == 2 * 10**9
    assert [each.reason for each in made.remarks] == ["LimitClamped", "SeccompProfileIgnored"]


def test_the_images_user_decides_about_run_as_non_root() -> None:
    spec = make_spec(make_pod(Container(name="c", security_context={"runAsNonRoot": True})))
    assert "User" not in request(spec, image_user="1000").body
    with pytest.raises(StartFailure, match="image will run as root"):
        request(spec, image_user="")
