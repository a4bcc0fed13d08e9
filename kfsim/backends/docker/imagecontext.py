"""What the engine gets to build a runtime's image from: a tar of Dockerfile, install/ and app/.

install/ is for the first stage only: the packages to install, pinned to the versions that are
installed beside kfsim, so that a model that loads in a process loads in a container too; and how
to get at them (wheels, pip's settings, a private CA). Nothing of it reaches the image. app/ is the
part of kfsim that runs inside a replica.
"""

import contextlib
import importlib.metadata
import io
import os
import re
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import IO

from kfsim.base.errors import BadRequest

_DATA = resources.files("kfsim.backends.docker") / "data"
_PACKAGES = ("base", "modelserver")
_PIP_SETTINGS = {
    "PIP_INDEX_URL": "index-url",
    "PIP_EXTRA_INDEX_URL": "extra-index-url",
    "PIP_TRUSTED_HOST": "trusted-host",
    "PIP_DEFAULT_TIMEOUT": "timeout",
    "PIP_RETRIES": "retries",
}
_BASE_IMAGE = re.compile(r"^ARG BASE_IMAGE=(\S+)$", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class InstallSources:
    """Where packages come from and which are added or chosen differently."""

    requirements: tuple[str, ...] = ()
    """As in requirements.txt; one that names a package of ours replaces our pin of it."""
    wheels: Path | None = None
    """A folder of wheels to install from without the network."""
    extra_ca: Path | None = None
    """A PEM file of certificates that pip trusts besides its own."""
    pip_settings: Mapping[str, str] | None = None
    """Environment variables of pip that also hold inside the build; others are ignored."""

    @property
    def private(self) -> bool:
        """Whether the first stage gets settings of pip, which may hold a password."""
        return bool(_pip_configuration(self.pip_settings or {}))


def known_runtimes() -> tuple[str, ...]:
    """The runtimes whose images can be built."""
    return tuple(sorted(each.name for each in _DATA.iterdir() if each.is_dir()))


def default_base_image(runtime: str) -> str:
    """The one that the runtime's Dockerfile names."""
    found = _BASE_IMAGE.search((_DATA / runtime / "Dockerfile").read_text())
    assert found is not None, "a Dockerfile without ARG BASE_IMAGE"
    return found[1]


@contextlib.contextmanager
def make_context(runtime: str, sources: InstallSources) -> Iterator[IO[bytes]]:
    """The tar, in a temporary file. Raises BadRequest."""
    with tempfile.TemporaryFile() as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            for name, content in _files(_DATA / runtime, sources):
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = len(content), 0o644
                archive.addfile(entry, io.BytesIO(content))
        file.seek(0)
        yield file


def pin_requirements(names: Iterable[str], chosen: Iterable[str]) -> list[str]:
    """Requirement lines: each name at the version installed here, unless one is chosen."""
    lines = {_package(each): each for each in chosen}
    for name in names:
        lines.setdefault(_package(name), _pin(name))
    return [lines[key] for key in sorted(lines)]


def _files(data: Traversable, sources: InstallSources) -> Iterator[tuple[str, bytes]]:
    yield "Dockerfile", (data / "Dockerfile").read_bytes()
    yield "install/install.sh", (data / "install.sh").read_bytes()
    names = (data / "requirements.txt").read_text().split()
    lines = pin_requirements(names, sources.requirements)
    yield "install/requirements.txt", "".join(f"{line}\n" for line in lines).encode()
    if sources.extra_ca is not None:
        yield "install/extra-ca.crt", _read(sources.extra_ca, "the certificates to trust")
    if settings := _pip_configuration(sources.pip_settings or {}):
        yield "install/pip.conf", settings.encode()
    if sources.wheels is not None:
        for path in _wheels(sources.wheels):
            yield f"install/wheels/{path.name}", _read(path, "a wheel")
    package = resources.files("kfsim")
    yield "app/kfsim/__init__.py", (package / "__init__.py").read_bytes()
    for folder in _PACKAGES:
        for module in sorted((package / folder).iterdir(), key=lambda each: each.name):
            if module.name.endswith(".py"):
                yield f"app/kfsim/{folder}/{module.name}", module.read_bytes()


def _pip_configuration(environment: Mapping[str, str]) -> str:
    lines = [
        f"{setting} = {' '.join(environment[name].split())}\n"
        for name, setting in _PIP_SETTINGS.items()
        if environment.get(name)
    ]
    return "".join(["[global]\n", *lines]) if lines else ""


def _wheels(folder: Path) -> list[Path]:
    found = sorted(folder.glob("*.whl"))
    if not found:
        raise BadRequest(
            f"cannot install from the wheels in {folder}: there are none; fetch them with "
            f"pip download --only-binary=:all: --dest {folder} PACKAGE… for the base image's Python"
        )
    return found


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadRequest(f"cannot read {what}, {path}: {error.strerror or error}") from error


def _package(requirement: str) -> str:
    """`scikit-learn` of `Scikit_Learn>=1.5` (PEP 503's normal form)."""
    found = _NAME.match(requirement.strip())
    if found is None or os.linesep in requirement:
        raise BadRequest(f"{requirement!r} is not a package, or a package with a version, for pip")
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def _pin(name: str) -> str:
    try:
        return f"{name}=={importlib.metadata.version(name)}"
    except importlib.metadata.PackageNotFoundError:
        return name
