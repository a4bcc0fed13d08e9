"""KFServing's answers, from the same server: `--answers=tornado`."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from kfsim.modelserver.errors import InferenceError, ModelNotReady, NoSuchPath, ServingError
from kfsim.modelserver.tornado import make_error_page
from tests.modelserver.support import ask, running_server

FLOWERS = [[6.8, 2.8, 4.8, 1.4], [5.1, 3.5, 1.4, 0.2]]


@pytest.fixture(scope="module")
def port(model_dir: Path) -> Iterator[int]:
    with running_server(model_dir, "--answers=tornado") as (port, _process):
        yield port


def page(text: str) -> str:
    return f"<html><title>{text}</title><body>{text}</body></html>"


@pytest.mark.live
@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", "/", 200, "Alive"),
        ("GET", "/v2/health/live", 200, "Alive"),
        ("GET", "/v1/models", 200, '["iris"]'),
        ("GET", "/v1/models/iris", 200, '{"name":"iris","ready":true}'),
        ("GET", "/v2/models/iris/status", 200, '{"name":"iris","ready":true}'),
        ("GET", "/v1/models/rose", 404, page("404: Model with name rose does not exist.")),
        ("POST", "/v1/models/rose:predict", 404, page("404: Model with name rose does not exist.")),
        ("POST", "/v1/models/iris:explain", 500, page("500: Internal Server Error")),
        ("GET", "/v2/models/iris", 404, page("404: Not Found")),
        ("GET", "/v1/models/iris:predict", 405, page("405: Method Not Allowed")),
    ],
)
def test_answers(port: int, method: str, path: str, status: int, body: str) -> None:
    reply = ask(port, method, path, {} if method == "POST" else None)
    assert (reply.status, reply.body.decode()) == (status, body)
    assert reply.headers["content-type"] == "text/html; charset=UTF-8"


@pytest.mark.live
def test_predictions_are_json(port: int) -> None:
    reply = ask(port, "POST", "/v1/models/iris:predict", {"instances": FLOWERS})
    assert (reply.status, reply.json) == (200, {"predictions": [1, 0]})
    assert reply.headers["content-type"] == "application/json"
    wrong = ask(port, "POST", "/v1/models/iris:predict", {"instances": "flower"})
    assert wrong.body.decode() == page("400: Expected &quot;instances&quot; to be a list")


@pytest.mark.live
def test_unload_and_load(port: int) -> None:
    assert json.loads(ask(port, "POST", "/v2/repository/models/iris/unload", {}).body)["unload"]
    assert ask(port, "GET", "/v1/models").body == b"[]"
    assert json.loads(ask(port, "POST", "/v2/repository/models/iris/load", {}).body)["load"]


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (ModelNotReady("iris", "two\nlines"), 503, "Model with name iris is not ready. two lines"),
        (InferenceError("secret of the model"), 500, "Internal Server Error"),
        (NoSuchPath(), 404, "Not Found"),
    ],
)
def test_error_pages(error: ServingError, status: int, reason: str) -> None:
    answer = make_error_page(error)
    assert (answer.status, answer.reason) == (status, reason)
    assert page(f"{status}: {reason}") == answer.body.decode()


def test_what_a_client_sends_is_no_markup() -> None:
    answer = make_error_page(ModelNotReady("<script>"))
    assert b"&lt;script&gt;" in answer.body
