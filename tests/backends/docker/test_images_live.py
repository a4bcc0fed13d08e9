"""Pulls through a real engine from real registries."""

import asyncio
import io
import os
import tarfile
from collections.abc import AsyncIterator, Iterator

import docker
import pytest

from kfsim.api.core import Container
from kfsim.backends.docker.creation import Remark
from kfsim.backends.docker.engine import Engine
from kfsim.backends.docker.images import Images, PulledImage
from kfsim.backends.failures import StartFailure
from kfsim.replicas.backend import RegistryLogin
from tests.engines.command import DockerCommand
from tests.engines.registry import PASSWORD, USERNAME, Registry

pytestmark = pytest.mark.live
BULK = 32 * 2**20


class Kit:
    def __init__(self, engine: Engine) -> None:
        self.images = Images(engine)
        self.notes: list[Remark] = []

    async def ensure(
        self, image: str, policy: str | None = None, **logins: RegistryLogin
    ) -> PulledImage:
        container = Container(name="c", image=image, image_pull_policy=policy)
        keys = {image.partition("/")[0]: login for login in logins.values()}
        return await self.images.ensure(container, keys, self.notes.append)

    @property
    def reasons(self) -> list[str]:
        return [each.reason for each in self.notes]


@pytest.fixture
async def kit(engine: str) -> AsyncIterator[Kit]:
    connected = Engine(host=engine)
    connected.open()
    assert await connected.settle(30), connected.problem
    made = Kit(connected)
    yield made
    await made.images.close()
    await connected.close()


async def test_a_local_image_is_found_under_every_spelling(kit: Kit, base_image: str) -> None:
    await kit.images.refresh()
    for name in (base_image, f"docker.io/{base_image}", f"index.docker.io/{base_image}"):
        assert kit.images.has(name) is True
        pulled = await kit.ensure(name)
        assert pulled.image_id.startswith("docker://sha256:")
    assert kit.images.has("kfsim-test/no-such-image:1") is False
    assert set(kit.reasons) == {"Pulled"}


async def test_a_registry_that_is_not_there_is_told_at_once(kit: Kit) -> None:
    with pytest.raises(StartFailure) as caught:
        await kit.ensure("127.0.0.1:1/x:1")
    assert caught.value.reason == "ErrImagePull"
    assert "connection refused; nothing answers there" in caught.value.message


async def test_a_pull_brings_the_image_and_its_digest(
    kit: Kit, registry: Registry, docker_command: DockerCommand
) -> None:
    image = registry.reference("base:1")
    try:
        pulled = await kit.ensure(image)
        digest = pulled.image_id.removeprefix("docker-pullable://")
        assert digest.startswith(f"{registry.address}/base@sha256:")
        assert kit.reasons == ["Pulling", "Pulled"]
        assert (await kit.ensure(digest)).reference == digest
    finally:
        docker_command.run("rmi", image, check=False)


@pytest.fixture
def bulky(engine: str, registry: Registry, docker_command: DockerCommand) -> Iterator[str]:
    """An image that only the registry has, with one layer of 32 MiB that does not compress."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        entry = tarfile.TarInfo("bulk")
        entry.size = BULK
        archive.addfile(entry, io.BytesIO(os.urandom(BULK)))
    local = f"kfsim-test-bulky:{os.urandom(6).hex()}"
    with docker.APIClient(base_url=engine, version="auto") as client:
        client.import_image_from_data(content.getvalue(), *local.split(":"))
    try:
        image = registry.push(docker_command, local, "bulky:1")
    finally:
        docker_command.run("rmi", local)
    yield image
    docker_command.run("rmi", image, check=False)


async def test_bytes_are_told_while_they_move(kit: Kit, bulky: str) -> None:
    pulling = asyncio.ensure_future(kit.ensure(bulky))
    most = 0
    while not pulling.done():
        progress = kit.images.progress(bulky)
        if progress is not None and progress.current:
            assert progress.current <= progress.total
            most = max(most, progress.total)
        await asyncio.sleep(0.002)
    await pulling
    assert most > BULK * 0.99
    assert kit.images.progress(bulky) is None


async def test_a_missing_tag_in_the_registrys_words(kit: Kit, registry: Registry) -> None:
    with pytest.raises(StartFailure, match=r"manifest unknown.*check the tag"):
        await kit.ensure(registry.reference("base:none"))


async def test_a_login_opens_a_closed_registry(
    kit: Kit, private_registry: Registry, docker_command: DockerCommand
) -> None:
    image = private_registry.reference("base:1")
    with pytest.raises(StartFailure, match=r"no basic auth credentials.*imagePullSecrets"):
        await kit.ensure(image)
    with pytest.raises(StartFailure) as caught:
        await kit.ensure(image, wrong=RegistryLogin(USERNAME, "hunter2"))
    assert caught.value.reason == "ErrImagePull"
    assert "hunter2" not in caught.value.message
    try:
        pulled = await kit.ensure(image, right=RegistryLogin(USERNAME, PASSWORD))
        assert pulled.reference == image
    finally:
        docker_command.run("rmi", image, check=False)
