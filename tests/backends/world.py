"""What differs between backends in how the same small programs are written down as Pods."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kfsim.api.core import Container, ContainerPort, EnvVar, VolumeMount
from tests.backends.support import WEB_SERVER

SERVER = "kserve-container"


@dataclass(frozen=True, slots=True)
class World:
    """`python` is the interpreter of containers, `host` what their servers listen on.
    `serves_models`: there is something to serve an sklearn model with. `models` is the folder in
    which a server sees its model; None: where it is on this host."""

    python: str = sys.executable
    image: str = "example.com/custom:1"
    host: str = "127.0.0.1"
    serves_models: bool = True
    models: str | None = None

    def program(
        self,
        *args: str,
        name: str = SERVER,
        env: Mapping[str, str] | None = None,
        ports: Sequence[int] = (8080,),
        mounts: Sequence[VolumeMount] = (),
    ) -> Container:
        """A container that runs Python with these arguments."""
        return Container(
            name=name,
            image=self.image,
            command=(self.python,),
            args=args,
            env=tuple(EnvVar(name=key, value=value) for key, value in (env or {}).items()),
            ports=tuple(ContainerPort(container_port=port) for port in ports),
            volume_mounts=tuple(mounts),
        )

    def script(self, script: str, *, name: str = SERVER) -> Container:
        """A container that runs a script without a server."""
        return self.program("-c", script, name=name)

    def web(
        self, *, name: str = SERVER, env: Mapping[str, str] | None = None, port: int = 8080
    ) -> Container:
        """A container with the small HTTP server of `web_server.py`, sent along as text."""
        source = WEB_SERVER.read_text()
        arguments = (f"--port={port}", f"--host={self.host}")
        return self.program("-c", source, *arguments, name=name, env=env, ports=(port,))

    def seen(self, file: Path) -> str:
        """A file of a model as its server sees it."""
        return str(file) if self.models is None else f"{self.models}/{file.name}"
