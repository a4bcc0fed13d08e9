"""Looks for the Docker engine, GPUs and kubectl. Everything may be missing, which is a fact."""

import json
import os
import shutil
import subprocess
from collections import Counter
from pathlib import Path

from kfsim.backends.docker.connection import Connection, connect
from kfsim.backends.docker.errors import EngineUnavailable
from kfsim.backends.docker.labels import STATE
from kfsim.backends.gpus import NvmlSession
from kfsim.base.errors import Unavailable
from kfsim.cli.doctor.engine import EngineFacts, GpuFacts

_PATIENCE_SECONDS = 10


def look_at_engine() -> EngineFacts:
    """The engine that `kfsim up` would use."""
    context = _docker_context()
    try:
        connection = connect(None)
    except EngineUnavailable as error:
        return EngineFacts(problem=error.message, context=context)
    try:
        return _inspect(connection, context)
    except OSError as error:
        return EngineFacts(problem=f"the engine at {connection.where}: {error}", context=context)


def _inspect(connection: Connection, context: str) -> EngineFacts:
    client = connection.make_client()
    try:
        containers = client.containers(all=True, filters={"label": [STATE]})
        states = Counter(str((each.get("Labels") or {}).get(STATE)) for each in containers)
        return EngineFacts(
            where=connection.where,
            context=context,
            images=frozenset(
                tag for image in client.images() for tag in image.get("RepoTags") or ()
            ),
            runtimes=frozenset(client.info().get("Runtimes") or ()),
            states=tuple(sorted(states.items())),
        )
    finally:
        client.close()


def _docker_context() -> str:
    """The context that `docker` uses; empty where DOCKER_HOST overrides it, or none is set."""
    if os.environ.get("DOCKER_HOST"):
        return ""
    if chosen := os.environ.get("DOCKER_CONTEXT"):
        return chosen
    folder = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    try:
        content = json.loads((folder / "config.json").read_text())
    except (OSError, ValueError):
        return ""
    return str(content.get("currentContext") or "") if isinstance(content, dict) else ""


def look_at_gpus() -> GpuFacts:
    """What NVML says. A driver in trouble may take its time."""
    try:
        look = NvmlSession().look()
    except Unavailable as error:
        return GpuFacts(problem=error.message)
    names = tuple(each.device.name for each in look.usage)
    return GpuFacts(names, "; ".join(look.lost) or ("" if names else "no NVIDIA GPU"))


def kubectl_version() -> str:
    """Of `kubectl` on the PATH; empty without one."""
    try:
        done = subprocess.run(
            ["kubectl", "version", "--client", "-o", "json"],  # the user's own
            capture_output=True,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
        return str(json.loads(done.stdout)["clientVersion"]["gitVersion"])
    except FileNotFoundError:
        return ""
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError, TypeError) as error:
        return f"broken: {error}"


def has_kustomize() -> bool:
    return shutil.which("kustomize") is not None
