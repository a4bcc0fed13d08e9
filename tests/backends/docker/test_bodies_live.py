"""That the engine does what a request says: seen from inside the container."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import docker
import pytest

from kfsim.api.core import (
    ConfigMapVolume,
    Container,
    EmptyDirVolume,
    EnvVar,
    ResourceRequirements,
    SecretVolume,
    Volume,
    VolumeMount,
)
from kfsim.backends.docker.bodies import Allowances, Placement
from kfsim.backends.docker.engine_errors import make_create_failure, make_run_failure
from kfsim.backends.docker.volumes import make_binds
from kfsim.backends.failures import StartFailure
from kfsim.backends.volumes import VolumeSources
from kfsim.replicas.backend import ReplicaSpec
from tests.backends.docker.samples import make_pod, make_spec, request
from tests.engines.private import PrivateEngine

pytestmark = pytest.mark.live
LABEL = "kfsim-test.bodies"


class Lab:
    """Runs containers as they are requested, and removes them."""

    def __init__(self, client: docker.APIClient, image: str, folder: Path) -> None:
        self.client = client
        self.image = image
        self.folder = folder
        self.made: list[str] = []

    def start(
        self,
        spec: ReplicaSpec,
        container: Container | None = None,
        *,
        placement: Placement | None = None,
        image: str | None = None,
    ) -> str:
        one = container or spec.pod.spec.containers[0]
        sources = VolumeSources(
            folder=self.folder, claims=self.folder, files=spec.files, downloaded={}
        )
        binds = make_binds(spec, one, sources, Allowances())
        made = request(
            spec,
            one,
            binds=binds,
            placement=placement,
            image=image or self.image,
            labels={LABEL: "1"},
        )
        name = f"kfsim-test-bodies-{uuid4().hex[:12]}"
        try:
            found = self.client.create_container_from_config(dict(made.body), name)["Id"]
        except docker.errors.APIError as error:
            raise make_create_failure(one.name, error.explanation) from error
        self.made.append(found)
        try:
            self.client.start(found)
        except docker.errors.APIError as error:
            raise make_run_failure(one.name, error.explanation) from error
        return str(found)

    def output(self, container: str) -> str:
        code = self.client.wait(container, timeout=30)["StatusCode"]
        text = self.client.logs(container).decode()
        assert code == 0, text
        return str(text).strip()

    def close(self) -> None:
        for each in self.made:
            self.client.remove_container(each, force=True, v=True)
        self.client.close()


@pytest.fixture
def lab(engine: str, base_image: str, tmp_path: Path) -> Iterator[Lab]:
    made = Lab(docker.APIClient(base_url=engine, version="auto"), base_image, tmp_path / "replica")
    made.folder.mkdir(mode=0o700)
    yield made
    made.close()


def python(program: str, **fields: Any) -> Container:
    return Container(name="c", command=("python", "-c", program), **fields)


def look(lab: Lab, expressions: Mapping[str, str], *, setup: str = "", **given: Any) -> Any:
    """The values of Python expressions inside the container."""
    pod = given.pop("pod", {})
    files = given.pop("files", None)
    placement = given.pop("placement", None)
    shown = ", ".join(f"{name!r}: {text}" for name, text in expressions.items())
    program = f"import json, os, socket, subprocess\n{setup}\nprint(json.dumps({{{shown}}}))"
    spec = make_spec(make_pod(python(program, **given), **pod), files=files)
    return json.loads(lab.output(lab.start(spec, placement=placement)))


def empty(name: str, **given: Any) -> Volume:
    return Volume(name=name, empty_dir=EmptyDirVolume(**given))


STATUS = "dict(line.split(':', 1) for line in open('/proc/self/status') if ':' in line)"
CAN_WRITE = """
def write(path):
    try:
        open(path, "w").close()
    except OSError as error:
        return os.strerror(error.errno)
    return "written"
