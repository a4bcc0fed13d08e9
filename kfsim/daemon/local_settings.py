"""What kfsim.yaml says, as the daemon has it: read at the start, and again when a client asks.

The daemon reads the file itself, so that no value of a Secret is ever an argument. Maps and Secrets
are taken over at once; what only a start can change is kept, and said.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kfsim.api.substitution import LocalMaps
from kfsim.controllers.pod import FilledSecrets
from kfsim.daemon.project import PROJECT_FILE
from kfsim.daemon.project_file import ProjectFile, read_project_file
from kfsim.daemon.secret_values import fill_secrets
from kfsim.replicas.devices import GpuSettings

if TYPE_CHECKING:
    from kfsim.dataplane import Limits

# Only a start can change these.
_KEPT = ("gpu", "limits", "runtime", "gateway", "api", "strict", "compat")


@dataclass(frozen=True, slots=True)
class Reread:
    """`changed`: other maps or secrets are in force. `kept`: keys that have changed since the file
    was last read and stay as they were at the start."""

    changed: bool
    kept: tuple[str, ...] = ()


class LocalSettings:
    """`path` need not exist (yet); `flags` are the resolved targets of `--map` by prefix."""

    def __init__(
        self, path: Path | None, *, flags: Mapping[str, str], environment: Mapping[str, str]
    ) -> None:
        """Raises Invalid for a file that cannot be used."""
        self._path = path
        self._flags = dict(flags)
        self._environment = environment
        self._first = self._latest = self._read()
        self._maps, self._secrets = self._use(self._first)

    @property
    def gpu(self) -> GpuSettings:
        """As it was at the start."""
        return self._first.gpu_settings

    @property
    def limits(self) -> "Limits":
        """Of the gateway, as they were at the start."""
        return self._first.limits.limits()

    def maps(self) -> LocalMaps:
        """The project's maps as they are now."""
        return self._maps

    def secrets(self) -> FilledSecrets:
        """What Secrets hold besides what the store has of them, as it is now."""
        return self._secrets

    def reload(self) -> Reread:
        """Read the file again. Raises Invalid, and keeps what there was, for a file that cannot be
        used."""
        before, file = self._latest, self._read()
        maps, secrets = self._use(file)
        changed = (maps, secrets) != (self._maps, self._secrets)
        self._maps, self._secrets, self._latest = maps, secrets, file
        kept = (
            key
            for key in _KEPT
            if getattr(file, key) not in (getattr(before, key), getattr(self._first, key))
        )
        return Reread(changed, tuple(kept))

    def _read(self) -> ProjectFile:
        if self._path is None or not self._path.is_file():
            return ProjectFile()
        return read_project_file(self._path)

    def _use(self, file: ProjectFile) -> tuple[LocalMaps, FilledSecrets]:
        shown = str(self._path or PROJECT_FILE)
        folder = str(self._path.parent) if self._path is not None else "/"
        filled = fill_secrets(file.secrets, self._environment, shown=shown)
        return file.maps(folder, self._flags), filled
