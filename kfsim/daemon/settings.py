"""What the command line hands to the daemon process, as its arguments."""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kfsim.api.compat import Compat
from kfsim.replicas.marks import AUTO, DOCKER, PROCESS

DEFAULT_GATEWAY = "127.0.0.1:8080"
DEFAULT_API = "127.0.0.1:8001"
RUNTIMES = (AUTO, DOCKER, PROCESS)


@dataclass(frozen=True, slots=True)
class DaemonSettings:
    """`gateway` and `api` are HOST:PORT; a defaulted port may move to the next free one."""

    project: str
    root: str
    state_dir: Path
    gateway: str = DEFAULT_GATEWAY
    gateway_is_default: bool = True
    api: str = DEFAULT_API
    api_is_default: bool = True
    runtime: str = AUTO
    """auto, docker or process: what runs replicas where no annotation says it."""
    allow_pickle: bool = True
    allow_privileged: bool = False
    allow_host_path: bool = False
    strict: bool = False
    """Do what a cluster would do where kfsim by default makes up for what a laptop lacks."""
    compat: Compat = Compat.KSERVE
    fresh: bool = False
    foreground: bool = False
    """Stop when standard input closes: the command line that started us is gone."""
    project_file: Path | None = None
    """The project's kfsim.yaml, which need not exist. The daemon reads it: what it holds of Secrets
    must be no argument."""
    maps: Mapping[str, str] = field(default_factory=dict)
    """Targets of `--map` by prefix: URIs, or absolute paths."""

    def command(self) -> list[str]:
        """The command that starts a daemon with these settings."""
        words = [
            sys.executable,
            "-m",
            "kfsim.daemon",
            f"--project={self.project}",
            f"--root={self.root}",
            f"--state-dir={self.state_dir}",
        ]
        if not self.gateway_is_default:
            words.append(f"--gateway={self.gateway}")
        if not self.api_is_default:
            words.append(f"--api={self.api}")
        if self.runtime != AUTO:
            words.append(f"--runtime={self.runtime}")
        if not self.allow_pickle:
            words.append("--refuse-pickle")
        if self.allow_privileged:
            words.append("--allow-privileged")
        if self.allow_host_path:
            words.append("--allow-host-path")
        if self.strict:
            words.append("--strict")
        if self.compat != Compat.KSERVE:
            words.append(f"--compat={self.compat}")
        if self.fresh:
            words.append("--fresh")
        if self.foreground:
            words.append("--foreground")
        if self.project_file is not None:
            words.append(f"--project-file={self.project_file}")
        words += [f"--map={prefix}={target}" for prefix, target in self.maps.items()]
        return words

    @classmethod
    def parse(cls, arguments: list[str]) -> "DaemonSettings":
        """The reverse of `command`."""
        parser = argparse.ArgumentParser(prog="kfsim.daemon")
        parser.add_argument("--project", required=True)
        parser.add_argument("--root", default="")
        parser.add_argument("--state-dir", type=Path, required=True)
        parser.add_argument("--gateway")
        parser.add_argument("--api")
        parser.add_argument("--runtime", choices=RUNTIMES, default=AUTO)
        parser.add_argument("--refuse-pickle", action="store_true")
        parser.add_argument("--allow-privileged", action="store_true")
        parser.add_argument("--allow-host-path", action="store_true")
        parser.add_argument("--strict", action="store_true")
        parser.add_argument("--compat", type=Compat, default=Compat.KSERVE)
        parser.add_argument("--fresh", action="store_true")
        parser.add_argument("--foreground", action="store_true")
        parser.add_argument("--project-file", type=Path)
        parser.add_argument("--map", action="append", default=[], type=parse_map)
        given = parser.parse_args(arguments)
        return cls(
            project=given.project,
            root=given.root,
            state_dir=given.state_dir,
            gateway=given.gateway or DEFAULT_GATEWAY,
            gateway_is_default=given.gateway is None,
            api=given.api or DEFAULT_API,
            api_is_default=given.api is None,
            runtime=given.runtime,
            allow_pickle=not given.refuse_pickle,
            allow_privileged=given.allow_privileged,
            allow_host_path=given.allow_host_path,
            strict=given.strict,
            compat=given.compat,
            fresh=given.fresh,
            foreground=given.foreground,
            project_file=given.project_file,
            maps=dict(given.map),
        )


def parse_map(text: str) -> tuple[str, str]:
    """PREFIX=TARGET; raises ValueError with an example."""
    prefix, equals, target = text.partition("=")
    if not (prefix and equals and target):
        raise ValueError(f"--map {text!r} is not PREFIX=TARGET, such as gs://bucket=./models")
    return prefix, target


def parse_address(text: str, *, option: str) -> tuple[str, int]:
    """HOST:PORT; raises ValueError naming the option."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"{option} {text!r} is not HOST:PORT, for example 127.0.0.1:8080")
    return host.strip("[]"), int(port)
