"""Pull policies, logins, stand-ins, and what is told of them."""

import asyncio

import pytest

from kfsim.api.core import Container
from kfsim.backends.docker.creation import Remark
from kfsim.backends.docker.errors import EngineUnavailable
from kfsim.backends.docker.images import Images, PulledImage
from kfsim.backends.docker.pull_progress import PullProgress
from kfsim.backends.docker.standins import SKLEARN_IMAGE
from kfsim.backends.failures import StartFailure
from kfsim.replicas.backend import RegistryLogin
from kfsim.testing.clock import FakeClock
from tests.backends.docker.fake_images import FakeImageEngine

DIGEST = "sha256:" + "ab" * 32


class Kit:
    """Images over a fake engine, and what was noted."""

    def __init__(self) -> None:
        self.engine = FakeImageEngine()
        self.clock = FakeClock()
        self.images = Images(self.engine, clock=self.clock)
        self.notes: list[Remark] = []

    async def ensure(
        self,
        image: str,
        policy: str | None = None,
        *,
        logins: dict[str, RegistryLogin] | None = None,
        args: tuple[str, ...] = (),
    ) -> PulledImage:
        container = Container(name="c", image=image, image_pull_policy=policy, args=args)
        return await self.images.ensure(container, logins or {}, self.notes.append)

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(each.reason, each.message) for each in self.notes]


@pytest.fixture
async def kit() -> Kit:
    return Kit()


PRESENT = [("Pulled", 'Container image "x:1" already present on machine')]
PULLED = [
    ("Pulling", 'Pulling image "x:1"'),
    ("Pulled", 'Successfully pulled image "x:1" in 0s'),
]


@pytest.mark.parametrize(
    ("policy", "present", "told"),
    [
        (None, True, PRESENT),
        ("IfNotPresent", True, PRESENT),
        ("Never", True, PRESENT),
        ("Always", True, PULLED),
        (None, False, PULLED),
        ("IfNotPresent", False, PULLED),
        ("Always", False, PULLED),
    ],
)
async def test_policies(
    kit: Kit, policy: str | None, present: bool, told: list[tuple[str, str]]
) -> None:
    kit.engine.offer("x:1")
    if present:
        kit.engine.add("x:1")
    pulled = await kit.ensure("x:1", policy)
    assert pulled == PulledImage("docker.io/library/x:1", "docker://sha256:1")
    assert kit.told == told
    assert not any(each.warning for each in kit.notes)


@pytest.mark.parametrize("image", ["x", "x:latest", "docker.io/library/x"])
async def test_latest_is_pulled_unless_a_policy_says_otherwise(kit: Kit, image: str) -> None:
    kit.engine.add("x:latest")
    kit.engine.offer("x:latest")
    await kit.ensure(image, "IfNotPresent")
    assert kit.engine.pulled == []
    await kit.ensure(image)
    assert kit.engine.pulled == [("docker.io/library/x:latest", None)]


async def test_a_digest_never_changes(kit: Kit) -> None:
    image = f"r:5000/x@{DIGEST}"
    kit.engine.offer(image)
    first = await kit.ensure(image)
    assert (await kit.ensure(image)) == first
    assert kit.engine.pulled == [(image, None)]


async def test_never_fails_in_kubelets_words(kit: Kit) -> None:
    with pytest.raises(StartFailure) as caught:
        await kit.ensure("x:1", "Never")
    assert caught.value.reason == "ErrImageNeverPull"
    assert caught.value.message == (
        'Container image "x:1" is not present with pull policy of Never'
    )
    assert kit.engine.pulled == []


@pytest.mark.parametrize(
    ("image", "cause"),
    [
        ("my model", "invalid reference format"),
        ("", "invalid reference format"),
        ("a/B:1", "invalid reference format: repository name (a/B) must be lowercase"),
    ],
)
async def test_an_invalid_name_fails_in_kubelets_words(kit: Kit, image: str, cause: str) -> None:
    with pytest.raises(StartFailure) as caught:
        await kit.ensure(image)
    assert caught.value.reason == "InvalidImageName"
    assert caught.value.message == (
        f'Failed to apply default image tag "{image}": couldn\'t parse image name "{image}": '
        f"{cause}"
    )


async def test_a_failed_pull_keeps_the_registrys_words(kit: Kit) -> None:
    with pytest.raises(StartFailure) as caught:
        await kit.ensure("x:1")
    assert caught.value.reason == "ErrImagePull"
    assert caught.value.message.startswith(
        'failed to pull image "x:1": manifest for docker.io/library/x:1 not found: manifest unknown'
    )
    assert kit.told == [("Pulling", 'Pulling image "x:1"')]


async def test_an_error_in_the_middle_of_a_pull_is_one(kit: Kit) -> None:
    kit.engine.offer("x:1", needs={"username": "u", "password": "p"}, words="disk on fire")
    with pytest.raises(StartFailure, match='failed to pull image "x:1": disk on fire; '):
        await kit.ensure("x:1")


