"""Projects: where a project's state lives, and who holds it.

A project belongs to the first PATH of `kfsim up`, so two folders never see each other. Its state
directory has mode 0700 and holds the lock, the journal, the logs and `daemon.json`, which names
the running daemon. Whether one runs is decided by the lock, never by the pid.
"""

import errno
import fcntl
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType

from kfsim.base.errors import AlreadyExists, Invalid, Unavailable

LOCK = "lock"
DAEMON = "daemon.json"
_MANIFESTS = "manifests"
_LOCK_TRIES = 20
_LOCK_PAUSE = 0.025  # seconds; a reader's look at the lock takes microseconds
_OURS = re.compile(
    r"lock|(compat|daemon\.json)(\.new)?|journal\.sqlite3(-\w+)*|kubeconfig.*|\.writable"
    r"|logs|replicas|containers|volumes"
)
"""What a daemon and its clients keep in a state directory."""
PROJECT_FILE = "kfsim.yaml"
"""A project's settings, beside its manifests (`project_file` reads it)."""


@dataclass(frozen=True, slots=True)
class Project:
    """A name, the folder it belongs to (empty for a project that is only named), its state."""

    name: str
    root: str
    state_dir: Path


@dataclass(frozen=True, slots=True)
class DaemonInfo:
    """The content of daemon.json. `gateway` and `api` are HOST:PORT."""

    pid: int
    gateway: str
    api: str
    version: str
    project: str
    root: str
    state_dir: str


def projects_home() -> Path:
    """The folder of all projects' state directories."""
    base = os.environ.get("XDG_STATE_HOME")
    if base:
        return Path(base) / "kfsim"
    from platformdirs import user_state_path  # imported late: most commands never need it

    return user_state_path("kfsim", appauthor=False)


def resolve_project(paths: list[str], *, name: str | None, state_dir: str | None) -> Project:
    """The project that `kfsim up` with these arguments means. Raises Invalid for a bad name."""
    root = os.path.realpath(paths[0]) if paths else os.path.realpath(_MANIFESTS)
    if name is not None and not re.fullmatch(r"[a-z0-9]([-_a-z0-9]*[a-z0-9])?", name):
        raise Invalid(
            f"project name {name!r} is not usable; use lower-case letters, digits, '-' and '_'"
        )
    chosen = name or f"{_word(root)}-{hashlib.sha256(root.encode()).hexdigest()[:8]}"
    explicit = state_dir or os.environ.get("KFSIM_STATE_DIR")
    folder = Path(explicit).resolve() if explicit else projects_home() / chosen
    return Project(name=chosen, root=root if name is None else "", state_dir=folder)


def _word(root: str) -> str:
    folder = Path(root)
    stem = folder.stem if folder.suffix else folder.name
    if stem == _MANIFESTS:
        stem = folder.parent.name
    return re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-") or "project"


def project_file_place(path: str) -> Path:
    """Where the file that belongs to the first PATH of `kfsim up` is, or would be: in its folder;
    that of a folder called manifests may lie beside it as well."""
    given = Path(path)
    folder = given if given.is_dir() else given.parent
    own, beside = folder / PROJECT_FILE, folder.resolve().parent / PROJECT_FILE
    is_beside = folder.resolve().name == _MANIFESTS and beside.is_file()
    return beside if is_beside and not own.is_file() else own


def find_project_file(path: str) -> Path | None:
    """The file that belongs to the first PATH of `kfsim up`."""
    found = project_file_place(path)
    return found if found.is_file() else None


def resolve_target(target: str, folder: str) -> str:
    """Of a map from URIs: a URI as it is, a path as an absolute one."""
    if "://" in target:
        return target
    return os.path.normpath(os.path.join(folder, os.path.expanduser(target)))


