"""What runs the replicas of a daemon: its backends, and what they share."""

import hashlib
from pathlib import Path
from typing import Any

from kfsim.backends.choosing import AutoChooser
from kfsim.backends.combined import CombinedBackend
from kfsim.backends.docker import leftovers
from kfsim.backends.docker.backend import DockerBackend
from kfsim.backends.docker.settings import DockerSettings
from kfsim.backends.process.backend import ProcessBackend
from kfsim.backends.process.launch import Launch
from kfsim.backends.process.settings import ProcessSettings
from kfsim.backends.storage.settings import default_cache_dir
from kfsim.backends.storage.store import ModelStore
from kfsim.base.clock import Clock
from kfsim.base.entropy import Entropy
from kfsim.daemon.names import DaemonNames
from kfsim.daemon.settings import DaemonSettings
from kfsim.replicas.marks import DOCKER, PROCESS

# How long a start with --runtime docker waits to learn whether there is an engine.
_PATIENCE_SECONDS = 5.0


def state_label(state_dir: Path) -> str:
    """The value of the label `kfsim.dev/state` on all that a state directory's daemon makes."""
    return hashlib.sha256(str(state_dir.resolve()).encode()).hexdigest()[:12]


def make_docker_settings(settings: DaemonSettings) -> DockerSettings:
    """The Docker backend's part of a daemon's settings."""
    return DockerSettings(
        state=state_label(settings.state_dir),
        allow_privileged=settings.allow_privileged,
        allow_host_path=settings.allow_host_path,
    )


def remove_leftovers(state_dir: Path) -> int:
    """Remove what a killed daemon of this state directory left in the engine; the number of its
    containers."""
    return leftovers.remove_leftovers(state_label(state_dir))


class EngineImages:
    """The ImageIndex of an engine that may come and go."""

    def __init__(self, docker: DockerBackend) -> None:
        self._docker = docker

    def has(self, image: str) -> bool | None:
        """See ImageIndex."""
        return self._docker.images.has(image)

    @property
    def problem(self) -> str:
        """See ImageIndex."""
        engine = self._docker.engine
        return "" if engine.available or not engine.is_known else engine.problem


class Replicas:
    """The backends behind one port, and the models that they share."""

    def __init__(
        self,
        settings: DaemonSettings,
        *,
        clock: Clock,
        entropy: Entropy,
        processes: ProcessSettings,
        launch: Launch,
        names: DaemonNames,
    ) -> None:
        self._settings = settings
        claims = processes.volumes_dir or settings.state_dir / "volumes"
        self._models = ModelStore(cache_dir=default_cache_dir(), claims=claims)
        self._docker = DockerBackend(
            state_dir=settings.state_dir,
            settings=make_docker_settings(settings),
            names=names,
            models=self._models,
        )
        process = ProcessBackend(
            state_dir=settings.state_dir,
            clock=clock,
            entropy=entropy,
            settings=processes,
            launch=launch,
            models=self._models,
            resolve_names=names.resolve,
        )
        self.chooser = AutoChooser(wanted=settings.runtime, images=EngineImages(self._docker))
        self.backend = CombinedBackend(
            {PROCESS: process, DOCKER: self._docker}, chooser=self.chooser
        )

    async def open(self) -> str:
        """Open all backends; returns what the user should know, or nothing.

        A missing engine is no error: services that need none are served, and the others say what
        they wait for.
        """
        await self.backend.open()
        if self._settings.runtime != DOCKER:
            return ""
        found = await self._docker.engine.settle(_PATIENCE_SECONDS)
        return "" if found else self._docker.engine.problem

    @property
    def engine_problem(self) -> str:
        """Why Docker replicas cannot be acted upon now; empty while they can, or are none."""
        engine, wanted = self._docker.engine, self._settings.runtime == DOCKER
        away = not engine.available and (wanted or self._docker.holds_replicas)
        return engine.problem if away else ""

    @property
    def left_behind(self) -> str:
        """What the user should know of replicas that a stop cannot reach; else empty."""
        if self._docker.engine.available or not self._docker.holds_containers:
            return ""
        return (
            f"{self._docker.engine.problem}; its containers are left: run `kfsim down` again when "
            "it is back"
        )

    def transfers(self) -> list[dict[str, Any]]:
        """Images and models on their way, for `/kfsim/v1/transfers`."""
        under_way = (*self._docker.images.transfers(), *self._models.transfers())
        return [each._asdict() for each in under_way]

    async def close(self) -> None:
        """Stop all replicas."""
        try:
            await self.backend.close()
        finally:
            await self._models.close()