async def test_an_image_without_a_stated_policy_that_is_here_outlives_its_registry(
    kit: Kit,
) -> None:
    kit.engine.add("built-here:latest")
    pulled = await kit.ensure("built-here")
    assert pulled.reference == "docker.io/library/built-here:latest"
    note = kit.notes[-1]
    assert (note.reason, note.warning) == ("ImageNotRefreshed", True)
    assert "manifest unknown" in note.message
    with pytest.raises(StartFailure, match="manifest unknown"):
        await kit.ensure("built-here", "Always")


async def test_ids_and_users_are_those_of_the_image(kit: Kit) -> None:
    kit.engine.add("r:5000/x:1", user="1000", digest=DIGEST)
    assert await kit.ensure("r:5000/x:1") == PulledImage(
        "r:5000/x:1", f"docker-pullable://r:5000/x@{DIGEST}", user="1000"
    )


async def test_how_long_a_pull_took_is_told(kit: Kit) -> None:
    kit.engine.offer("x:1")
    kit.engine.gate.clear()
    waiting = asyncio.ensure_future(kit.ensure("x:1"))
    while not kit.engine.pulled:
        await asyncio.sleep(0)
    kit.clock.advance(1.23456)
    kit.engine.gate.set()
    await waiting
    assert kit.told[-1] == ("Pulled", 'Successfully pulled image "x:1" in 1.235s')


# Logins


WRONG, RIGHT = RegistryLogin("wrong", "w"), RegistryLogin("right", "r")
NEEDS = {"username": "right", "password": "r"}


async def test_matching_logins_are_tried_in_turn(kit: Kit) -> None:
    kit.engine.offer("r:5000/team/x:1", needs=NEEDS)
    logins = {"r:5000/team": WRONG, "r:5000": RIGHT, "other": RegistryLogin("o", "o")}
    await kit.ensure("r:5000/team/x:1", logins=logins)
    tried = [auth and auth["username"] for _, auth in kit.engine.pulled]
    assert tried == ["wrong", "right"]


async def test_without_a_matching_login_none_is_given(kit: Kit) -> None:
    kit.engine.offer("r:5000/x:1")
    await kit.ensure("r:5000/x:1", logins={"other": RIGHT})
    assert kit.engine.pulled == [("r:5000/x:1", None)]


async def test_when_no_login_is_right_the_registry_is_heard_once_and_the_password_never(
    kit: Kit,
) -> None:
    kit.engine.offer("r:5000/x:1", needs=NEEDS)
    logins = {"r:5000": WRONG, "http://r:5000/": RegistryLogin("also", "hunter2")}
    with pytest.raises(StartFailure) as caught:
        await kit.ensure("r:5000/x:1", logins=logins)
    assert caught.value.message.count("unauthorized") == 1
    assert "imagePullSecrets" in caught.value.message
    assert "hunter2" not in caught.value.message + repr(kit.notes)


# Sharing


async def _settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_one_pull_serves_all_who_wait(kit: Kit) -> None:
    kit.engine.offer("x:1")
    kit.engine.gate.clear()
    waiting = [asyncio.ensure_future(kit.ensure(name)) for name in ("x:1", "docker.io/x:1")]
    await _settle()
    assert len(kit.engine.pulled) == 1
    assert kit.images.progress("library/x:1") == PullProgress(5, 10)
    kit.engine.gate.set()
    first, second = await asyncio.gather(*waiting)
    assert first == second
    assert kit.images.progress("x:1") is None


async def test_other_logins_pull_for_themselves(kit: Kit) -> None:
    kit.engine.offer("r:5000/x:1", needs=NEEDS)
    kit.engine.gate.clear()
    one = asyncio.ensure_future(kit.ensure("r:5000/x:1", logins={"r:5000": RIGHT}))
    other = asyncio.ensure_future(kit.ensure("r:5000/x:1", logins={"r:5000": WRONG}))
    await _settle()
    assert len(kit.engine.pulled) == 2
    kit.engine.gate.set()
    await one
    with pytest.raises(StartFailure, match="unauthorized"):
        await other


async def test_who_gives_up_leaves_the_pull_to_the_others(kit: Kit) -> None:
    kit.engine.offer("x:1")
    kit.engine.gate.clear()
    impatient = asyncio.ensure_future(kit.ensure("x:1"))
    patient = asyncio.ensure_future(kit.ensure("x:1"))
    await _settle()
    impatient.cancel()
    await asyncio.gather(impatient, return_exceptions=True)
    assert impatient.cancelled()
    kit.engine.gate.set()
    assert (await patient).reference == "docker.io/library/x:1"


