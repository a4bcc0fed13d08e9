"""The reference pages say what the code says."""

import re
from pathlib import Path

import pytest

from docs.generate.__main__ import FOLDER, PAGES, main
from docs.generate.configuration import (
    ANNOTATIONS,
    DEFAULTS_KEYS,
    REPLICA_VARIABLES,
    VARIABLES,
)
from kfsim.cli.commands import NAMES

ROOT = Path(__file__).parents[2]
_SOURCES = [path.read_text() for path in sorted((ROOT / "kfsim").rglob("*.py"))]
# Names of constants, of placeholders, and of what no user sets or reads.
_NOT_VARIABLES = {"KFSIM_PREFIX", "KFSIM_SOURCE", "KFSIM_RUNTIME", "KFSIM_REPLICA"}
_NOT_ANNOTATIONS = {
    "kfsim.dev/queue-proxy",  # an image
    "kfsim.dev/replica",  # a finalizer
    "kfsim.dev/wake-up",  # from controller to kubelet
}


@pytest.mark.parametrize("name", PAGES)
def test_the_page_has_not_drifted(name: str) -> None:
    assert (FOLDER / name).read_text() == PAGES[name](), "run `make docs`"


def test_a_drifted_page_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("docs.generate.__main__.FOLDER", tmp_path)
    assert main([]) == 0
    assert main(["--check"]) == 0
    (tmp_path / "cli.md").write_text("old")
    assert main(["--check"]) == 1
    assert "docs/reference/cli.md" in capsys.readouterr().err


def test_every_command_has_its_section() -> None:
    text = PAGES["cli.md"]()
    for name in NAMES:
        assert f"## kfsim {name}\n" in text


def test_every_key_of_config_defaults_is_told() -> None:
    source = (ROOT / "kfsim/api/config/defaults.py").read_text()
    for key in DEFAULTS_KEYS:
        assert f'"{key}"' in source or re.fullmatch(r"revision-[a-z-]+-(request|limit)", key)
    read = re.findall(r'given\.(?:count|boolean)\(\s*"([a-z-]+)"', source)
    assert len(read) == 8
    assert set(read) <= set(DEFAULTS_KEYS)


def test_every_variable_of_the_code_is_told() -> None:
    found = {
        name for text in _SOURCES for name in re.findall(r"\bKFSIM_[A-Z]+(?:_[A-Z]+)*\b", text)
    }
    told = {re.sub(r"_?<.*", "", name) for name in (*VARIABLES, *REPLICA_VARIABLES)}
    prefixes = {
        name.rstrip("_") for text in _SOURCES for name in re.findall(r"\bKFSIM_[A-Z]+_", text)
    }
    assert found - _NOT_VARIABLES - told == set()
    assert told - {"PORT"} <= found | prefixes


def test_every_annotation_of_the_code_is_told() -> None:
    found = {name for text in _SOURCES for name in re.findall(r'"(kfsim\.dev/[a-z-]+)"', text)}
    labels = set(
        re.findall(
            r'"(kfsim\.dev/[a-z-]+)"', (ROOT / "kfsim/backends/docker/labels.py").read_text()
        )
    )
    assert found - labels - _NOT_ANNOTATIONS == set(ANNOTATIONS)
