"""The docker command line on one engine, and whether such an engine answers."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DEFAULT_URL = "unix:///var/run/docker.sock"


def docker_program() -> str:
    """The packaged client where there is one: another in PATH may want a builder it lacks."""
    packaged = Path("/usr/bin/docker")
    return str(packaged) if packaged.exists() else shutil.which("docker") or "docker"


@dataclass(frozen=True, slots=True)
class DockerCommand:
    """Runs `docker WORDS…` against the engine at `url`."""

    url: str

    @property
    def environment(self) -> Mapping[str, str]:
        kept = {key: value for key, value in os.environ.items() if key != "DOCKER_CONTEXT"}
        return {**kept, "DOCKER_HOST": self.url, "DOCKER_BUILDKIT": "0"}

    def run(self, *words: str, check: bool = True) -> str:
        """What it printed, without the last newline. Raises RuntimeError with its own words."""
        done = subprocess.run(
            [docker_program(), *words],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode != 0:
            raise RuntimeError(f"docker {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout.strip()

    def logs(self, container: str) -> str:
        """What a container wrote so far, both streams."""
        done = subprocess.run(
            [docker_program(), "logs", container],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
        )
        return done.stdout

    def copy_image(self, image: str, target: "DockerCommand") -> None:
        """`docker save | docker load`, unless the target has it."""
        if target.run("images", "--quiet", image):
            return
        with subprocess.Popen(
            [docker_program(), "save", image], env=self.environment, stdout=subprocess.PIPE
        ) as save:
            subprocess.run(
                [docker_program(), "load", "--quiet"],
                env=target.environment,
                stdin=save.stdout,
                stdout=subprocess.DEVNULL,
                check=True,
            )
        if save.returncode != 0:
            raise RuntimeError(f"docker save {image} ended with {save.returncode}")


def problem_of(url: str) -> str:
    """Why the engine at this URL cannot be used; empty when it answers."""
    try:
        DockerCommand(url).run("version", "--format={{.Server.APIVersion}}")
    except (OSError, RuntimeError) as error:
        return f"no Docker engine answers at {url}: {error}"
    return ""