async def test_the_last_who_gives_up_ends_the_pull_and_a_later_one_begins_anew(kit: Kit) -> None:
    kit.engine.offer("x:1")
    kit.engine.gate.clear()
    waiting = asyncio.ensure_future(kit.ensure("x:1"))
    await _settle()
    assert kit.engine.streams == 1
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await _settle()
    assert kit.engine.streams == 0
    assert kit.images.progress("x:1") is None
    kit.engine.gate.set()
    await kit.ensure("x:1")
    assert len(kit.engine.pulled) == 2


async def test_a_lost_engine_is_no_fault_of_the_image(kit: Kit) -> None:
    kit.engine.offer("x:1")
    kit.engine.lost = True
    with pytest.raises(EngineUnavailable):
        await kit.ensure("x:1")
    with pytest.raises(EngineUnavailable):
        await kit.ensure("x:1", "Always")


async def test_closing_ends_pulls(kit: Kit) -> None:
    kit.engine.offer("x:1")
    kit.engine.gate.clear()
    waiting = asyncio.ensure_future(kit.ensure("x:1"))
    await _settle()
    await kit.images.close()
    assert kit.engine.streams == 0
    with pytest.raises(asyncio.CancelledError):
        await waiting


# Stand-ins

RUNTIME = "kserve/sklearnserver:v0.20.0"
ARGS = ("--model_name=m", "--http_port=9000")


async def test_kfsims_own_image_stands_in_for_a_runtimes_that_is_not_here(kit: Kit) -> None:
    kit.engine.add(SKLEARN_IMAGE, user="1000")
    for policy in (None, "IfNotPresent", "Never"):
        kit.notes.clear()
        pulled = await kit.ensure(RUNTIME, policy, args=ARGS)
        assert pulled.reference == f"docker.io/{SKLEARN_IMAGE}"
        assert pulled.user == "1000"
        (note,) = kit.notes
        assert (note.reason, note.warning) == ("ImageSubstituted", False)
        assert RUNTIME in note.message
        assert SKLEARN_IMAGE in note.message
    container = Container(name="c", image=RUNTIME, command=("x",), args=ARGS)
    adapted = pulled.adapt(container)
    assert (adapted.command, adapted.args) == ((), ("--model_name=m", "--http_port=9000"))


async def test_the_runtimes_own_image_is_used_where_it_is_here(kit: Kit) -> None:
    kit.engine.add(SKLEARN_IMAGE)
    kit.engine.add(RUNTIME)
    pulled = await kit.ensure(RUNTIME, args=ARGS)
    assert pulled.reference == f"docker.io/{RUNTIME}"
    container = Container(name="c", args=ARGS)
    assert pulled.adapt(container) is container


async def test_always_means_the_runtimes_own(kit: Kit) -> None:
    kit.engine.add(SKLEARN_IMAGE)
    kit.engine.offer(RUNTIME)
    assert (await kit.ensure(RUNTIME, "Always")).reference == f"docker.io/{RUNTIME}"


# What is here


async def test_what_is_here_is_known_after_a_look_under_every_spelling(kit: Kit) -> None:
    assert kit.images.has("x:1") is None
    kit.engine.add("x:1")
    kit.engine.add("r:5000/y:1", digest=DIGEST)
    kit.engine.store["none"] = {"Id": "sha256:2", "RepoTags": ["<none>:<none>"]}
    kit.engine.store["null"] = {"Id": "sha256:3", "RepoTags": None, "RepoDigests": None}
    await kit.images.refresh()
    here = ("x:1", "docker.io/library/x:1", "index.docker.io/x:1", f"r:5000/y@{DIGEST}")
    assert [kit.images.has(name) for name in here] == [True] * 4
    assert [kit.images.has(name) for name in ("x", "y:1", "r:5000/y", "B A D")] == [False] * 4


async def test_events_ask_for_one_look_however_many_there_are(kit: Kit) -> None:
    await kit.images.refresh()
    assert kit.images.has("x:1") is False
    kit.engine.add("x:1")
    for _ in range(10):
        kit.images.on_image_event({"Action": "tag"})
    await _settle()
    assert kit.images.has("x:1") is True
    assert kit.engine.lists == 2


async def test_an_event_during_a_look_asks_for_another(kit: Kit) -> None:
    kit.images.on_image_event({"Action": "load"})
    await asyncio.sleep(0)  # the first look is under way
    kit.images.on_image_event({"Action": "tag"})
    await _settle()
    assert kit.engine.lists == 2


async def test_without_an_engine_nothing_is_known_and_its_return_is_a_look(kit: Kit) -> None:
    kit.engine.add("x:1")
    kit.engine.change(available=True)
    await _settle()
    assert kit.images.has("x:1") is True
    kit.engine.change(available=False)
    assert kit.images.has("x:1") is None
    kit.images.on_image_event({"Action": "tag"})  # fails, and is no error
    await _settle()
    assert kit.images.has("x:1") is None
    kit.engine.change(available=True)
    await _settle()
    assert kit.images.has("x:1") is True
