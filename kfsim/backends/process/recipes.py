"""Recipes: how a container is run as a process, without its image.

Images of KServe's sklearn server (and of servers that serve the same models with the same protocol)
are run by the built-in model server; any other container is run by its own command. What cannot be
mapped to a process raises StartFailure with the mend.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kfsim.api.core import Container
from kfsim.backends.builtin import BuiltinServer, find_builtin_server
from kfsim.backends.expansion import expand, resolve_variables
from kfsim.backends.failures import (
    NEEDS_DOCKER,
    PATH_NOT_MAPPABLE,
    PORT_NOT_CONFIGURABLE,
    StartFailure,
)
from kfsim.backends.process.gpus import CUDA, make_gpu_variables
from kfsim.backends.process.mounts import VARIABLE, Mount, PathRewriter, mount_variables
from kfsim.backends.process.tools import PACKAGE_ROOT

# A fresh interpreter for the model server: it finds kfsim where this module was found.
_MODEL_SERVER = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); "
    "from kfsim.modelserver.server import main; sys.exit(main(sys.argv[1:]))"
)
_PORT_VARIABLE = "KFSIM_PORT_"
_PORT_FLAG = re.compile(r"--?[\w-]*port[\w-]*", re.IGNORECASE)
_EXCERPT = 40
_MENTIONS_PORT = re.compile(r"\$\(?\{?(KFSIM_PORT_\d+|PORT)\b")


@dataclass(frozen=True, slots=True)
class ProcessPlan:
    """What to start. `program` precedes `argv` where the process is not forked from a template.

    `inherited_port` is the containerPort whose bound socket the process gets, in place of
    `{socket_fd}` in its arguments; `note` says what was substituted.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    program: tuple[str, ...] = ()
    fork: bool = False
    inherited_port: int | None = None
    working_dir: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the replica gives to a container: its base environment, host ports by containerPort,
    mounts, and the ids of its GPUs."""

    base: Mapping[str, str]
    ports: Mapping[int, int]
    mounts: tuple[Mount, ...]
    allow_pickle: bool = True
    devices: tuple[str, ...] = ()


def find_recipe(container: Container) -> str:
    """How the container can run as a process, as a clause for the user; empty where it cannot."""
    given = {each.name: each.value or "" for each in container.env}
    server = find_builtin_server(container, given)
    if server is not None:
        return server.note
    if container.command:
        return f"container {container.name} has a command of its own"
    return ""


def container_ports(container: Container, *, serving_port: int | None) -> tuple[int, ...]:
    """The containerPorts that need a host port; `serving_port` where this container serves."""
    ports = dict.fromkeys(each.container_port for each in container.ports)
    if serving_port is not None:
        ports.setdefault(serving_port)
    return tuple(ports)


def make_plan(
    container: Container, surroundings: Surroundings, *, serving_port: int | None
) -> ProcessPlan:
    """How to run this container. Raises StartFailure."""
    ports = container_ports(container, serving_port=serving_port)
    own = _own_variables(surroundings, ports)
    given = resolve_variables(container.env, {**surroundings.base, **own})
    own.update(make_gpu_variables(surroundings.devices, asked=given.get(CUDA)))
    server = find_builtin_server(container, given)
    if server is not None:
        return _builtin_plan(container, server, surroundings, own, given, ports)
    return _custom_plan(container, surroundings, own, given)


def _own_variables(surroundings: Surroundings, ports: Sequence[int]) -> dict[str, str]:
    variables = mount_variables(surroundings.mounts)
    for port, host in surroundings.ports.items():
        variables[f"{_PORT_VARIABLE}{port}"] = str(host)
    if ports:
        variables["PORT"] = str(surroundings.ports[ports[0]])
    return variables


def _builtin_plan(
    container: Container,
    server: BuiltinServer,
    surroundings: Surroundings,
    own: Mapping[str, str],
    given: Mapping[str, str],
    ports: Sequence[int],
) -> ProcessPlan:
    known = {**surroundings.base, **own, **given}
    rewriter = PathRewriter(surroundings.mounts)
    argv = [rewriter.rewrite(expand(each, known)) for each in server.arguments]
    if not surroundings.allow_pickle:
        argv.append("--allow_pickle=never")
    port = server.port if server.port in surroundings.ports else next(iter(ports), None)
    if port is None:
        raise StartFailure(
            PORT_NOT_CONFIGURABLE,
            f"container {container.name} has no containerPort to serve on; declare port "
            f"{server.port}",
        )
    env = {name: rewriter.rewrite(value) for name, value in given.items()}
    return ProcessPlan(
        argv=(*argv, "--socket_fd={socket_fd}"),
        env={**surroundings.base, **env, **own},
        program=(sys.executable, "-P", "-c", _MODEL_SERVER, str(PACKAGE_ROOT)),
        fork=True,
        inherited_port=port,
        note=server.note,
    )


def _custom_plan(
    container: Container,
    surroundings: Surroundings,
    own: Mapping[str, str],
    given: Mapping[str, str],
) -> ProcessPlan:
    if not container.command:
        raise StartFailure(
            NEEDS_DOCKER,
            f"container {container.name} has no command, and what the image "
            f"{container.image or '(none)'} starts is known to Docker only, which kfsim does not "
            "drive yet; give the container a command",
        )
    raw = [*container.command, *container.args]
    _check_ports(container, raw, surroundings.ports)
    env_text = [each.value or "" for each in container.env]
    rewriter = PathRewriter(surroundings.mounts)
    known = {**surroundings.base, **own, **given}
    argv = _with_ports([expand(each, known) for each in raw], surroundings.ports)
    argv = [rewriter.rewrite(each) for each in argv]
    env = {
        name: rewriter.rewrite(_port_value(name, value, surroundings.ports))
        for name, value in given.items()
    }
    working_dir = rewriter.rewrite(container.working_dir) if container.working_dir else None
    _check_mounts(container, surroundings.mounts, rewriter, [*raw, *env_text])
    return ProcessPlan(
        argv=tuple(argv),
        env={**surroundings.base, **env, **own},
        working_dir=working_dir,
    )


def _check_ports(container: Container, raw: Sequence[str], ports: Mapping[int, int]) -> None:
    """A literal port that is no value of a port flag would make two replicas collide."""
    texts = [*raw, *(each.value or "" for each in container.env)]
    if any(_MENTIONS_PORT.search(text) for text in texts):
        return
    for port in ports:
        literal = re.compile(rf"(?<![\w.]){port}(?![\w.])")
        for index, text in enumerate(raw):
            before = raw[index - 1] if index else ""
            found = literal.search(text)
            if found is not None and _flag_value(before, text) is None:
                raise StartFailure(
                    PORT_NOT_CONFIGURABLE,
                    f"container {container.name} names its port {port} in {_excerpt(found)!r}, "
                    "but replicas that run as processes share this host's ports; write "
                    f"$({_PORT_VARIABLE}{port}) or $(PORT) there instead",
                )


def _excerpt(found: re.Match[str]) -> str:
    """What is near a match on its line: the text may be a whole script."""
    before, after = found.string[: found.start()], found.string[found.end() :]
    before, after = before.rpartition("\n")[2], after.partition("\n")[0]
    return f"{before[-_EXCERPT:]}{found[0]}{after[:_EXCERPT]}".strip()


def _flag_value(before: str, text: str) -> tuple[str, str] | None:
    """(what precedes the value, value) when the text is, or carries, the value of a port flag."""
    flag, equals, value = text.partition("=")
    if equals and value.isdigit() and _PORT_FLAG.fullmatch(flag):
        return flag + equals, value
    if text.isdigit() and _PORT_FLAG.fullmatch(before):
        return "", text
    return None


def _with_ports(argv: Sequence[str], ports: Mapping[int, int]) -> list[str]:
    """`--http_port=8080` and `--port 8080` with the host port."""
    rewritten: list[str] = []
    for index, text in enumerate(argv):
        found = _flag_value(argv[index - 1] if index else "", text)
        if found is not None and int(found[1]) in ports:
            rewritten.append(f"{found[0]}{ports[int(found[1])]}")
        else:
            rewritten.append(text)
    return rewritten


def _port_value(name: str, value: str, ports: Mapping[int, int]) -> str:
    if "PORT" in name.upper() and value.isdigit() and int(value) in ports:
        return str(ports[int(value)])
    return value


def _check_mounts(
    container: Container, mounts: Sequence[Mount], rewriter: PathRewriter, texts: Sequence[str]
) -> None:
    for mount in mounts:
        names = (mount.volume, mount.volume.replace("-", "_"))
        used = any(VARIABLE + name in text for text in texts for name in names)
        if mount.scratch or used or rewriter.mentioned(mount):
            continue
        raise StartFailure(
            PATH_NOT_MAPPABLE,
            f"container {container.name} mounts {mount.volume!r} at {mount.path}, and neither its "
            "command, args nor env name that path, so a process cannot be told where it really is "
            f"({mount.host}); pass {mount.path} or $({VARIABLE}{mount.volume}) as an argument or "
            "in env",
        )
