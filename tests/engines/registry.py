"""A registry on loopback: Debian's docker-registry, open or with a password.

Engines trust registries on 127.0.0.0/8 without TLS. Both kinds may share one storage folder, so
that an image is pushed once.
"""

import os
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import docker
import yaml

from tests.engines.command import DockerCommand

PROGRAM = "docker-registry"
USERNAME = "kfsim"
PASSWORD = "only-for-tests"
# bcrypt of the password above: the registry accepts no other kind.
_HTPASSWD = f"{USERNAME}:$2b$05$O6VNJHQmZX9xVyyow4Ld1OYmSupx/tx4AoyfANOYSeNz.4RIY50s6\n"
_PATIENCE = 20.0


class Registry:
    """`address` is HOST:PORT; `username` is empty where anybody may pull and push."""

    def __init__(self, folder: Path, storage: Path, *, password: bool = False) -> None:
        self.username, self.password = (USERNAME, PASSWORD) if password else ("", "")
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self._log = folder / "registry.log"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{probe.getsockname()[1]}"
        (folder / "htpasswd").write_text(_HTPASSWD)
        (folder / "config.yml").write_text(yaml.safe_dump(self._configuration(storage)))

    def start(self) -> None:
        """Start it; returns when it accepts connections."""
        host, port = self.address.split(":")
        # Its tracing would use the OTEL_ variables of the environment, and complain without.
        environment = {"PATH": os.environ.get("PATH", os.defpath), "OTEL_TRACES_EXPORTER": "none"}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [PROGRAM, "serve", str(self._folder / "config.yml")],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                socket.create_connection((host, int(port)), timeout=1).close()
                return
            except OSError as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    lines = self._log.read_text(errors="replace").splitlines()[-10:]
                    raise RuntimeError("\n".join(["no registry", *lines])) from error
            time.sleep(0.02)

    def close(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(_PATIENCE)

    def reference(self, name: str) -> str:
        """How an image of this registry is called, for example by `base:1`."""
        return f"{self.address}/{name}"

    def push(self, engine: DockerCommand, image: str, name: str) -> str:
        """Push an image of the engine under this name; returns its reference here."""
        reference = self.reference(name)
        login = {"username": self.username, "password": self.password} if self.username else None
        with docker.APIClient(base_url=engine.url, version="auto", timeout=120) as client:
            client.tag(image, reference)
            try:
                for line in client.push(reference, auth_config=login, stream=True, decode=True):
                    if "error" in line:
                        raise RuntimeError(f"push of {reference}: {line['error']}")
            finally:
                client.remove_image(reference, noprune=True)
        return reference

    def _configuration(self, storage: Path) -> dict[str, Any]:
        content: dict[str, Any] = {
            "version": "0.1",
            "log": {"level": "warn", "accesslog": {"disabled": True}},
            "storage": {
                "filesystem": {"rootdirectory": str(storage)},
                "delete": {"enabled": True},
            },
            "http": {"addr": self.address},
        }
        if self.username:
            path = str(self._folder / "htpasswd")
            content["auth"] = {"htpasswd": {"realm": "kfsim-test", "path": path}}
        return content
