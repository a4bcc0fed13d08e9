"""A base image without a hub: this host's CPython, a shell, and the libraries both need.

Everything is put into one tar stream and imported by the engine, which takes seconds. Wheels for
manylinux want the small glibc libraries too. Compiled files are kept: starting an interpreter
without them takes much longer.
"""

import io
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterator
from pathlib import Path

BASE_IMAGE = "kfsim-test/base:1"
_PREFIX = Path(sys.base_prefix).resolve()
_TOOLS = (
    *("sh", "cat", "chmod", "cp", "echo", "env", "false", "hostname", "id", "kill", "ls", "mkdir"),
    *("mv", "rm", "sleep", "stat", "test", "touch", "true", "wc"),
)
_GLIBC = ("libc.so.6", "libdl.so.2", "libm.so.6", "libpthread.so.0", "librt.so.1", "libutil.so.1")
_NAME_SERVICE = ("libnss_dns.so.2", "libnss_files.so.2", "libresolv.so.2", "libgcc_s.so.1")
# Of site-packages only pip stays, because `kfsim images build` installs with it.
_LEFT_OUT = re.compile(
    r"/(?:bin/(?!python).*|site-packages/(?!pip\b|pip-).*|tests?|ensurepip|idlelib|lib2to3|tkinter"
    r"|turtledemo|pydoc_data|config-[^/]*|share|include|.*\.a)(?:/|$)"
)
_LIBRARY = re.compile(r"(?:=> )?(/\S+) \(0x")


def build_base_image(
    docker: str = "docker", *, tag: str = BASE_IMAGE, host: str | None = None
) -> str:
    """Import the image unless the engine (at `host`) has it; returns its tag."""
    environment = {**os.environ, **({"DOCKER_HOST": host} if host else {})}
    found = subprocess.run(
        [docker, "image", "inspect", tag],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    if found.returncode == 0:
        return tag
    command = [docker, "import", "--change", "ENV PATH=/usr/local/bin:/usr/bin:/bin", "-", tag]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as process:
        assert process.stdin is not None
        with tarfile.open(fileobj=process.stdin, mode="w|") as archive:
            _write(archive)
        process.stdin.close()
        if process.wait() != 0:
            raise RuntimeError(f"docker import of {tag} ended with {process.returncode}")
    return tag


def _write(archive: tarfile.TarFile) -> None:
    for folder in ("tmp", "etc", "root", "var/tmp", "home/model"):
        entry = tarfile.TarInfo(folder)
        entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if "tmp" in folder else 0o755
        archive.addfile(entry)
    _add_text(
        archive, "etc/passwd", "root:x:0:0::/root:/bin/sh\nmodel:x:1000:1000::/home/model:/bin/sh\n"
    )
    _add_text(archive, "etc/group", "root:x:0:\nmodel:x:1000:\n")
    _add_text(archive, "etc/nsswitch.conf", "hosts: files dns\n")
    python = _PREFIX / "bin" / f"python{sysconfig.get_python_version()}"
    programs = [python, *(_which(name) for name in _TOOLS)]
    for path in _prefix_files():
        archive.add(path, arcname=str(path).lstrip("/"), recursive=False)
    for program in programs[1:]:
        archive.add(program.resolve(), arcname=f"usr/bin/{program.name}", recursive=False)
    for name in ("python", "python3"):
        _add_link(archive, f"usr/local/bin/{name}", str(python))
    _add_link(archive, "bin", "usr/bin")
    for library in sorted(_libraries(programs)):
        if not library.is_relative_to(_PREFIX):
            archive.add(library.resolve(), arcname=str(library).lstrip("/"), recursive=False)


def _prefix_files() -> Iterator[Path]:
    for folder, _, names in os.walk(_PREFIX):
        for name in sorted(names):
            path = Path(folder, name)
            if not _LEFT_OUT.search("/" + str(path.relative_to(_PREFIX))):
                yield path


def _which(name: str) -> Path:
    found = next((Path(p, name) for p in ("/usr/bin", "/bin") if Path(p, name).exists()), None)
    if found is None:
        raise RuntimeError(f"this host has no {name} to put into the base image")
    return found


def _libraries(programs: list[Path]) -> set[Path]:
    modules = list((_PREFIX / "lib").glob("python*/lib-dynload/*.so"))
    found: set[Path] = set()
    for start in range(0, len(programs) + len(modules), 50):
        chunk = [str(path) for path in (*programs, *modules)[start : start + 50]]
        done = subprocess.run(["ldd", *chunk], capture_output=True, text=True, check=False)
        found.update(Path(match[1]) for match in _LIBRARY.finditer(done.stdout))
    libc = next(path for path in found if path.name == "libc.so.6")
    for name in (*_GLIBC, *_NAME_SERVICE):
        if (path := libc.with_name(name)).exists():
            found.add(path)
    return found


def _add_text(archive: tarfile.TarFile, name: str, text: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(text), 0o644
    archive.addfile(entry, io.BytesIO(text.encode()))


def _add_link(archive: tarfile.TarFile, name: str, target: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = tarfile.SYMTYPE, target
    archive.addfile(entry)


if __name__ == "__main__":
    print(build_base_image())
