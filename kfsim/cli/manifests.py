"""Reading manifests: files, folders and standard input into documents with their place.

A document that is no Kubernetes object (a compose file beside the manifests, say) is skipped and
said; kfsim.yaml is no manifest, and is read by `kfsim up`. A document that cannot be parsed is an
error that names file and line; the others of its file and folder are still read, and the caller
decides what that means.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from kfsim.daemon.project import PROJECT_FILE

SOURCE = "kfsim.dev/source"
_SUFFIXES = (".yaml", ".yml", ".json")
_FastLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# YAML as Kubernetes reads it: what looks like a date is text.
_Loader: Any = type(
    "_Loader",
    (_FastLoader,),
    {
        "yaml_implicit_resolvers": {
            first: [row for row in rows if row[0] != "tag:yaml.org,2002:timestamp"]
            for first, rows in _FastLoader.yaml_implicit_resolvers.items()
        }
    },
)
_KUSTOMIZATION = ("kustomization.yaml", "kustomization.yml", "Kustomization")


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object as written; `source` is the absolute path of its file, empty for stdin, and
    `shown` what the user calls that file."""

    document: dict[str, Any]
    source: str
    line: int = 1
    shown: str = field(default="stdin", compare=False)

    @property
    def place(self) -> str:
        return f"{self.shown}:{self.line}"

    @property
    def name(self) -> str:
        """The start of the name where the API makes the rest."""
        metadata = self.document["metadata"]
        return str(metadata.get("name") or metadata.get("generateName"))

    @property
    def title(self) -> str:
        return f"{self.document['kind']}/{self.name}"


@dataclass(slots=True)
class Manifests:
    """Everything that was found below some paths."""

    found: list[Manifest] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def load_paths(paths: Iterable[str], *, recursive: bool = True) -> Manifests:
    """Read files and folders; `-` is standard input."""
    result = Manifests()
    for path in paths:
        if path == "-":
            _load_text(sys.stdin.read(), "", result)
        elif os.path.isdir(path):
            _load_folder(Path(path), result, recursive=recursive)
        elif os.path.basename(path) == PROJECT_FILE:
            result.skipped.append(f"{path}: is kfsim's own file; `kfsim up` reads it")
        elif os.path.exists(path):
            _load_file(Path(path), result)
        else:
            result.errors.append(f"{path}: no such file or folder")
    return result


def load_kustomization(folder: str) -> Manifests:
    """Render a kustomization with kustomize or kubectl, whichever is installed."""
    result = Manifests()
    _render_kustomization(Path(folder), result)
    return result


def _load_folder(folder: Path, result: Manifests, *, recursive: bool) -> None:
    if any((folder / name).is_file() for name in _KUSTOMIZATION):
        _render_kustomization(folder, result)
        return
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir():
            if recursive:
                _load_folder(path, result, recursive=True)
        elif path.suffix in _SUFFIXES and path.name != PROJECT_FILE:
            _load_file(path, result)


def _load_file(path: Path, result: Manifests) -> None:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        result.errors.append(f"{path}: cannot be read: {error}")
        return
    _load_text(text, os.path.realpath(path), result, shown=str(path))


def _load_text(text: str, source: str, result: Manifests, *, shown: str = "stdin") -> None:
    for line, chunk in _split_documents(text):
        try:
            document = yaml.load(chunk, Loader=_Loader)  # a safe loader, in C
        except yaml.YAMLError as error:
            result.errors.append(_describe_yaml_error(shown, line, error))
            continue
        if document is None:
            continue
        _take(document, source, shown, line, result)


def _take(document: Any, source: str, shown: str, line: int, result: Manifests) -> None:
    if not isinstance(document, dict) or not ("apiVersion" in document or "kind" in document):
        result.skipped.append(f"{shown}:{line}: not a Kubernetes object")
        return
    missing = [key for key in ("apiVersion", "kind") if not isinstance(document.get(key), str)]
    if missing:
        result.errors.append(f"{shown}:{line}: {' and '.join(missing)} not set")
        return
    if document["kind"].endswith("List") and isinstance(document.get("items"), list):
        for item in document["items"]:
            _take(item, source, shown, line, result)
        return
    metadata = document.get("metadata")
    if not isinstance(metadata, dict) or not (metadata.get("name") or metadata.get("generateName")):
        result.errors.append(f"{shown}:{line}: {document['kind']} has no metadata.name")
        return
    result.found.append(Manifest(document, source, line, shown))


def _split_documents(text: str) -> Iterator[tuple[int, str]]:
    """The documents of a stream with their first line, so that one bad one spoils no other."""
    start = 1
    lines: list[str] = []
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        if line.startswith("---") and (len(line) == 3 or line[3] in " \t\r\n"):
            if "".join(lines).strip():
                yield start, "".join(lines)
            start, lines = number, [line]
        else:
            lines.append(line)
    if "".join(lines).strip():
        yield start, "".join(lines)


def _describe_yaml_error(shown: str, line: int, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    context = getattr(error, "context", None)
    place = f"{shown}:{line + mark.line}:{mark.column + 1}" if mark else f"{shown}:{line}"
    return f"{place}: not valid YAML: {problem}" + (f" ({context})" if context else "")


def _render_kustomization(folder: Path, result: Manifests) -> None:
    tool = shutil.which("kustomize")
    command = [tool, "build"] if tool else [shutil.which("kubectl") or "", "kustomize"]
    if not command[0]:
        result.errors.append(
            f"{folder}: has a kustomization.yaml, and neither kustomize nor kubectl is installed; "
            "install one of them, or give the files themselves"
        )
        return
    done = subprocess.run(
        [*command, str(folder)], capture_output=True, text=True, check=False
    )  # a found tool and the user's folder
    if done.returncode != 0:
        result.errors.append(f"{folder}: {Path(command[0]).name} failed: {done.stderr.strip()}")
        return
    marker = next(folder / name for name in _KUSTOMIZATION if (folder / name).is_file())
    _load_text(done.stdout, os.path.realpath(marker), result, shown=str(marker))
