"""The answers of KFServing's Python server, which ran on Tornado (python/kfserving 0.5 and 0.6).

Other paths than KServe's, liveness as a word, the list of models as a bare array, and errors as a
page whose reason is also that of the status line. Text that Tornado's handlers write goes out as
HTML, whatever it holds; only predictions are JSON.
"""

import html
from http import HTTPStatus

import orjson

from kfsim.modelserver.errors import InferenceError, ServingError
from kfsim.modelserver.repository import ModelRepository
from kfsim.modelserver.routes import Answer, Dialect, Handler, Request
from kfsim.modelserver.v1 import predict

HTML = "text/html; charset=UTF-8"
_NAME = r"([a-zA-Z0-9_-]+)"
_LONGEST_REASON = 500


def _text(text: str | bytes) -> Answer:
    body = text.encode() if isinstance(text, str) else text
    return Answer(200, body, content_type=HTML)


def _alive(_repository: ModelRepository, _request: Request, _name: str) -> Answer:
    return _text("Alive")


def _models(repository: ModelRepository, _request: Request, _name: str) -> Answer:
    return _text(orjson.dumps(repository.names()))


def _health(repository: ModelRepository, _request: Request, name: str) -> Answer:
    repository.is_ready(name)
    return _text(orjson.dumps({"name": name, "ready": True}))


def _predict(repository: ModelRepository, request: Request, name: str) -> Answer:
    return Answer(200, predict(repository.get(name), request.body))


def _explain(repository: ModelRepository, _request: Request, name: str) -> Answer:
    repository.get(name)
    raise InferenceError("the sklearn server has no explainer")


def _load(repository: ModelRepository, _request: Request, name: str) -> Answer:
    repository.load(name)
    return _text(orjson.dumps({"name": name, "load": True}))


def _unload(repository: ModelRepository, _request: Request, name: str) -> Answer:
    repository.unload(name)
    return _text(orjson.dumps({"name": name, "unload": True}))


_ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("POST", rf"/v1/models/{_NAME}:predict", _predict),
    ("GET", r"/()", _alive),
    ("GET", r"/v2/health/live()", _alive),
    ("GET", r"/v1/models()", _models),
    ("GET", r"/v2/models()", _models),
    ("GET", rf"/v1/models/{_NAME}", _health),
    ("GET", rf"/v2/models/{_NAME}/status", _health),
    ("POST", rf"/v2/models/{_NAME}/infer", _predict),
    ("POST", rf"/v1/models/{_NAME}:explain", _explain),
    ("POST", rf"/v2/models/{_NAME}/explain", _explain),
    ("POST", rf"/v2/repository/models/{_NAME}/load", _load),
    ("POST", rf"/v2/repository/models/{_NAME}/unload", _unload),
)


def make_error_page(error: ServingError) -> Answer:
    """Tornado's page. What a model raises is an uncaught exception there, whose text stays in the
    log."""
    reason = HTTPStatus(error.status).phrase
    if error.key == "error" and not isinstance(error, InferenceError):
        reason = " ".join(str(error).split())[:_LONGEST_REASON]
    title = html.escape(f"{error.status}: {reason}")
    page = f"<html><title>{title}</title><body>{title}</body></html>"
    return Answer(error.status, page.encode(), content_type=HTML, reason=reason)


TORNADO = Dialect(_ROUTES, make_error_page, predictions=(_predict,), loads=(_load,))
