"""How a Docker backend is set up."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class DockerSettings:
    """`state` is the label value that marks everything of this project's state directory."""

    state: str
    host: str | None = None
    """The engine's URL; None means DOCKER_HOST, or the default socket."""
    volumes_dir: Path | None = None
    """A folder NAMESPACE/CLAIM per PersistentVolumeClaim; None: `volumes` in the state dir."""
    publish: bool | None = None
    """Whether replicas are reached through ports published on 127.0.0.1 rather than at their
    containers' own addresses; None decides by the engine (`Connection.reaches_bridges`)."""
    allow_privileged: bool = False
    allow_host_path: bool = False
    log_driver: str = "json-file"
    """json-file or local: those that the engine can read back and that rotate by size."""
    log_bytes: int = 10 * 2**20
    log_files: int = 3
    kept_logs: int = 200
    """Log folders of replicas that are gone; the oldest beyond this number are removed."""
