"""Flags win over kfsim.yaml, kfsim.yaml over defaults; what a daemon keeps is said."""

import os
from argparse import Namespace
from pathlib import Path
from typing import Any, cast

import pytest

from kfsim.base.errors import Invalid
from kfsim.cli.client import ApiClient
from kfsim.cli.commands.common import UsageError
from kfsim.cli.project_settings import (
    check_environment,
    compare,
    parse_maps,
    reread_project_file,
    take_project_file,
)
from kfsim.daemon.project import DaemonInfo
from kfsim.replicas.devices import GpuMode, GpuSettings

UNSAID = {"runtime": None, "strict": None, "compat": None, "gateway": None, "api": None}
MEND = "`kfsim down` and `kfsim up` again to change that"


class Daemon:
    """Answers as one does."""

    def __init__(self, **answer: Any) -> None:
        self._answer = answer

    def get(self, path: str) -> dict[str, Any]:
        assert path == "/kfsim/v1/status"
        return self._answer

    def create(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        assert path == "/kfsim/v1/settings"
        return self._answer


def daemon(**answer: Any) -> ApiClient:
    return cast(ApiClient, Daemon(**answer))


def test_relative_targets_start_at_the_current_folder() -> None:
    maps = parse_maps(["gs://a=./models", "s3://b=/abs/../x", "hf://=https://h/x=y"])
    assert maps == {
        "gs://a": os.path.join(os.getcwd(), "models"),
        "s3://b": "/x",
        "hf://": "https://h/x=y",
    }
    with pytest.raises(UsageError, match="is not PREFIX=TARGET, such as"):
        parse_maps(["gs://a"])


FILE = (
    "gpu: fake\nruntime: docker\nstrict: true\ncompat: kfserving\n"
    "gateway: 127.0.0.1:1\napi: 127.0.0.1:2\n"
)
OF_FILE = {
    "runtime": "docker",
    "strict": True,
    "compat": "kfserving",
    "gateway": "127.0.0.1:1",
    "api": "127.0.0.1:2",
}
FLAGS = {
    "runtime": "process",
    "strict": False,
    "compat": "kserve",
    "gateway": "127.0.0.1:3",
    "api": "127.0.0.1:4",
}
DEFAULTS = {"runtime": "auto", "strict": False, "compat": "kserve", "gateway": None, "api": None}


@pytest.mark.parametrize(
    ("text", "said", "taken"),
    [
        (None, UNSAID, DEFAULTS),
        ("", UNSAID, DEFAULTS),
        (FILE, UNSAID, OF_FILE),
        (FILE, FLAGS, FLAGS),
        (None, FLAGS, FLAGS),
    ],
)
def test_flags_win_over_the_file_over_defaults(
    tmp_path: Path, text: str | None, said: dict[str, Any], taken: dict[str, Any]
) -> None:
    if text is not None:
        (tmp_path / "kfsim.yaml").write_text(text)
    arguments = Namespace(**said)
    gpu = take_project_file(arguments, str(tmp_path))
    assert vars(arguments) == taken
    assert gpu.mode == (GpuMode.FAKE if text else GpuMode.REQUIRE)


def test_the_environment_is_checked_before_a_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_environment(str(tmp_path))
    (tmp_path / "kfsim.yaml").write_text("secrets: {ns/s: {k: '${KFT_NONE}'}}")
    with pytest.raises(Invalid, match="needs the environment variable KFT_NONE"):
        check_environment(str(tmp_path))
    monkeypatch.setenv("KFT_NONE", "x")
    check_environment(str(tmp_path))


def test_what_came_of_reading_the_file_again_is_said() -> None:
    said: list[str] = []
    reread_project_file(daemon(changed=True, kept=["gpu"]), said.append)
    assert said == [
        "kfsim.yaml has changed: its maps and secrets are in force",
        f"kfsim.yaml: gpu has changed; {MEND}",
    ]
    reread_project_file(daemon(changed=False, kept=[]), said.append)
    reread_project_file(daemon(changed=True, kept=["gpu"]))
    assert len(said) == 2


RUNNING = DaemonInfo(1, "127.0.0.1:8080", "127.0.0.1:8001", "1", "p", "/p", "/s")
ASKED = {
    **DEFAULTS,
    "allow_privileged": False,
    "allow_host_path": False,
}


@pytest.mark.parametrize(
    ("status", "asked", "maps", "warnings"),
    [
        ({}, {"strict": True}, {"a": "/b"}, []),
        ({"strict": True, "maps": {"a": "/b"}}, {"strict": True}, {"a": "/b"}, []),
        ({"maps": {"a": "/b"}}, {}, {}, []),
        ({}, {"gateway": "localhost:8080", "api": "127.0.0.1:0"}, {}, []),
        (
            {},
            {"gateway": "127.0.0.1:9"},
            {},
            ["it keeps --gateway 127.0.0.1:8080, and --gateway 127.0.0.1:9 is asked for"],
        ),
        (
            {"strict": False, "maps": {}},
            {"strict": True},
            {"a": "/b"},
            [
                "it was started without --strict",
                "it keeps the --map of its start, and others are asked for",
            ],
        ),
        (
            {"gpu": "fake", "runtime": "docker", "compat": "kfserving"},
            {"runtime": "process"},
            {},
            [
                "it keeps gpu: fake, and kfsim.yaml asks for gpu: require",
                "it keeps --runtime docker, and --runtime process is asked for",
                "it keeps --compat kfserving, and --compat kserve is asked for",
            ],
        ),
    ],
)
def test_what_a_running_daemon_keeps(
    capsys: pytest.CaptureFixture[str],
    status: dict[str, Any],
    asked: dict[str, Any],
    maps: dict[str, str],
    warnings: list[str],
) -> None:
    arguments = Namespace(**{**ASKED, **asked})
    compare(daemon(**status), RUNNING, arguments, gpu=GpuSettings(), maps=maps)
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition("it ")[2] for line in lines] == [
        f"{text.removeprefix('it ')}; {MEND}" for text in warnings
    ]
