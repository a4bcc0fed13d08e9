"""A base image without a hub: this host's CPython, pip, a shell, and the libraries they need.

Everything is put into one tar stream and imported by the engine, which takes seconds. Wheels for
manylinux want the small glibc libraries and libstdc++ too. Compiled files are kept: starting an
interpreter without them takes much longer. A label tells by what it was made, so that a change of
this file or of the interpreter makes the image again.
"""

import hashlib
import importlib.util
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
_VERSION = sysconfig.get_python_version()
_TOOLS = (
    *("sh", "cat", "chmod", "cp", "echo", "env", "false", "hostname", "id", "kill", "ls", "mkdir"),
    *("mv", "rm", "sleep", "stat", "test", "touch", "true", "wc"),
)
_CXX = "libstdc++.so.6"
_GLIBC = ("libc.so.6", "libdl.so.2", "libm.so.6", "libpthread.so.0", "librt.so.1", "libutil.so.1")
_OTHERS = ("libnss_dns.so.2", "libnss_files.so.2", "libresolv.so.2", "libgcc_s.so.1", _CXX)
_LEFT_OUT = re.compile(
    r"/(?:(?:site|dist)-packages|tests?|ensurepip|idlelib|lib2to3|tkinter|turtledemo|pydoc_data"
    r"|config-[^/]*|include|.*\.a)(?:/|$)"
)
_LABEL = "kfsim-test.made-by"
_LIBRARY = re.compile(r"(?:=> )?(/\S+) \(0x")


def build_base_image(
    docker: str = "docker", *, tag: str = BASE_IMAGE, host: str | None = None
) -> str:
    """Import the image unless the engine (at `host`) has just this one; returns its tag."""
    made_by = hashlib.sha256(Path(__file__).read_bytes() + sys.version.encode()).hexdigest()[:12]
    environment = {**os.environ, **({"DOCKER_HOST": host} if host else {})}
    template = f'--format={{{{index .Config.Labels "{_LABEL}"}}}}'
    found = subprocess.run(
        [docker, "image", "inspect", template, tag], env=environment, capture_output=True, text=True
    )
    if found.stdout.strip() == made_by:
        return tag
    changes = ("ENV PATH=/usr/local/bin:/usr/bin:/bin", f"LABEL {_LABEL}={made_by}")
    command = [docker, "import", *(f"--change={each}" for each in changes), "-", tag]
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
    python = _PREFIX / "bin" / f"python{_VERSION}"
    programs = [python, *(_which(name) for name in _TOOLS)]
    files = {str(path): path for path in (python, *_standard_library())}
    files |= {f"/usr/bin/{program.name}": program for program in programs[1:]}
    files |= dict(_pip(python))
    for library in sorted(_libraries(programs)):
        files.setdefault(str(library), library)
    for name, path in files.items():
        # A link inside the interpreter's own folders stays one; those of the system are followed.
        source = path if path.is_relative_to(_PREFIX / "lib" / python.name) else path.resolve()
        archive.add(source, arcname=name.lstrip("/"), recursive=False)
    for name in ("python", "python3"):
        _add_link(archive, f"usr/local/bin/{name}", str(python))
    _add_link(archive, "bin", "usr/bin")


def _standard_library() -> Iterator[Path]:
    for folder, _, names in os.walk(_PREFIX / "lib" / f"python{_VERSION}"):
        for name in sorted(names):
            path = Path(folder, name)
            if not _LEFT_OUT.search("/" + str(path.relative_to(_PREFIX))):
                yield path


def _pip(python: Path) -> Iterator[tuple[str, Path]]:
    """The running interpreter's pip, where that of the image looks for packages."""
    asking = [str(python), "-I", "-c", "import site; print(site.getsitepackages()[0])"]
    target = subprocess.run(asking, capture_output=True, text=True, check=True).stdout.strip()
    spec = importlib.util.find_spec("pip")
    if spec is None or spec.origin is None:
        raise RuntimeError(f"{sys.executable} has no pip to put into the base image")
    source = Path(spec.origin).parent
    for path in sorted(source.rglob("*")):
        if path.is_file():
            yield f"{target}/pip/{path.relative_to(source)}", path


def _which(name: str) -> Path:
    found = next((Path(p, name) for p in ("/usr/bin", "/bin") if Path(p, name).exists()), None)
    if found is None:
        raise RuntimeError(f"this host has no {name} to put into the base image")
    return found


def _libraries(programs: list[Path]) -> set[Path]:
    modules = list((_PREFIX / f"lib/python{_VERSION}/lib-dynload").glob("*.so"))
    found: set[Path] = set()
    for start in range(0, len(programs) + len(modules), 50):
        chunk = [str(path) for path in (*programs, *modules)[start : start + 50]]
        done = subprocess.run(["ldd", *chunk], capture_output=True, text=True, check=False)
        found.update(Path(match[1]) for match in _LIBRARY.finditer(done.stdout))
    libc = next(path for path in found if path.name == "libc.so.6")
    for name in (*_GLIBC, *_OTHERS):
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