def prepare_state_dir(folder: Path) -> None:
    """Make the state directory, private to the user. Raises Unavailable with the mend."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        probe = folder / ".writable"
        probe.touch(mode=0o600)
        probe.unlink()
    except OSError as error:
        raise _unusable(folder, error) from error


def _unusable(folder: Path, error: OSError) -> Unavailable:
    mend = "free some space there" if error.errno == errno.ENOSPC else "make it writable"
    return Unavailable(
        f"cannot use the state directory {folder}: {error.strerror or error}; {mend}, or choose "
        "another with --state-dir or KFSIM_STATE_DIR"
    )


def open_log(folder: Path) -> int:
    """A descriptor to append to the daemon's log with. Raises Unavailable with the mend."""
    path = log_path(folder)
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        raise _unusable(folder, error) from error


def log_path(folder: Path) -> Path:
    """The daemon's log in a state directory."""
    return folder / "logs" / "daemon.log"


class StateLock:
    """The exclusive right to a state directory, for as long as this process lives."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._descriptor: int | None = None

    def __enter__(self) -> "StateLock":
        """Raises AlreadyExists when another daemon holds the project."""
        path = self._project.state_dir / LOCK
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if not _lock(descriptor):
            os.close(descriptor)
            folder = self._project.state_dir
            other = read_daemon(folder)
            who = f"API http://{other.api}" if other else "starting or stopping"
            who = f"pid {find_holder(folder) or 'unknown'}, {who}"
            raise AlreadyExists(
                f"project {self._project.name} has a running daemon ({who}); stop it with "
                "`kfsim down`, or choose another --project"
            )
        (self._project.state_dir / DAEMON).unlink(missing_ok=True)  # of one that was killed
        _sign(descriptor)
        self._descriptor = descriptor
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._descriptor is not None:
            (self._project.state_dir / DAEMON).unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None


def _lock(descriptor: int) -> bool:
    """Take the lock for good; `is_running` of another process holds it for a moment at most."""
    for _ in range(_LOCK_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_LOCK_PAUSE)
        else:
            return True
    return False


def _sign(descriptor: int) -> None:
    """Write our pid into the lock."""
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
    except OSError:
        pass  # a full disk: the pid is only told to people


def find_holder(folder: Path) -> int | None:
    """The pid of the daemon that took the lock last."""
    try:
        return int((folder / LOCK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def purge_state_dir(folder: Path) -> tuple[str, ...]:
    """Remove what is ours in a state directory, and the directory when nothing else is in it.

    Returns the names that are left. Raises Invalid for a folder that is no state directory.
    """
    if not folder.exists():
        return ()
    if not (folder / LOCK).is_file():
        raise Invalid(
            f"{folder} is not purged: it has no file {LOCK}, so it is no state directory of kfsim; "
            "remove it yourself if it is to go"
        )
    # The lock goes last: what is interrupted can be purged again.
    for path in sorted(folder.iterdir(), key=lambda path: path.name == LOCK):
        if not _OURS.fullmatch(path.name):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)  # what resists is among those left
        else:
            path.unlink(missing_ok=True)
    left = tuple(sorted(path.name for path in folder.iterdir()))
    if not left:
        folder.rmdir()
    return left


def write_daemon(folder: Path, info: DaemonInfo) -> None:
    """Publish the running daemon's addresses, atomically. Raises Unavailable with the mend."""
    replace_file(folder / DAEMON, json.dumps(asdict(info), indent=2))


def replace_file(path: Path, text: str) -> None:
    """Write a private file of a state directory, so that a full disk leaves the old one.

    Raises Unavailable with the mend.
    """
    draft = path.with_name(f"{path.name}.new")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        draft.replace(path)
    except OSError as error:
        raise _unusable(path.parent, error) from error


def read_daemon(folder: Path) -> DaemonInfo | None:
    """What daemon.json says, running or not; None without a readable one."""
    try:
        return DaemonInfo(**json.loads((folder / DAEMON).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def is_running(folder: Path) -> bool:
    """Whether some process holds the project's lock."""
    try:
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def running_daemons() -> Iterator[DaemonInfo]:
    """All running daemons of this user, by project name."""
    explicit = os.environ.get("KFSIM_STATE_DIR")
    folders = [Path(explicit)] if explicit else []
    home = projects_home()
    if home.is_dir():
        folders += sorted(path for path in home.iterdir() if path.is_dir())
    for folder in folders:
        if is_running(folder) and (info := read_daemon(folder)) is not None:
            yield info
