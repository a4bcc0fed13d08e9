"""What the containers of one Pod share, are given and may do, in real containers."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.conftest import project
from tests.live.containers import (
    PYTHON,
    ask,
    event_messages,
    failure_of,
    find_pod,
    find_status,
    make_container,
    write_service,
)
from tests.live.tool import Kfsim
from tests.waiting import wait_until

DOCKER = ("--runtime=docker",)
MODEL_USER = 1000  # not root; the base image calls it model
SIDECAR = """\
import http.server, signal, os
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(open("/shared/from-init").read().encode() + b" by the sidecar")
    log_message = lambda self, *a: None
http.server.HTTPServer(("", 9000), Handler).serve_forever()
"""
SOURCES: tuple[dict[str, Any], ...] = (
    {
        "kind": "ConfigMap",
        "metadata": {"name": "settings"},
        "data": {"COLOUR": "blue", "text": "from the map"},
    },
    {
        "kind": "Secret",
        "metadata": {"name": "keys"},
        "stringData": {"TOKEN": "hush", "file": "from the secret"},
    },
)
VOLUMES: list[dict[str, Any]] = [
    {"name": "shared", "emptyDir": {}},
    {"name": "map", "configMap": {"name": "settings"}},
    {"name": "keys", "secret": {"secretName": "keys"}},
    {"name": "claim", "persistentVolumeClaim": {"claimName": "data"}},
    {
        "name": "all",
        "projected": {
            "sources": [
                {"configMap": {"name": "settings", "items": [{"key": "text", "path": "a/map"}]}},
                {"secret": {"name": "keys", "items": [{"key": "file", "path": "a/secret"}]}},
                {
                    "downwardAPI": {
                        "items": [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]
                    }
                },
            ]
        },
    },
]
MOUNTS = [{"name": each["name"], "mountPath": f"/{each['name']}"} for each in VOLUMES]
ENV: list[dict[str, Any]] = [
    {"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "TOKEN"}}},
    {"name": "MAP", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "text"}}},
    {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
    {"name": "ADDRESS", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
    {"name": "EXPANDED", "value": "$(MAP)!"},
]


@pytest.fixture(scope="module")
def pod(tmp_path_factory: pytest.TempPathFactory, engine: str, base_image: str) -> Iterator[Kfsim]:
    """A running service, called pod, with everything above."""
    with project(tmp_path_factory.mktemp("pod"), docker_host=engine) as kfsim:
        for source in SOURCES:
            name = source["metadata"]["name"]
            kfsim.write(f"a-{name}.json", json.dumps({"apiVersion": "v1", **source}))
        claim = kfsim.state / "volumes" / "default" / "data"
        claim.mkdir(parents=True)
        claim.chmod(0o755)
        (claim / "given").write_text("from the claim")
        (claim / "given").chmod(0o644)
        write_service(
            kfsim,
            "pod",
            make_container(
                base_image,
                env=ENV,
                envFrom=[{"configMapRef": {"name": "settings"}, "prefix": "ALL_"}],
                ports=[{"containerPort": 8080}],
                volumeMounts=MOUNTS,
                securityContext={"runAsUser": MODEL_USER, "readOnlyRootFilesystem": True},
                lifecycle={
                    "postStart": {"exec": {"command": ["touch", "/shared/started"]}},
                },
                livenessProbe={"exec": {"command": ["test", "-e", "/shared/started"]}},
                readinessProbe={"httpGet": {"path": "/", "port": 8080}},
            ),
            {
                "name": "sidecar",
                "image": base_image,
                "command": [*PYTHON, SIDECAR],
                "volumeMounts": [{"name": "shared", "mountPath": "/shared"}],
                "securityContext": {"runAsUser": MODEL_USER},
                "readinessProbe": {"tcpSocket": {"port": 9000}},
            },
            initContainers=[
                {
                    "name": "fill",
                    "image": base_image,
                    "command": ["sh", "-c", "echo -n filled > /shared/from-init"],
                    "volumeMounts": [{"name": "shared", "mountPath": "/shared"}],
                }
            ],
            volumes=VOLUMES,
        )
        kfsim.up("--runtime=docker")
        yield kfsim


def test_containers_share_localhost_and_a_folder(pod: Kfsim) -> None:
    asked = "fetch('http://127.0.0.1:9000/')"
    assert ask(pod, "pod", asked) == "filled by the sidecar"
    assert ask(pod, "pod", "pathlib.Path('/shared/mine').write_text('x')") == 1


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/shared/from-init", "filled"),
        ("/map/text", "from the map"),
        ("/keys/file", "from the secret"),
        ("/claim/given", "from the claim"),
        ("/all/a/map", "from the map"),
        ("/all/a/secret", "from the secret"),
    ],
    ids=["emptyDir", "configMap", "secret", "pvc", "projected map", "projected secret"],
)
def test_volumes_are_read_by_a_user_who_is_not_root(pod: Kfsim, path: str, content: str) -> None:
    assert ask(pod, "pod", f"[os.getuid(), read({path!r})]") == [MODEL_USER, content]


def test_variables_come_from_secrets_maps_and_the_pods_own_fields(pod: Kfsim) -> None:
    names = ["SECRET", "MAP", "POD", "EXPANDED", "ALL_COLOUR", "PORT"]
    values = ask(pod, "pod", f"[os.environ.get(name) for name in {names}]")
    name = find_pod(pod, "pod")["metadata"]["name"]
    assert values == ["hush", "from the map", name, "from the map!", "blue", "8080"]
    assert ask(pod, "pod", "read('/all/name')") == name


def test_the_root_file_system_is_read_only(pod: Kfsim) -> None:
    assert "Read-only file system" in ask(pod, "pod", "pathlib.Path('/tmp/x').write_text('x')")
    assert "Read-only file system" in ask(pod, "pod", "pathlib.Path('/map/x').write_text('x')")


def test_secrets_are_told_to_nobody(pod: Kfsim) -> None:
    log = (pod.state / "logs" / "daemon.log").read_text()
    (container, *_) = pod.containers()
    labels = pod.docker.run("inspect", "--format={{json .Config.Labels}} {{.Name}}", container)
    for text in (log, labels, pod.run("events"), pod.run("why", "pod")):
        assert "hush" not in text


# Further services, each of one container


@pytest.fixture
def _on_the_engine(kfsim: Kfsim, engine: str) -> None:
    kfsim.docker_host = engine


@pytest.mark.usefixtures("_on_the_engine")
def test_hooks_run_after_the_start_and_before_the_stop(kfsim: Kfsim, base_image: str) -> None:
    told = kfsim.state / "volumes" / "default" / "told"
    path = write_service(
        kfsim,
        "hooked",
        make_container(
            base_image,
            volumeMounts=[{"name": "told", "mountPath": "/told"}],
            lifecycle={
                "postStart": {"exec": {"command": ["sh", "-c", "echo started >> /told/hooks"]}},
                "preStop": {"exec": {"command": ["sh", "-c", "echo stopping >> /told/hooks"]}},
            },
        ),
        volumes=[{"name": "told", "persistentVolumeClaim": {"claimName": "told"}}],
    )
    told.mkdir(parents=True)
    kfsim.up("--runtime=docker")
    assert (told / "hooks").read_text().split() == ["started"]
    path.unlink()
    kfsim.up()
    wait_until(lambda: not kfsim.containers("--all"), what="the container is gone")
    assert (told / "hooks").read_text().split() == ["started", "stopping"]


@pytest.mark.usefixtures("_on_the_engine")
def test_a_container_that_fails_its_liveness_probe_is_restarted(
    kfsim: Kfsim, base_image: str
) -> None:
    command = ["test", "!", "-e", "/tmp/sick"]
    probe = {"exec": {"command": command}, "periodSeconds": 1, "failureThreshold": 1}
    write_service(
        kfsim,
        "live",
        make_container(
            base_image,
            startupProbe={"tcpSocket": {"port": 8080}, "periodSeconds": 1},
            livenessProbe=probe,
        ),
    )
    kfsim.up("--runtime=docker")
    first = ask(kfsim, "live", "ME")
    assert ask(kfsim, "live", "pathlib.Path('/tmp/sick').write_text('')") == 0
    wait_until(lambda: find_status(kfsim, "live").get("restartCount") == 1, what="a restart")
    assert any("Liveness probe failed" in text for text in event_messages(kfsim, "Unhealthy"))
    wait_until(lambda: find_status(kfsim, "live").get("ready"), what="it is ready again")
    assert ask(kfsim, "live", "ME") != first


@pytest.mark.usefixtures("_on_the_engine")
def test_what_reaches_into_this_host_needs_a_flag(
    kfsim: Kfsim, base_image: str, tmp_path: Path
) -> None:
    (tmp_path / "shown").write_text("of the host")
    write_service(
        kfsim,
        "mounts",
        make_container(base_image, volumeMounts=[{"name": "host", "mountPath": "/host"}]),
        volumes=[{"name": "host", "hostPath": {"path": str(tmp_path), "type": "Directory"}}],
    )
    write_service(kfsim, "mighty", make_container(base_image, securityContext={"privileged": True}))
    write_service(kfsim, "plain", make_container(base_image))
    done = kfsim.attempt("up", "-d", "--gateway=127.0.0.1:0", "--api=127.0.0.1:0", *DOCKER)
    assert done.returncode == 1
    for name, flag in (("mounts", "--allow-host-path"), ("mighty", "--allow-privileged")):
        assert f"start kfsim with {flag}" in failure_of(kfsim, name)["message"]
        assert f"start kfsim with {flag}" in done.stdout
    assert ask(kfsim, "plain", "1 + 1") == 2
    kfsim.run("down")

    flags = ("--allow-host-path", "--allow-privileged")
    kfsim.attempt("up", "-d", "--gateway=127.0.0.1:0", "--api=127.0.0.1:0", *DOCKER, *flags)
    assert ask(kfsim, "mounts", "read('/host/shown')") == "of the host"
    refused = _refusal_of_privileged(kfsim, base_image)
    if refused:
        words = failure_of(kfsim, "mighty")["message"].rpartition("kserve-container: ")[2]
        assert words in refused
    else:
        bits = "int(read('/proc/self/status').split('CapEff:')[1].split()[0], 16).bit_count()"
        assert ask(kfsim, "mighty", bits) > ask(kfsim, "plain", bits)


def _refusal_of_privileged(kfsim: Kfsim, image: str) -> str:
    """Why the engine itself may not, as inside a container; empty when it may."""
    try:
        kfsim.docker.run("run", "--rm", "--privileged", "--network=none", image, "true")
    except RuntimeError as error:
        return str(error)
    return ""
