"""How a build is told, and what it leaves: the builder's stream in, short lines out."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from kfsim import __version__
from kfsim.backends.docker.imagebuild import BuildFailed, BuildRequest, build_image, default_tag
from kfsim.backends.docker.imagecontext import InstallSources
from kfsim.base.errors import BadRequest

REQUEST = BuildRequest("sklearnserver", base_image="base:1")


class ScriptedClient:
    """An engine whose builder says what the test wants."""

    def __init__(self, *events: Mapping[str, Any]) -> None:
        self.events = events
        self.options: dict[str, Any] = {}
        self.removed: list[str] = []

    def build(self, **options: Any) -> Iterator[Mapping[str, Any]]:
        self.options = options
        return iter(self.events)

    def inspect_image(self, image: str) -> dict[str, Any]:
        return {"Id": "sha256:0123456789abcdef", "Size": 398_279_255}

    def remove_image(self, image: str) -> None:
        self.removed.append(image)


def stream(text: str) -> dict[str, str]:
    return {"stream": text}


def test_a_build_is_told_by_its_slow_steps() -> None:
    client = ScriptedClient(
        {"status": "Pulling from library/base", "id": "1"},
        {"status": "Downloading", "id": "abc", "progress": "[=>  ]"},
        stream("Step 1/4 : ARG BASE_IMAGE=python:3.12-slim\n"),
        stream("Step 2/4 : FROM ${BASE_IMAGE}\n"),
        stream(" ---> 2667192758f3\n"),
        stream(f"Step 3/4 : RUN {'x' * 90}\n"),
        stream("Collecting numpy\n"),
        stream("Step 4/4 : USER 1000\n"),
    )
    assert list(build_image(client, REQUEST)) == [
        f"building kfsim/sklearnserver:{__version__} from base:1",
        "pulling base:1",
        "step 2 of 4: FROM ${BASE_IMAGE}",
        f"step 3 of 4: RUN {'x' * 58}…",
        f"built kfsim/sklearnserver:{__version__} (0123456789ab, 398 MB)",
    ]
    assert client.options["buildargs"] == {"BASE_IMAGE": "base:1"}
    assert client.options["tag"] == default_tag("sklearnserver")


@pytest.mark.parametrize(
    ("events", "words"),
    [
        pytest.param(
            [
                stream("Step 3/4 : RUN sh /install/install.sh\n"),
                *(stream(f"line {number}\n\x1b[0m\n") for number in range(40)),
                stream("Removing intermediate container 1234\n"),
                {"error": "The command … returned 1", "errorDetail": {"code": 1, "message": ""}},
            ],
            [
                "cannot build kfsim/sklearnserver",
                "step 3 of 4: RUN sh /install/install.sh failed: exit code 1; its last lines:\n",
                "\n  line 28\n",
                "\n  line 39\nif packages could not be fetched, --extra-ca",
            ],
            id="a-step",
        ),
        pytest.param(
            [stream("Step 2/4 : FROM ${BASE_IMAGE}\n"), {"error": "pull access denied for base"}],
            ["FROM ${BASE_IMAGE} failed: pull access denied for base; base:1 must be an image"],
            id="no-base",
        ),
    ],
)
def test_a_failure_shows_the_step_its_last_lines_and_the_mend(
    events: list[dict[str, Any]], words: list[str]
) -> None:
    with pytest.raises(BuildFailed) as failed:
        list(build_image(ScriptedClient(*events), REQUEST))
    for each in words:
        assert each in failed.value.message
    assert "line 27" not in failed.value.message
    assert "intermediate" not in failed.value.message


def test_an_unknown_runtime_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(BadRequest, match="known: sklearnserver"):
        list(build_image(ScriptedClient(), BuildRequest("tensorflow")))


_STAGES = [
    stream("Step 1/5 : FROM ${BASE_IMAGE} AS install\n"),
    stream(" ---> aaaaaaaaaaaa\n"),
    stream("Step 2/5 : COPY install/ /install/\n"),
    stream(" ---> bbbbbbbbbbbb\n"),
    stream("Step 3/5 : RUN sh /install/install.sh\n"),
    stream(" ---> Running in 123456789abc\n"),
    stream(" ---> cccccccccccc\n"),
    stream("Step 4/5 : FROM ${BASE_IMAGE}\n"),
    stream(" ---> aaaaaaaaaaaa\n"),
    stream("Step 5/5 : COPY --from=install /opt/site/ /opt/site/\n"),
    stream(" ---> dddddddddddd\n"),
]
_FAILS = {"error": "no space left on device"}


@pytest.mark.parametrize(
    ("events", "settings", "removed"),
    [
        pytest.param(_STAGES, {"PIP_INDEX_URL": "https://x"}, ["cccccccccccc"], id="built"),
        pytest.param([*_STAGES[:6], _FAILS], {"PIP_INDEX_URL": "x"}, ["bbbbbbbbbbbb"], id="failed"),
        pytest.param([*_STAGES[:3], _FAILS], {"PIP_INDEX_URL": "x"}, [], id="only-the-base-image"),
        pytest.param(_STAGES, {"PATH": "/bin"}, [], id="nothing-to-hide"),
    ],
)
def test_a_stage_that_has_pips_settings_is_not_kept(
    events: list[dict[str, Any]], settings: dict[str, str], removed: list[str]
) -> None:
    client = ScriptedClient(*events)
    sources = InstallSources(pip_settings=settings)
    with contextlib.suppress(BuildFailed):
        list(build_image(client, BuildRequest("sklearnserver", sources=sources)))
    assert client.removed == removed
