"""Finding an engine that can be used, or the reason why there is none and the mend.

Everything here blocks and runs in a thread; the `docker` package is imported there too, because
that alone takes a tenth of a second.
"""

import os
import socket
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from kfsim.backends.docker.creation import HostSize
from kfsim.backends.docker.errors import EngineRefused, EngineUnavailable, NoSuchImage
from kfsim.base.clock import parse_timestamp
from kfsim.base.errors import KfsimError

Client: TypeAlias = Any
"""docker.APIClient; the package has no types."""
NEEDED_API = (1, 41)
_CONNECT_SECONDS = 10
_DEFAULT_SOCKET = "/var/run/docker.sock"
_UNIX = ("unix:", "http+unix:")
_NO_DOCKER = "start Docker, or run without it: --runtime process"


@dataclass(frozen=True, slots=True)
class Connection:
    """An engine that was found. `since` is its own time (Unix seconds) when it was."""

    where: str
    options: Mapping[str, Any] = field(repr=False)
    host: HostSize
    reaches_bridges: bool
    since: int

    def make_client(self) -> Client:
        """A client with connections of its own; one thread uses it at a time."""
        import docker  # type: ignore[import-untyped]  # it has none

        from kfsim.backends.docker.sockets import close_failed_sockets

        return close_failed_sockets(docker.APIClient(**self.options))


def connect(host: str | None) -> Connection:
    """Look for the engine at `host` (None: DOCKER_HOST, or the default socket)."""
    where = host or f"unix://{_DEFAULT_SOCKET}"
    if not (host or os.environ.get("DOCKER_HOST") or os.path.exists(_DEFAULT_SOCKET)):
        # Said without the import, which a machine without Docker would pay for nothing.
        raise describe_failure(FileNotFoundError(), where)
    import docker

    from kfsim.backends.docker.sockets import close_failed_sockets

    options: dict[str, Any] = {"base_url": host}
    try:
        if host is None:
            options = docker.utils.kwargs_from_env()
            where = options.get("base_url") or where
        oldest = ".".join(map(str, NEEDED_API))
        client = close_failed_sockets(
            docker.APIClient(**options, version=oldest, timeout=_CONNECT_SECONDS)
        )
    except (docker.errors.DockerException, ValueError, OSError) as error:
        raise EngineUnavailable(
            f"cannot use the Docker engine at {where}: {error}; correct DOCKER_HOST"
        ) from error
    try:
        _try_socket(where)
        version = _speak(client.version(api_version=False), where)
        client.close()
        options["version"] = version
        client = close_failed_sockets(docker.APIClient(**options, timeout=_CONNECT_SECONDS))
        info = client.info()
        return Connection(
            where=where,
            options=options,
            host=HostSize(cpus=float(info["NCPU"]), memory=int(info["MemTotal"])),
            reaches_bridges=_reaches_bridges(where, info),
            since=int(parse_timestamp(info["SystemTime"])),
        )
    except (KeyError, TypeError, ValueError) as error:
        # ValueError covers an answer that is no JSON
        raise _not_an_engine(where, str(error)) from error
    except OSError as error:
        raise describe_failure(error, where) from error
    finally:
        client.close()


def _try_socket(where: str) -> None:
    """Fail early, with the system's own error and nothing left open, where nobody listens."""
    if where.startswith(_UNIX):
        with socket.socket(socket.AF_UNIX) as tried:
            tried.settimeout(_CONNECT_SECONDS)
            tried.connect("/" + where.partition("://")[2].lstrip("/"))


def _speak(answer: object, where: str) -> str:
    """The API version to use: the oldest that kfsim knows and this engine still speaks."""
    if not isinstance(answer, dict):
        raise TypeError(f"/version answered {answer!r:.80}")
    newest = _parse(answer["ApiVersion"])
    if newest < NEEDED_API:
        needed = ".".join(map(str, NEEDED_API))
        raise EngineUnavailable(
            f"the Docker engine at {where} is too old: it is version {answer.get('Version')} with "
            f"API {answer['ApiVersion']}, and kfsim needs API {needed} (Docker 20.10) or newer; "
            "update Docker, or run without it: --runtime process"
        )
    oldest = _parse(answer.get("MinAPIVersion") or "1.12")
    return ".".join(map(str, max(NEEDED_API, oldest)))


def _parse(version: str) -> tuple[int, int]:
    major, _, minor = version.partition(".")
    return int(major), int(minor)


def _reaches_bridges(where: str, info: Mapping[str, Any]) -> bool:
    """Whether this host has the engine's bridges: not with Docker Desktop, whose engine runs in a
    virtual machine, a rootless engine, which has a network namespace of its own, or a remote one.
    """
    local = where.startswith(_UNIX)
    rootless = any("name=rootless" in str(each) for each in info.get("SecurityOptions") or ())
    desktop = "Docker Desktop" in str(info.get("OperatingSystem", ""))
    return sys.platform == "linux" and local and not rootless and not desktop


def describe_failure(error: BaseException, where: str) -> EngineUnavailable:
    """Why no connection came about, with the mend."""
    cause = next(_causes(error), error)
    tried = f"cannot reach the Docker engine at {where}: "
    if isinstance(cause, PermissionError):
        return EngineUnavailable(
            f"{tried}permission denied; add yourself to the group docker (sudo usermod -aG docker "
            "$USER, then log in again), or run kfsim with sudo"
        )
    if isinstance(cause, FileNotFoundError):
        return EngineUnavailable(f"{tried}there is no such socket; {_NO_DOCKER}")
    if isinstance(cause, ConnectionRefusedError):
        return EngineUnavailable(f"{tried}connection refused; {_NO_DOCKER}")
    if isinstance(cause, OSError) and cause.strerror:
        return EngineUnavailable(f"{tried}{cause.strerror}; {_NO_DOCKER}")
    return _not_an_engine(where, str(cause))


def _not_an_engine(where: str, found: str) -> EngineUnavailable:
    return EngineUnavailable(
        f"what answers at {where} is no Docker engine ({found:.200}); correct DOCKER_HOST, or run "
        "without Docker: --runtime process"
    )


def _causes(error: BaseException) -> Iterator[OSError]:
    """The operating system's errors inside those of requests and urllib3."""
    for inner in (*error.args, error.__cause__, error.__context__):
        if isinstance(inner, BaseException):
            if isinstance(inner, OSError) and inner.errno is not None:
                yield inner
            yield from _causes(inner)


def translate(error: Exception, what: str, where: str) -> tuple[KfsimError | None, bool]:
    """A failed call as one of kfsim's errors (None: not the engine's), and whether the connection
    was lost with it."""
    import docker
    import requests
    import urllib3

    if isinstance(error, docker.errors.APIError):
        kind = NoSuchImage if isinstance(error, docker.errors.ImageNotFound) else EngineRefused
        text = str(error.explanation or error)
        return kind(text, status=int(error.status_code or 0)), False
    if isinstance(error, requests.exceptions.Timeout) or _timed_out(error, urllib3):
        text = f"the Docker engine at {where} did not answer in time while asked to {what}"
        return EngineUnavailable(f"{text}; it is overloaded or hangs"), False
    if isinstance(error, (OSError, urllib3.exceptions.HTTPError)):
        return describe_failure(error, where), True
    if isinstance(error, docker.errors.DockerException):
        return EngineRefused(str(error), status=0), False
    return None, False


def _timed_out(error: Exception, urllib3: Any) -> bool:
    inner = error.args[0] if error.args else None
    return isinstance(inner, (urllib3.exceptions.ReadTimeoutError, TimeoutError))
