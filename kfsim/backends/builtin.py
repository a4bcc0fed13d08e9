"""Which images the built-in model server stands in for, and how their arguments are read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from kfsim.api.core import Container

_DEFAULT_PORT = 8080
# KFServing's own repository, on Docker Hub or gcr.io: those servers ran on Tornado.
_OLD_IMAGE = re.compile(r"(^|/)kfserving/[^/]+$")
_MODEL_DIR = "/mnt/models"
_MLSERVER_SKLEARN = "mlserver_sklearn.SKLearnModel"


@dataclass(frozen=True, slots=True)
class BuiltinServer:
    """`arguments` for the model server, without the port; `port` is the containerPort it serves."""

    arguments: tuple[str, ...]
    port: int
    note: str


def image_name(image: str | None) -> str:
    """`sklearnserver` of `registry:5000/kserve/sklearnserver:v0.20.0@sha256:…`."""
    return re.split(r"[:@]", (image or "").rpartition("/")[2])[0]


def find_builtin_server(container: Container, env: Mapping[str, str]) -> BuiltinServer | None:
    """The recipe for this container, if its image or command is a known sklearn server."""
    name = image_name(container.image)
    command = " ".join(container.command)
    if "sklearnserver" in command or (not container.command and name == "sklearnserver"):
        if _OLD_IMAGE.search(container.image or ""):
            return _kserve_server(
                (*container.args, "--answers=tornado"),
                what=f"KFServing's sklearnserver ({container.image})",
            )
        return _kserve_server(container.args, what=f"kserve's sklearnserver ({container.image})")
    if container.command:
        return None
    if name == "predictiveserver" and _flag(container.args, "framework") == "sklearn":
        return _kserve_server(container.args, what=f"kserve's predictiveserver ({container.image})")
    if name == "mlserver" and env.get("MLSERVER_MODEL_IMPLEMENTATION") == _MLSERVER_SKLEARN:
        return _mlserver(env, what=f"MLServer ({container.image})")
    return None


def _kserve_server(args: tuple[str, ...], *, what: str) -> BuiltinServer:
    port = _flag(args, "http_port") or ""
    return BuiltinServer(
        arguments=_without(_without(_without(args, "http_port"), "grpc_port"), "framework"),
        port=int(port) if port.isdigit() else _DEFAULT_PORT,
        note=f"kfsim's model server stands in for {what}",
    )


def _mlserver(env: Mapping[str, str], *, what: str) -> BuiltinServer:
    port = env.get("MLSERVER_HTTP_PORT", "")
    return BuiltinServer(
        arguments=(
            f"--model_name={env.get('MLSERVER_MODEL_NAME', 'model')}",
            f"--model_dir={env.get('MLSERVER_MODEL_URI', _MODEL_DIR)}",
        ),
        port=int(port) if port.isdigit() else _DEFAULT_PORT,
        note=f"kfsim's model server stands in for {what}",
    )


def _flag(args: tuple[str, ...], name: str) -> str | None:
    for index, text in enumerate(args):
        if text == f"--{name}" and index + 1 < len(args):
            return args[index + 1]
        if text.startswith(f"--{name}="):
            return text.partition("=")[2]
    return None


def _without(args: tuple[str, ...], name: str) -> tuple[str, ...]:
    kept: list[str] = []
    skip = False
    for text in args:
        if skip:
            skip = False
        elif text == f"--{name}":
            skip = True
        elif not text.startswith(f"--{name}="):
            kept.append(text)
    return tuple(kept)
