"""Kustomizations: what they are made of, which stand for themselves, what their tool says."""

import sys
from pathlib import Path

import pytest

from kfsim.base.errors import Unavailable
from kfsim.cli.kustomization import find_parts, references_of, render, roots_among


def write(folder: Path, text: str, name: str = "kustomization.yaml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return folder


def put_tool(folder: Path, name: str, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The only program on the path."""
    folder.mkdir()
    tool = folder / name
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"resources": ["a.yaml", "../base"]}, ["a.yaml", "../base"]),
        ({"bases": ["../base"], "components": ["../c"]}, ["../base", "../c"]),
        ({"patches": [{"path": "p.yaml"}, {"patch": "inline"}]}, ["p.yaml"]),
        ({"configMapGenerator": [{"files": ["a=x.txt", "y.txt"]}]}, ["x.txt", "y.txt"]),
        ({"secretGenerator": [{"envs": [".env"]}, {"env": "old.env"}]}, [".env", "old.env"]),
        ({"helmCharts": [{"name": "c", "valuesFile": "v.yaml"}]}, ["v.yaml"]),
        ({"resources": "no list", "patches": [1, None]}, []),
    ],
    ids=["resources", "bases", "patches", "files", "envs", "helm", "nonsense"],
)
def test_references(content: dict[str, object], expected: list[str]) -> None:
    assert sorted(references_of(content)) == sorted(expected)


def test_parts_are_found_through_bases_and_circles_end(tmp_path: Path) -> None:
    write(tmp_path / "base", "resources: [one.yaml, gone.yaml, ../overlay]\n")
    write(tmp_path / "base", "", "one.yaml")
    overlay = write(tmp_path / "overlay", "resources: [../base, 'https://example.invalid/x']\n")
    assert find_parts(overlay) == {
        str(tmp_path.resolve() / "base"),
        str(tmp_path.resolve() / "base/one.yaml"),
    }


def test_a_base_is_a_part_of_its_overlay_and_overlays_stand_for_themselves(tmp_path: Path) -> None:
    base = write(tmp_path / "base", "resources: []\n")
    dev = write(tmp_path / "dev", "resources: [../base]\n")
    prod = write(tmp_path / "prod", "resources: [../base]\n")
    assert roots_among([base, dev, prod]) == {base: dev, dev: None, prod: None}


def test_what_goes_in_a_circle_is_left_to_the_tool(tmp_path: Path) -> None:
    one = write(tmp_path / "one", "resources: [../two]\n")
    two = write(tmp_path / "two", "resources: [../one]\n")
    assert roots_among([one, two]) == {one: None, two: None}


def test_a_kustomization_that_is_no_yaml_has_no_parts(tmp_path: Path) -> None:
    assert find_parts(write(tmp_path / "x", "resources: [")) == frozenset()


@pytest.mark.parametrize(("name", "arguments"), [("kustomize", "build"), ("kubectl", "kustomize")])
def test_the_tool_that_is_there_renders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, arguments: str
) -> None:
    put_tool(tmp_path / "bin", name, 'echo "$@"', monkeypatch)
    assert render("folder") == f"{arguments} folder\n"


def test_without_a_tool_the_mend_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match=r"neither kustomize nor kubectl .*install one of them"):
        render("folder")


@pytest.mark.parametrize(
    "said",
    [
        "Error: no such base",
        'E1125 12:18:06.368081    7552 run.go:72] "command failed" err="no such base"',
        'E1125 12:18:06.368081    7552 run.go:72] "command failed" err=<\n\tno such base\n >',
    ],
    ids=["plain", "a log line", "a log line of several"],
)
def test_the_tools_own_words_are_said_without_its_log_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    (tmp_path / "said").write_text(said)
    script = f"import sys; sys.exit(open({str(tmp_path / 'said')!r}).read())"
    put_tool(tmp_path / "bin", "kustomize", f'exec {sys.executable} -c "{script}"', monkeypatch)
    with pytest.raises(Unavailable) as caught:
        render("folder")
    assert caught.value.message == "folder: kustomize failed: no such base"
