"""`-f`, `-k`, `-R` and `-n` of the commands that take manifests."""

import argparse
from pathlib import Path

import pytest

from kfsim.base.errors import BadRequest
from kfsim.cli.client import Resource
from kfsim.cli.commands.common import UsageError
from kfsim.cli.commands.sources import add_file_flags, load_from_flags, namespace_for
from kfsim.cli.manifests import Manifest

CONFIG_MAP = Resource("v1", "ConfigMap", "configmaps", "configmap", ("cm",), (), True)
NAMESPACE = Resource("v1", "Namespace", "namespaces", "namespace", ("ns",), (), False)


def parse(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_file_flags(parser)
    return parser.parse_args(words)


def write(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: '{path.stem}'}}\n")


def names_of(*words: str) -> list[str]:
    return [manifest.name for manifest in load_from_flags(parse(*words)).found]


def test_files_may_be_given_again_and_with_commas(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", "b.yaml", "c.yaml", "d,e.yaml")
    assert names_of("-f", f"{tmp_path}/a.yaml,{tmp_path}/b.yaml", "-f", f"{tmp_path}/d,e.yaml") == [
        "a",
        "b",
        "d,e",
    ]


def test_folders_within_folders_are_read_with_r_only(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", "below/b.yaml")
    assert names_of("-f", str(tmp_path)) == ["a"]
    assert names_of("-R", "-f", str(tmp_path)) == ["a", "b"]


@pytest.mark.parametrize(
    "words",
    [(), ("-f", "a", "-k", "b"), ("-k", "b", "-R")],
    ids=["neither", "both", "recursive kustomization"],
)
def test_wrong_usage(words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        load_from_flags(parse(*words))


def test_a_folder_for_k_must_be_a_kustomization(tmp_path: Path) -> None:
    (error,) = load_from_flags(parse("-k", str(tmp_path))).errors
    assert error.startswith(f"{tmp_path}: has none of kustomization.yaml")


@pytest.mark.parametrize(
    ("resource", "own", "given", "expected"),
    [
        (CONFIG_MAP, None, None, "default"),
        (CONFIG_MAP, None, "team", "team"),
        (CONFIG_MAP, "team", None, "team"),
        (CONFIG_MAP, "team", "team", "team"),
        (NAMESPACE, None, "team", ""),
    ],
)
def test_the_namespace(
    resource: Resource, own: str | None, given: str | None, expected: str
) -> None:
    document = {"metadata": {"name": "x", **({"namespace": own} if own else {})}}
    assert namespace_for(Manifest(document, ""), resource, given) == expected


def test_another_namespace_than_the_flags_is_refused_in_kubectls_words() -> None:
    manifest = Manifest({"metadata": {"name": "x", "namespace": "a"}}, "")
    with pytest.raises(BadRequest, match=r'"a" does not match the namespace "b".*--namespace=a'):
        namespace_for(manifest, CONFIG_MAP, "b")
