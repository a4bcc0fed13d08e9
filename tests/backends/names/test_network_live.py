"""A container on a network of the engine finds Services by their cluster-local names."""

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from uuid import uuid4

import pytest

from kfsim.api.core import Container
from kfsim.backends.names.network import NetworkNames
from kfsim.base.types import ServiceName
from kfsim.dataplane.bridge import Bridge
from kfsim.dataplane.service_ports import ServicePorts
from tests.backends.base_image import build_base_image
from tests.backends.support import make_spec
from tests.dataplane.worlds import Replica, World

pytestmark = pytest.mark.live
DOCKER = "/usr/bin/docker" if os.path.exists("/usr/bin/docker") else "docker"
PREDICTOR = ServiceName("default", "iris")
ASK = """\
import json, socket, urllib.request, sys
def resolve(name, family=socket.AF_INET):
    try:
        return sorted({each[4][0] for each in socket.getaddrinfo(name, 80, family)})
    except socket.gaierror as error:
        return error.strerror
found = {name: resolve(name) for name in sys.argv[2:]}
found["v6"] = resolve("iris.default", socket.AF_INET6)
with urllib.request.urlopen(sys.argv[1], timeout=20) as answer:
    found["status"], found["body"] = answer.status, answer.read().decode()
print(json.dumps(found))
"""


class Directory:
    def knows(self, service: ServiceName) -> bool:
        return service == PREDICTOR


def docker(*words: str, check: bool = True) -> str:
    done = subprocess.run([DOCKER, *words], capture_output=True, text=True, check=False)
    if check and done.returncode != 0:
        pytest.fail(f"docker {' '.join(words)} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout.strip()


@dataclass(frozen=True)
class Network:
    name: str
    gateway: str
    subnet: str


@pytest.fixture(scope="module")
def image() -> str:
    if shutil.which(DOCKER) is None or not docker("version", "-f", "{{.Server}}", check=False):
        missing = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        missing("no Docker engine answers")
    return build_base_image(DOCKER)


@pytest.fixture
def network(image: str) -> Iterator[Network]:
    name = f"kfsim-test-names-{uuid4().hex[:8]}"
    docker("network", "create", "--label", "kfsim-test=names", name)
    try:
        (described,) = json.loads(docker("network", "inspect", name))
        ranges = described["IPAM"]["Config"][0]
        yield Network(name, ranges["Gateway"], ranges["Subnet"])
    finally:
        docker("network", "rm", name)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    replica, world = Replica(1), World()
    await replica.start()
    world.route(replica)
    yield world
    await world.gateway.close()
    await replica.stop()


async def ask(network: Network, names: NetworkNames, image: str, url: str, *hosts: str) -> dict:
    """What a container sees that is set up as `names` and the Pod's namespace say."""
    spec = make_spec(Container(name="c", args=("--url", url)))
    (_, given) = names.rewrite(spec.pod.spec.containers[0], "default").args
    options = [f"--dns={server}" for server in names.dns]
    if names.dns:
        services = "svc.cluster.local"
        searches = (f"default.{services}", services, "cluster.local")
        options += [f"--dns-search={domain}" for domain in searches] + ["--dns-option=ndots:5"]
    options += [f"--add-host={entry}" for entry in names.extra_hosts(spec)]
    command = ["run", "--rm", "--label", "kfsim-test=names", "--network", network.name, *options]
    printed = await asyncio.to_thread(docker, *command, image, "python", "-c", ASK, given, *hosts)
    return json.loads(printed)


async def test_a_container_resolves_and_calls_a_service(
    network: Network, world: World, image: str
) -> None:
    bridge = Bridge(world.gateway, Directory())
    names = NetworkNames(bridge, ServicePorts(world.gateway), Directory())
    await names.open(network.gateway, network.subnet)
    try:
        found = await ask(
            network,
            names,
            image,
            "http://iris.default/v1/models/iris",
            *("iris", "iris.default", "iris.default.svc.cluster.local", "ghost.default"),
        )
    finally:
        await names.close()
    assert names.dns == (network.gateway,)
    for name in ("iris", "iris.default", "iris.default.svc.cluster.local"):
        assert found[name] == [network.gateway]
    assert isinstance(found["ghost.default"], str), "an unknown name must not resolve"
    assert isinstance(found["v6"], str), "there is no IPv6 address"
    assert (found["status"], found["body"]) == (200, "GET /v1/models/iris ")


async def test_without_the_privileged_ports_a_container_calls_what_it_is_told(
    network: Network, world: World, image: str
) -> None:
    with_nothing_else = Bridge(world.gateway, Directory(), http_ports=(0,), dns_port=1)
    names = NetworkNames(with_nothing_else, ServicePorts(world.gateway), Directory())
    blocker, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        asyncio.DatagramProtocol, local_addr=(network.gateway, 1)
    )
    await names.open(network.gateway, network.subnet)
    try:
        found = await ask(network, names, image, "http://iris.default.svc.cluster.local/x")
    finally:
        await names.close()
        blocker.close()
    assert names.dns == ()
    assert (found["status"], found["body"]) == (200, "GET /x ")
