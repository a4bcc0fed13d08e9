"""Reading manifests: files, folders, web addresses and standard input into documents with their
place.

A folder that is a kustomization is rendered. In a tree of folders those that are parts of another
kustomization of the tree (bases of its overlays) are left out, and so are files that only are
parts of one. A document that is no Kubernetes object (a compose file beside the manifests, say) is
skipped and said; kfsim.yaml is no manifest, and is read by `kfsim up`. A document that cannot be
parsed is an error that names file and line; the others of its file and folder are still read, and
the caller decides what that means.
"""

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from kfsim.base.errors import Unavailable
from kfsim.cli import kustomization
from kfsim.cli.downloads import fetch_text, is_web_address
from kfsim.cli.yaml_documents import NotText, parse_documents, read_text
from kfsim.daemon.project import PROJECT_FILE

SOURCE = "kfsim.dev/source"
_SUFFIXES = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object as written; `source` is the absolute path of its file, empty for what comes from
    no file, and `shown` what the user calls that file. `line` is 0 where the text was rendered."""

    document: dict[str, Any]
    source: str
    line: int = 1
    shown: str = field(default="stdin", compare=False)

    @property
    def place(self) -> str:
        return _place(self.shown, self.line)

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
    """Read files, folders and http(s) addresses; `-` is standard input. What two of the paths lead
    to is read once."""
    result = Manifests()
    seen: set[str] = set()
    for path in paths:
        if path == "-":
            _load_standard_input(result)
        elif is_web_address(path):
            _load_address(path, result)
        elif os.path.isdir(path):
            for found in _walk(Path(path), result, recursive=recursive):
                _load_once(found, seen, result)
        elif os.path.basename(path) == PROJECT_FILE:
            result.skipped.append(f"{path}: is kfsim's own file; `kfsim up` reads it")
        elif os.path.exists(path):
            is_marker = os.path.basename(path) in kustomization.FILE_NAMES
            _load_once(Path(path).parent if is_marker else Path(path), seen, result)
        else:
            result.errors.append(f"{path}: no such file or folder")
    return result


def load_kustomization(folder: str) -> Manifests:
    """Render a kustomization, local or at an address that kustomize understands."""
    result = Manifests()
    if os.path.isdir(folder) and kustomization.find_marker(Path(folder)) is None:
        names = ", ".join(kustomization.FILE_NAMES)
        result.errors.append(f"{folder}: has none of {names}; give its files with -f {folder}")
    else:
        _render(folder, result)
    return result


def find_watched(paths: Iterable[str]) -> list[str]:
    """The given paths, and the folders outside of them that kustomizations below them use."""
    given = list(paths)
    inside = [os.path.realpath(path) for path in given]
    outside: set[str] = set()
    for path in given:
        for found in _walk(Path(path), Manifests(), recursive=True) if os.path.isdir(path) else ():
            if found.is_dir():
                outside.update(filter(os.path.isdir, kustomization.find_parts(found)))
    return given + sorted(
        path
        for path in outside
        if not any(path == each or path.startswith(each + os.sep) for each in inside)
    )


def _walk(folder: Path, result: Manifests, *, recursive: bool) -> list[Path]:
    """Files to read and folders to render, in order; what is a part of the latter is said."""
    entries = list(_entries(folder, set(), result, recursive=recursive))
    rendered = [path for path in entries if path.is_dir()]
    if not rendered or rendered == [folder]:
        return entries
    uses = kustomization.roots_among(rendered)
    owners = {
        part: root
        for root, owner in uses.items()
        if owner is None
        for part in kustomization.find_parts(root)
    }
    kept = []
    for path in entries:
        owner = uses.get(path) or (None if path in uses else owners.get(os.path.realpath(path)))
        if owner is None:
            kept.append(path)
        else:
            result.skipped.append(f"{path}: is a part of the kustomization {owner}")
    return kept


def _entries(
    folder: Path, entered: set[str], result: Manifests, *, recursive: bool
) -> Iterator[Path]:
    """`entered` are the folders that a link may lead back to."""
    if kustomization.find_marker(folder) is not None:
        yield folder
        return
    entered.add(os.path.realpath(folder))
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        result.errors.append(f"{folder}: cannot be read: {error.strerror or error}")
        return
    for path in paths:
        if path.name.startswith("."):
            continue
        if path.is_dir():
            if recursive and os.path.realpath(path) not in entered:
                yield from _entries(path, entered, result, recursive=True)
        elif path.suffix in _SUFFIXES and path.name != PROJECT_FILE:
            yield path


def _load_once(path: Path, seen: set[str], result: Manifests) -> None:
    real = os.path.realpath(path)
    if real in seen:
        return
    seen.add(real)
    if path.is_dir():
        _render(str(path), result)
    else:
        _load_file(path, result)


def _render(folder: str, result: Manifests) -> None:
    try:
        text = kustomization.render(folder)
    except Unavailable as error:
        result.errors.append(error.message)
        return
    marker = kustomization.find_marker(Path(folder))
    source = os.path.realpath(marker) if marker else ""
    rendered = Manifests()
    _load_text(text, source, rendered, shown=str(marker or folder))
    result.found += [replace(each, line=0) for each in rendered.found]
    result.skipped += rendered.skipped
    result.errors += rendered.errors


def _load_address(address: str, result: Manifests) -> None:
    try:
        text = fetch_text(address)
    except Unavailable as error:
        result.errors.append(error.message)
        return
    _load_text(text, "", result, shown=address)


def _load_standard_input(result: Manifests) -> None:
    try:
        text = sys.stdin.read()
    except (OSError, UnicodeDecodeError) as error:
        result.errors.append(f"stdin: cannot be read: {error}")
        return
    _load_text(text, "", result)


def _load_file(path: Path, result: Manifests) -> None:
    try:
        text = read_text(path)
    except NotText as error:
        result.errors.append(f"{path}: {error}")
    except OSError as error:
        result.errors.append(f"{path}: cannot be read: {error.strerror or error}")
    else:
        _load_text(text, os.path.realpath(path), result, shown=str(path))


def _load_text(text: str, source: str, result: Manifests, *, shown: str = "stdin") -> None:
    for each in parse_documents(text):
        if each.problem:
            result.errors.append(f"{shown}{each.place}: not valid YAML: {each.problem}")
        else:
            _take(each.content, source, shown, each.line, result)


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


def _place(shown: str, line: int) -> str:
    return f"{shown}:{line}" if line else shown
