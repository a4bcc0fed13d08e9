"""kfsim's own image for tests: built by the product's code, from wheels that the host fetches.

The tag says what is in it, so that the next run finds it unless something changed.
"""

import contextlib
import hashlib
import subprocess
import sys
import tarfile
from pathlib import Path

import docker

from kfsim.backends.docker.imagebuild import BuildRequest, build_image
from kfsim.backends.docker.imagecontext import InstallSources, make_context
from tests.engines.command import DockerCommand

RUNTIME = "sklearnserver"


def build_sklearn_image(engine: DockerCommand, base_image: str, wheels: Path) -> str:
    """Build it unless the engine has it; `wheels` is a folder to fetch into. Returns its tag."""
    digest = hashlib.sha256(engine.run("inspect", "--format={{.Id}}", base_image).encode())
    with make_context(RUNTIME, InstallSources()) as context:
        digest.update(context.read())
    tag = f"kfsim-test/{RUNTIME}:{digest.hexdigest()[:12]}"
    if not engine.run("images", "--quiet", tag):
        fetch_wheels(wheels)
        sources = InstallSources(wheels=wheels)
        request = BuildRequest(RUNTIME, base_image=base_image, tag=tag, sources=sources)
        with contextlib.closing(docker.APIClient(base_url=engine.url, timeout=600)) as client:
            for _line in build_image(client, request):
                pass
    return tag


def fetch_wheels(folder: Path) -> None:
    """What the image's requirements need, for this interpreter, which the base image has too."""
    with make_context(RUNTIME, InstallSources()) as context, tarfile.open(fileobj=context) as tar:
        requirements = tar.extractfile("install/requirements.txt")
        assert requirements is not None
        lines = requirements.read().decode().split()
    options = ["--quiet", "--only-binary=:all:", f"--dest={folder}"]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "download", *options, *lines],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"pip download {' '.join(lines)}: {done.stderr.strip()}")