"""


def test_users_groups_and_privileges(lab: Lab) -> None:
    found = look(
        lab,
        {
            "ids": "[os.getuid(), os.getgid(), sorted(os.getgroups())]",
            "caps": f"{STATUS}['CapBnd'].strip()",
            "new": f"{STATUS}['NoNewPrivs'].strip()",
        },
        security_context={
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"], "add": ["CAP_NET_BIND_SERVICE"]},
        },
        pod={
            "security_context": {
                "runAsUser": 1234,
                "runAsGroup": 55,
                "supplementalGroups": [66],
                "fsGroup": 77,
            }
        },
    )
    assert found == {"ids": [1234, 55, [55, 66, 77]], "caps": f"{1 << 10:016x}", "new": "1"}


def test_a_read_only_root_leaves_volumes_writable_for_any_user(lab: Lab) -> None:
    found = look(
        lab,
        {
            "root": "write('/tmp/x')",
            "empty": "write('/e/x')",
            "read_only": "write('/r/x')",
            "memory": "write('/m/x')",
            "secret": "write('/s/x')",
            "key": "open('/s/key').read()",
            "one": "open('/etc/one').read()",
            "mode": "oct(os.stat('/s/key').st_mode & 0o777)",
        },
        setup=CAN_WRITE,
        files={"s": {"key": b"value"}, "f": {"one": b"1"}},
        security_context={"runAsUser": 1000, "readOnlyRootFilesystem": True},
        volume_mounts=(
            VolumeMount(name="e", mount_path="/e"),
            VolumeMount(name="e", mount_path="/r", read_only=True),
            VolumeMount(name="m", mount_path="/m"),
            VolumeMount(name="s", mount_path="/s"),
            VolumeMount(name="f", mount_path="/etc/one", sub_path="one"),
        ),
        pod={
            "volumes": (
                empty("e"),
                empty("m", medium="Memory"),
                Volume(name="s", secret=SecretVolume(secret_name="x", default_mode=0o444)),
                Volume(name="f", config_map=ConfigMapVolume(name="x")),
            )
        },
    )
    refused = "Read-only file system"
    denied = (refused, "Permission denied")
    assert found["secret"] in denied
    del found["secret"]
    assert found == {
        "root": refused,
        "empty": "written",
        "read_only": refused,
        "memory": "written",
        "key": "value",
        "one": "1",
        "mode": "0o444",
    }


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to any group")
def test_a_secret_for_the_group_is_read_by_its_members_alone(lab: Lab) -> None:
    given: dict[str, Any] = {
        "setup": "def read(path):\n    try:\n        return open(path).read()\n"
        "    except OSError as error:\n        return os.strerror(error.errno)",
        "files": {"s": {"key": b"value"}},
        "security_context": {"runAsUser": 1000},
        "volume_mounts": (VolumeMount(name="s", mount_path="/s"),),
    }
    volumes = (Volume(name="s", secret=SecretVolume(secret_name="x", default_mode=0o400)),)
    reading = {"key": "read('/s/key')"}
    alone = look(lab, reading, pod={"volumes": volumes}, **given)
    member = {"volumes": volumes, "security_context": {"fsGroup": 4321}}
    together = look(lab, reading, pod=member, **given)
    assert (alone["key"], together["key"]) == ("Permission denied", "value")


LIMIT_FILES = """
def first(*paths):
    return next(open(path).read().split() for path in paths if os.path.exists(path))
"""


def test_limits_are_those_of_the_cgroup(lab: Lab) -> None:
    found = look(
        lab,
        {
            "memory": "first('/sys/fs/cgroup/memory.max',"
            " '/sys/fs/cgroup/memory/memory.limit_in_bytes')[0]",
            "cpu": "first('/sys/fs/cgroup/cpu.max', '/sys/fs/cgroup/cpu/cpu.cfs_quota_us')[0]",
        },
        setup=LIMIT_FILES,
        resources=ResourceRequirements(limits={"memory": "64Mi", "cpu": "500m"}),
    )
    assert found == {"memory": str(64 * 2**20), "cpu": "50000"}


def test_memory_volumes_have_their_size_and_run_programs(lab: Lab) -> None:
    found = look(
        lab,
        {
            "shm": "size('/dev/shm')",
            "tmpfs": "size('/t')",
            "ran": "subprocess.run(['/t/true']).returncode",
        },
        setup="import shutil\nshutil.copy('/usr/bin/true', '/t/true')\n"
        "size = lambda path: os.statvfs(path).f_frsize * os.statvfs(path).f_blocks",
        volume_mounts=(
            VolumeMount(name="a", mount_path="/dev/shm"),
            VolumeMount(name="b", mount_path="/t"),
        ),
        pod={
            "volumes": (
                empty("a", medium="Memory", size_limit="128Mi"),
                empty("b", medium="Memory", size_limit="16Mi"),
            )
        },
    )
    assert found == {"shm": 128 * 2**20, "tmpfs": 16 * 2**20, "ran": 0}


def test_names(lab: Lab) -> None:
    found = look(
        lab,
        {
            "hostname": "socket.gethostname()",
            "alias": "socket.gethostbyname('db.example')",
            "resolv": "open('/etc/resolv.conf').read().split()",
            "env": "os.environ['B']",
        },
        env=(EnvVar(name="A", value="1"), EnvVar(name="B", value="$(A)$$")),
        placement=Placement(network="bridge", dns=("127.0.0.1",)),
        pod={"host_aliases": ({"ip": "10.9.8.7", "hostnames": ["db.example"]},)},
    )
    assert found["hostname"] == "pod"
    assert found["alias"] == "10.9.8.7"
    assert found["env"] == "1$"
    assert {"127.0.0.1", "ns.svc.cluster.local", "ndots:5"} <= set(found["resolv"])


SERVE = (
    "import socket\n"
    "open('/dev/shm/from-owner', 'w').close()\n"
    "server = socket.create_server(('127.0.0.1', 8080))\n"
    "while True: server.accept()[0].close()"
)


JOIN = """
import json, os, socket, time
deadline = time.monotonic() + 20
while True:
    try:
        socket.create_connection(("127.0.0.1", 8080)).close()
        break
    except ConnectionRefusedError:
        assert time.monotonic() < deadline
        time.sleep(0.01)
