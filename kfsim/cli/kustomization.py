"""Kustomizations: what is one, what it is made of, and rendering it with the user's own tool.

A kustomization's parts (bases, components, resources, patches) are no manifests of their own where
they are found beside it; that is decided from the files alone, before anything is rendered.
"""

import json
import os
import re
import shutil
import subprocess
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from kfsim.base.errors import Unavailable

FILE_NAMES: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_RENDER_SECONDS: Final = 120
_LOG_LINE: Final = re.compile(
    r'E\d{4} \S+ +\d+ \S+\] "command failed" err=(?:("(?:[^"\\]|\\.)*")|<\n(.*)\n ?>)', re.DOTALL
)
# The fields of kustomize's api/types/kustomization.go that name files or folders.
_PATHS: Final = (
    "resources", "bases", "components", "crds", "configurations", "generators", "transformers",
    "validators", "patchesStrategicMerge",
)  # fmt: skip
_WITH_PATH: Final = ("patches", "patchesJson6902", "replacements")
_GENERATORS: Final = ("configMapGenerator", "secretGenerator")


def find_marker(folder: Path) -> Path | None:
    """The file that makes the folder a kustomization."""
    return next((folder / name for name in FILE_NAMES if (folder / name).is_file()), None)


def render(folder: str) -> str:
    """The rendered YAML of a folder, or of a URL that the tool knows how to fetch.

    Raises Unavailable with the tool's own words, or without any tool.
    """
    command = _find_tool()
    if command is None:
        raise Unavailable(
            f"{folder}: is a kustomization, and neither kustomize nor kubectl is installed; "
            "install one of them, or give the files themselves"
        )
    name = os.path.basename(command[0])
    try:
        done = subprocess.run(  # a found tool and the user's folder
            [*command, folder],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=_RENDER_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(
            f"{folder}: {name} did not end within {_RENDER_SECONDS} s; a base from far away may "
            "not answer"
        ) from None
    except OSError as error:
        raise Unavailable(f"{folder}: {name} cannot be run: {error.strerror or error}") from error
    if done.returncode != 0:
        said = _unlogged(done.stderr.strip()) or f"exit code {done.returncode}"
        raise Unavailable(f"{folder}: {name} failed: {said}")
    return done.stdout


def _unlogged(said: str) -> str:
    """The text of kubectl's error without the form of a log line around it."""
    found = _LOG_LINE.fullmatch(said)
    if found is None:
        return said.removeprefix("error: ").removeprefix("Error: ")
    return str(json.loads(found[1])) if found[1] else textwrap.dedent(found[2]).strip()


def _find_tool() -> list[str] | None:
    if tool := shutil.which("kustomize"):
        return [tool, "build"]
    if tool := shutil.which("kubectl"):
        return [tool, "kustomize"]
    return None


def find_parts(folder: Path) -> frozenset[str]:
    """Real paths of all local files and folders that the kustomization is made of, its bases'
    included and itself excluded."""
    found: set[str] = set()
    waiting = [os.path.realpath(folder)]
    looked: set[str] = set()
    while waiting:
        here = waiting.pop()
        looked.add(here)
        for part in _references(here):
            path = os.path.realpath(os.path.join(here, part))
            if not os.path.exists(path):
                continue  # a URL, an inline patch, or what the tool will complain about
            found.add(path)
            if os.path.isdir(path) and path not in looked:
                waiting.append(path)
    return frozenset(found - {os.path.realpath(folder)})


def roots_among(folders: Sequence[Path]) -> dict[Path, Path | None]:
    """Which kustomizations stand for themselves (None), and of which other one the rest is a part.

    Those that are parts of each other stand for themselves: their tool says that it is a circle.
    """
    parts = {folder: find_parts(folder) for folder in folders}
    real = {folder: os.path.realpath(folder) for folder in folders}
    return {
        folder: next(
            (
                other
                for other in folders
                if real[folder] in parts[other] and real[other] not in parts[folder]
            ),
            None,
        )
        for folder in folders
    }


def _references(folder: str) -> Iterator[str]:
    marker = find_marker(Path(folder))
    if marker is None:
        return
    try:
        content = yaml.safe_load(marker.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return  # the tool says what is wrong with it
    if isinstance(content, dict):
        yield from references_of(content)


def references_of(content: Mapping[str, Any]) -> Iterator[str]:
    """Every text of a kustomization that may be the path of a part."""
    for key in _PATHS:
        yield from _texts(content.get(key))
    for key in _WITH_PATH:
        yield from _texts([each.get("path") for each in _mappings(content.get(key))])
    for key in _GENERATORS:
        for each in _mappings(content.get(key)):
            yield from (text.rpartition("=")[2] for text in _texts(each.get("files")))
            yield from _texts(each.get("envs"))
            yield from _texts([each.get("env")])
    for each in _mappings(content.get("helmCharts")):
        yield from _texts([each.get("valuesFile")])


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
