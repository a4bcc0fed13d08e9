"""Reading manifests: what is found, skipped and refused, each with its place."""

import io
import sys
from pathlib import Path

import pytest

from kfsim.cli.manifests import find_watched, load_paths

SERVICE = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one\n"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_every_document_of_a_folder_is_found_with_its_place(tmp_path: Path) -> None:
    path = write(tmp_path, "b/two.yaml", f"{SERVICE}---\n{SERVICE.replace('one', 'two')}")
    write(tmp_path, "a.json", '{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}')
    loaded = load_paths([str(tmp_path)])
    assert [(m.document["metadata"]["name"], m.line) for m in loaded.found] == [
        ("s", 1),
        ("one", 1),
        ("two", 5),
    ]
    assert loaded.found[2].source == str(path.resolve())
    assert not loaded.errors


def test_a_broken_document_names_its_line_and_spoils_no_other(tmp_path: Path) -> None:
    path = write(tmp_path, "x.yaml", f"{SERVICE}---\nkind: [unclosed\nname: x\n---\n{SERVICE}")
    loaded = load_paths([str(path)])
    assert len(loaded.found) == 2
    assert len(loaded.errors) == 1
    assert f"{path}:7:" in loaded.errors[0]
    assert "not valid YAML" in loaded.errors[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("apiVersion: v1\nmetadata: {name: x}\n", "kind not set"),
        ("apiVersion: v1\nkind: Pod\n", "Pod has no metadata.name"),
        ("apiVersion: 1\nkind: Pod\nmetadata: {name: x}\n", "apiVersion not set"),
    ],
    ids=["no kind", "no name", "apiVersion is a number"],
)
def test_half_an_object_is_an_error(tmp_path: Path, text: str, message: str) -> None:
    loaded = load_paths([str(write(tmp_path, "x.yaml", text))])
    assert loaded.errors[0].endswith(message)
    assert not loaded.found


def test_other_yaml_is_skipped_and_said(tmp_path: Path) -> None:
    write(tmp_path, "compose.yaml", "services:\n  web:\n    image: x\n")
    write(tmp_path, "kfsim.yaml", "gpu: fake\n")
    loaded = load_paths([str(tmp_path)])
    assert not loaded.errors
    assert len(loaded.skipped) == 1
    assert "compose.yaml:1: not a Kubernetes object" in loaded.skipped[0]


def test_lists_are_unpacked(tmp_path: Path) -> None:
    text = "apiVersion: v1\nkind: List\nitems:\n- " + SERVICE.replace("\n", "\n  ").strip() + "\n"
    loaded = load_paths([str(write(tmp_path, "x.yaml", text))])
    assert [m.document["kind"] for m in loaded.found] == ["ConfigMap"]


def test_what_looks_like_a_date_is_text_as_kubernetes_reads_it(tmp_path: Path) -> None:
    text = f"{SERVICE}  annotations: {{released: 2024-01-31, at: 2024-01-31T10:00:00Z}}\n"
    (loaded,) = load_paths([str(write(tmp_path, "x.yaml", text))]).found
    assert loaded.document["metadata"]["annotations"] == {
        "released": "2024-01-31",
        "at": "2024-01-31T10:00:00Z",
    }


def test_standard_input_has_no_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(SERVICE))
    loaded = load_paths(["-"])
    assert loaded.found[0].source == ""


def test_a_missing_path_is_named() -> None:
    assert load_paths(["/nowhere/x.yaml"]).errors == ["/nowhere/x.yaml: no such file or folder"]


def test_the_projects_own_file_is_no_manifest_even_when_it_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, "kfsim.yaml", "gpu: [not, checked, here]\n")
    result = load_paths([str(path)])
    assert (result.found, result.errors) == ([], [])
    assert result.skipped == [f"{path}: is kfsim's own file; `kfsim up` reads it"]


def test_what_two_paths_lead_to_is_read_once(tmp_path: Path) -> None:
    path = write(tmp_path, "a.yaml", SERVICE)
    (tmp_path / "link.yaml").symlink_to(path)
    assert len(load_paths([str(tmp_path), str(path)]).found) == 1


def test_links_that_lead_back_end(tmp_path: Path) -> None:
    write(tmp_path, "below/a.yaml", SERVICE)
    (tmp_path / "below/up").symlink_to(tmp_path)
    assert len(load_paths([str(tmp_path)]).found) == 1


def test_comments_and_directives_before_a_document_are_no_documents(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = f"%YAML 1.1\n---\n# Source: chart/a.yaml\n---\n# Source: chart/b.yaml\n{SERVICE}---\n\n"
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    loaded = load_paths(["-"])
    assert ([m.place for m in loaded.found], loaded.errors, loaded.skipped) == (["stdin:4"], [], [])


@pytest.mark.parametrize(
    "text", ["!!int x\n", "[" * 100_000], ids=["no integer", "nested without end"]
)
def test_what_yaml_cannot_make_is_an_error_too(tmp_path: Path, text: str) -> None:
    (error,) = load_paths([str(write(tmp_path, "x.yaml", text))]).errors
    assert error.startswith(f"{tmp_path}/x.yaml:1")


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A base with an overlay, and a tool that prints one object named as the folder."""
    write(tmp_path, "tree/base/kustomization.yaml", "resources: [one.yaml]\n")
    write(tmp_path, "tree/base/one.yaml", SERVICE)
    write(tmp_path, "tree/dev/kustomization.yaml", "resources: [../base, ../loose/two.yaml]\n")
    write(tmp_path, "tree/loose/two.yaml", SERVICE)
    write(tmp_path, "tree/loose/three.yaml", SERVICE.replace("one", "three"))
    tool = write(tmp_path, "bin/kustomize", '#!/bin/sh\necho "$TEXT" | /bin/sed "s,NAME,${2##*/},"')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("TEXT", SERVICE.replace("one", "rendered-NAME"))
    return tmp_path / "tree"


def test_a_tree_applies_overlays_and_not_their_parts_again(tree: Path) -> None:
    loaded = load_paths([str(tree)])
    assert [(m.name, m.place) for m in loaded.found] == [
        ("rendered-dev", f"{tree}/dev/kustomization.yaml"),
        ("three", f"{tree}/loose/three.yaml:1"),
    ]
    assert loaded.skipped == [
        f"{tree}/base: is a part of the kustomization {tree}/dev",
        f"{tree}/loose/two.yaml: is a part of the kustomization {tree}/dev",
    ]


def test_the_kustomization_at_the_path_hides_what_lies_below_it(tree: Path) -> None:
    write(tree, "kustomization.yaml", "resources: [dev]\n")
    assert [m.name for m in load_paths([str(tree)]).found] == ["rendered-tree"]


def test_a_kustomizations_own_file_means_its_folder(tree: Path) -> None:
    assert [m.name for m in load_paths([str(tree / "base/kustomization.yaml")]).found] == [
        "rendered-base"
    ]


def test_a_broken_kustomization_stops_nothing_else(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    loaded = load_paths([str(tree)])
    assert [m.name for m in loaded.found] == ["three"]
    assert len(loaded.errors) == 1


def test_bases_outside_are_watched_too(tree: Path) -> None:
    assert find_watched([str(tree / "dev")]) == [str(tree / "dev"), str(tree.resolve() / "base")]
    assert find_watched([str(tree)]) == [str(tree)]