print(json.dumps([socket.gethostname(), os.listdir("/dev/shm"), os.getpid() > 1]))
"""


def test_containers_of_a_pod_share_localhost_name_memory_and_where_asked_processes(
    lab: Lab,
) -> None:
    owner = python(SERVE)
    joiner = Container(name="d", command=("python", "-c", JOIN))
    spec = make_spec(make_pod(owner, joiner, share_process_namespace=True))
    first = lab.start(spec, owner)
    second = lab.start(spec, joiner, placement=Placement(join=first))
    assert json.loads(lab.output(second)) == ["pod", ["from-owner"], True]


def test_shared_memory_of_one_who_joins_has_its_own_size(lab: Lab) -> None:
    owner = python("import time\ntime.sleep(60)")
    sized = Container(
        name="d",
        command=(
            *("python", "-c"),
            "import os\nprint(os.statvfs('/dev/shm').f_frsize * os.statvfs('/dev/shm').f_blocks)",
        ),
        volume_mounts=(VolumeMount(name="m", mount_path="/dev/shm"),),
    )
    volume = empty("m", medium="Memory", size_limit="96Mi")
    spec = make_spec(make_pod(owner, sized, volumes=(volume,)))
    first = lab.start(spec, owner)
    second = lab.start(spec, sized, placement=Placement(join=first))
    assert lab.output(second) == str(96 * 2**20)


@pytest.fixture
def with_cmd(lab: Lab) -> Iterator[str]:
    """An image whose entrypoint is `echo image` and whose command is `cmd`."""
    made = lab.client.create_container(lab.image, command=["true"], labels={LABEL: "1"})["Id"]
    tag = f"kfsim-test-bodies:{uuid4().hex[:12]}"
    changes = ['ENTRYPOINT ["echo", "image"]', 'CMD ["cmd"]']
    lab.client.commit(made, *tag.split(":"), changes=changes)
    lab.client.remove_container(made)
    yield tag
    lab.close()
    lab.made.clear()
    lab.client.remove_image(tag, force=True)


@pytest.mark.parametrize(
    ("given", "printed"),
    [
        ({}, "image cmd"),
        ({"args": ("args",)}, "image args"),
        ({"command": ("echo", "command")}, "command"),
        ({"command": ("echo", "command"), "args": ("args",)}, "command args"),
    ],
)
def test_command_and_args_over_those_of_the_image(
    lab: Lab, with_cmd: str, given: dict[str, Any], printed: str
) -> None:
    spec = make_spec(make_pod(Container(name="c", **given)))
    assert lab.output(lab.start(spec, image=with_cmd)) == printed


@pytest.mark.parametrize(
    ("fields", "reason", "told"),
    [
        (
            {"command": ("no-such-program",)},
            "RunContainerError",
            (
                'cannot start container c: exec: "no-such-program": executable file not found in '
                "$PATH; the image has no such program"
            ),
        ),
        ({"command": ("/etc/passwd",)}, "RunContainerError", "permission denied; command must"),
        ({}, "CreateContainerError", "No command specified; the image has no command"),
        (
            {"command": ("true",), "security_context": {"capabilities": {"add": ["NOPE"]}}},
            "CreateContainerError",
            'unknown capability: "CAP_NOPE"; remove it from securityContext.capabilities',
        ),
        (
            {"command": ("true",), "working_dir": "here"},
            "CreateContainerError",
            "check workingDir",
        ),
    ],
)
def test_what_the_engine_refuses_is_explained(
    lab: Lab, fields: dict[str, Any], reason: str, told: str
) -> None:
    with pytest.raises(StartFailure) as caught:
        lab.start(make_spec(make_pod(Container(name="c", **fields))))
    assert caught.value.reason == reason
    assert told in caught.value.message


def test_gpus_without_their_toolkit_are_explained(lab: Lab) -> None:
    if "nvidia" in lab.client.info().get("Runtimes", {}):
        pytest.skip("this engine can give GPUs")
    spec = make_spec(make_pod(python("pass")), devices={"c": ("GPU-1",)})
    with pytest.raises(StartFailure, match=r"select device driver.*Toolkit.*gpu: fake"):
        lab.start(spec)


@pytest.fixture
def gpu_lab(private_engine: PrivateEngine, base_image: str, tmp_path: Path) -> Iterator[Lab]:
    client = docker.APIClient(base_url=private_engine.url, version="auto")
    made = Lab(client, base_image, tmp_path / "replica")
    yield made
    made.close()


@pytest.mark.parametrize("devices", [("GPU-1", "GPU-2"), ("fake-0",)])
def test_a_container_sees_the_devices_it_was_given(gpu_lab: Lab, devices: tuple[str, ...]) -> None:
    program = "import os\nprint(os.environ['NVIDIA_VISIBLE_DEVICES'])"
    spec = make_spec(make_pod(python(program)), devices={"c": devices})
    assert gpu_lab.output(gpu_lab.start(spec)) == ",".join(devices)
