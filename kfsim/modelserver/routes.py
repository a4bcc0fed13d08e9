"""Paths to handlers. Static answers are bytes made once; the two inference paths come first.

A handler is synchronous: (repository, request) → Answer. `is_heavy` tells the connection to
run it on the worker thread, so that health checks are answered meanwhile.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import orjson

from kfsim import __version__
from kfsim.modelserver import v1, v2
from kfsim.modelserver.errors import (
    MethodNotAllowed,
    ModelNotReady,
    NoSuchPath,
    NotSupported,
    ServingError,
)
from kfsim.modelserver.repository import ModelRepository

SERVER_NAME = "kfsim-modelserver"
# A JSON body of this size takes about a millisecond to parse and turn into an array.
HEAVY_BODY = 64 * 1024


@dataclass(slots=True)
class Request:
    """One complete request."""

    method: str
    path: str
    body: bytes
    json_length: int | None


@dataclass(slots=True)
class Answer:
    """A response; `json_length` marks a V2 body with binary tensors. Empty: JSON, and the reason
    phrase of the status."""

    status: int
    body: bytes
    json_length: int | None = None
    content_type: str = ""
    reason: str = ""


Handler = Callable[[ModelRepository, Request, str], Answer]


def _json(value: Any, status: int = 200) -> Answer:
    return Answer(status, orjson.dumps(value))


def _alive(_repository: ModelRepository, _request: Request, _name: str) -> Answer:
    return _json({"status": "alive"})


def _v1_models(repository: ModelRepository, _request: Request, _name: str) -> Answer:
    return _json({"models": repository.names()})


def _model_ready(repository: ModelRepository, _request: Request, name: str) -> Answer:
    if not repository.is_ready(name):
        raise ModelNotReady(name)
    return _json({"name": name, "ready": True})


def _predict(repository: ModelRepository, request: Request, name: str) -> Answer:
    return Answer(200, v1.predict(repository.get(name), request.body))


def _explain(repository: ModelRepository, _request: Request, name: str) -> Answer:
    repository.get(name)
    raise NotSupported(
        f"Model {name} has no explainer: explain is not implemented by the sklearn server"
    )


def _server(_repository: ModelRepository, _request: Request, _name: str) -> Answer:
    extensions = ["model_repository_extension", "binary_tensor_data"]
    return _json({"name": SERVER_NAME, "version": __version__, "extensions": extensions})


def _live(_repository: ModelRepository, _request: Request, _name: str) -> Answer:
    return _json({"live": True})


def _ready(repository: ModelRepository, _request: Request, _name: str) -> Answer:
    return _json({"ready": True}) if repository.names() else _json({"ready": False}, 503)


def _model(repository: ModelRepository, _request: Request, name: str) -> Answer:
    repository.get(name)
    return _json(
        {"name": name, "versions": None, "platform": "", "inputs": [], "outputs": []},
    )


def _infer(repository: ModelRepository, request: Request, name: str) -> Answer:
    answer = v2.infer(repository.get(name), request.body, request.json_length)
    return Answer(200, answer.body, answer.json_length)


def _versions(repository: ModelRepository, _request: Request, name: str) -> Answer:
    repository.get(name)
    raise NotSupported("Model versioning not supported yet.")


def _load(repository: ModelRepository, _request: Request, name: str) -> Answer:
    repository.load(name)
    return _json({"name": name, "load": True})


def _unload(repository: ModelRepository, _request: Request, name: str) -> Answer:
    repository.unload(name)
    return _json({"name": name, "unload": True})


_ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("POST", r"/v1/models/([^/]+):predict", _predict),
    ("POST", r"/v2/models/([^/]+)/infer", _infer),
    ("GET", r"/()", _alive),
    ("GET", r"/v1/models()", _v1_models),
    ("GET", r"/v1/models/([^/:]+)", _model_ready),
    ("POST", r"/v1/models/([^/]+):explain", _explain),
    ("GET", r"/v2()", _server),
    ("GET", r"/v2/health/live()", _live),
    ("GET", r"/v2/health/ready()", _ready),
    ("GET", r"/v2/models()", _v1_models),
    ("GET", r"/v2/models/([^/]+)", _model),
    ("GET", r"/v2/models/([^/]+)/ready", _model_ready),
    ("POST", r"/v2/repository/models/([^/]+)/load", _load),
    ("POST", r"/v2/repository/models/([^/]+)/unload", _unload),
    ("GET", r"/v2/models/([^/]+)/versions/[^/]+(?:/ready)?", _versions),
    ("POST", r"/v2/models/([^/]+)/versions/[^/]+/infer", _versions),
)


def _make_error(error: ServingError) -> Answer:
    return _json({error.key: str(error)}, error.status)


@dataclass(frozen=True, slots=True)
class Dialect:
    """One server's paths and the form of its errors. `predictions` and `loads` may take long."""

    routes: tuple[tuple[str, str, Handler], ...]
    make_error: Callable[[ServingError], Answer]
    predictions: tuple[Handler, ...]
    loads: tuple[Handler, ...]


KSERVE = Dialect(_ROUTES, _make_error, predictions=(_predict, _infer), loads=(_load,))


class Router:
    """Finds the handler of a path; the few paths in use are remembered."""

    def __init__(self, repository: ModelRepository, dialect: Dialect = KSERVE) -> None:
        self._repository = repository
        self._dialect = dialect
        self._routes = tuple(
            (method, re.compile(pattern), handler) for method, pattern, handler in dialect.routes
        )
        self._known: dict[tuple[str, str], tuple[Handler, str]] = {}

    def handle(self, request: Request) -> Answer:
        """The answer, errors included; only a defect raises."""
        try:
            handler, name = self._find(request.method, request.path)
            return handler(self._repository, request, name)
        except ServingError as error:
            return self._dialect.make_error(error)

    def is_heavy(self, request: Request) -> bool:
        """Whether handling may take longer than a health check should wait."""
        if len(request.body) > HEAVY_BODY:
            return True
        try:
            handler, name = self._find(request.method, request.path)
            if handler in self._dialect.predictions:
                return self._repository.get(name).slow
            return handler in self._dialect.loads
        except ServingError:
            return False

    def _find(self, method: str, path: str) -> tuple[Handler, str]:
        known = self._known.get((method, path))
        if known is not None:
            return known
        found = self._match(method, path)
        if len(self._known) < 256:
            self._known[(method, path)] = found
        return found

    def _match(self, method: str, target: str) -> tuple[Handler, str]:
        path = target.partition("?")[0]
        if len(path) > 1:
            path = path.removesuffix("/")
        other_method = False
        for wanted, pattern, handler in self._routes:
            match = pattern.fullmatch(path)
            if match is not None:
                if wanted == method:
                    return handler, unquote(match[1])
                other_method = True
        raise MethodNotAllowed if other_method else NoSuchPath
