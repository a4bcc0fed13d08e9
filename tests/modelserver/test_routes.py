"""KServe's V1 and V2 REST over a socket: paths, bodies and errors."""

import json
import struct
from typing import Any

import pytest

from tests.modelserver.support import ask

pytestmark = pytest.mark.live
FLOWERS = [[6.8, 2.8, 4.8, 1.4], [5.1, 3.5, 1.4, 0.2]]
FLAT = [value for row in FLOWERS for value in row]
TENSOR = {"name": "input-0", "shape": [2, 4], "datatype": "FP64", "data": FLAT}


@pytest.mark.parametrize(
    ("path", "status", "answer"),
    [
        ("/", 200, {"status": "alive"}),
        ("/v1/models", 200, {"models": ["iris"]}),
        ("/v1/models/iris", 200, {"name": "iris", "ready": True}),
        ("/v1/models/rose", 404, {"error": "Model with name rose does not exist."}),
        ("/v2/health/live", 200, {"live": True}),
        ("/v2/health/ready", 200, {"ready": True}),
        ("/v2/models", 200, {"models": ["iris"]}),
        ("/v2/models/iris/ready", 200, {"name": "iris", "ready": True}),
        ("/v2/models/rose/ready", 404, {"error": "Model with name rose does not exist."}),
        ("/v2/models/iris/versions/1", 501, {"error": "Model versioning not supported yet."}),
        ("/v3", 404, {"detail": "Not Found"}),
        ("/v1/models/iris:predict", 405, {"detail": "Method Not Allowed"}),
    ],
)
def test_get_answers(port: int, path: str, status: int, answer: object) -> None:
    reply = ask(port, "GET", path)
    assert (reply.status, reply.json) == (status, answer)
    assert reply.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("body", "status", "answer"),
    [
        pytest.param({"instances": FLOWERS}, 200, {"predictions": [1, 0]}, id="instances"),
        pytest.param({"inputs": FLOWERS}, 200, {"predictions": [1, 0]}, id="inputs"),
        pytest.param(
            {"instances": [[1.0, 2.0]]},
            500,
            {"error": "X has 2 features, but SVC is expecting 4 features as input."},
            id="wrong shape",
        ),
        pytest.param(
            {"instances": "flower"}, 400, {"error": 'Expected "instances" to be a list'}, id="text"
        ),
    ],
)
def test_v1_predict(port: int, body: object, status: int, answer: object) -> None:
    reply = ask(port, "POST", "/v1/models/iris:predict", body)
    assert (reply.status, reply.json) == (status, answer)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param(b"{", "Unrecognized request format: ", id="no JSON"),
        pytest.param(b"", "Unrecognized request format: ", id="empty"),
        pytest.param(b"[1]", "Expected a JSON object", id="list"),
        pytest.param(b'{"data": []}', "Expected 'instances'", id="no instances"),
    ],
)
def test_v1_refuses_what_it_cannot_read(port: int, body: bytes, words: str) -> None:
    reply = ask(port, "POST", "/v1/models/iris:predict", body)
    assert reply.status == 400
    assert reply.json["error"].startswith(words)


def test_v1_ragged_rows_are_an_inference_error(port: int) -> None:
    reply = ask(port, "POST", "/v1/models/iris:predict", {"instances": [[1.0, 2.0], [3.0]]})
    assert reply.status == 500
    assert "inhomogeneous" in reply.json["error"]


def test_explain_is_not_implemented(port: int) -> None:
    assert ask(port, "POST", "/v1/models/iris:explain", {"instances": FLOWERS}).status == 501
    assert ask(port, "POST", "/v1/models/rose:explain", {"instances": FLOWERS}).status == 404


def test_v2_infer_answers_as_kserve_does(port: int) -> None:
    reply = ask(port, "POST", "/v2/models/iris/infer", {"id": "7", "inputs": [TENSOR]})
    assert reply.status == 200
    assert reply.json == {
        "model_name": "iris",
        "model_version": None,
        "id": "7",
        "parameters": None,
        "outputs": [
            {
                "name": "output-0",
                "shape": [2],
                "datatype": "INT64",
                "parameters": None,
                "data": [1, 0],
            }
        ],
    }


def test_v2_makes_up_an_id(port: int) -> None:
    reply = ask(port, "POST", "/v2/models/iris/infer", {"inputs": [TENSOR]})
    assert len(reply.json["id"]) == 36


def test_v2_binary_tensors_both_ways(port: int) -> None:
    raw = struct.pack("<8f", *FLAT)
    head = json.dumps(
        {
            "inputs": [
                {
                    "name": "input-0",
                    "shape": [2, 4],
                    "datatype": "FP32",
                    "parameters": {"binary_data_size": len(raw)},
                }
            ],
            "outputs": [{"name": "output-0", "parameters": {"binary_data": True}}],
        }
    ).encode()
    length = {"Inference-Header-Content-Length": str(len(head))}
    reply = ask(port, "POST", "/v2/models/iris/infer", head + raw, headers=length)
    assert reply.status == 200
    json_length = int(reply.headers["inference-header-content-length"])
    (output,) = json.loads(reply.body[:json_length])["outputs"]
    assert output["parameters"] == {"binary_data_size": 16}
    assert struct.unpack("<2q", reply.body[json_length:]) == (1, 0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param({"datatype": "FP99"}, "datatype 'FP99'", id="datatype"),
        pytest.param({"shape": [3, 4]}, "does not fit", id="shape"),
        pytest.param({"shape": [-1, 4]}, "needs a shape", id="negative shape"),
        pytest.param({"data": ["a"] * 8}, "does not fit", id="data"),
        pytest.param({"parameters": {"binary_data_size": 9}}, "0 are left", id="no binary part"),
    ],
)
def test_v2_refuses_bad_tensors(port: int, change: dict[str, Any], words: str) -> None:
    reply = ask(port, "POST", "/v2/models/iris/infer", {"inputs": [TENSOR | change]})
    assert reply.status == 400
    assert words in reply.json["error"]


def test_a_wrong_header_length_is_refused(port: int) -> None:
    for value in ("999999", "x"):
        headers = {"Inference-Header-Content-Length": value}
        assert ask(port, "POST", "/v2/models/iris/infer", b"{}", headers=headers).status == 400


def test_models_are_unloaded_and_loaded(server: tuple[int, Any]) -> None:
    port, _ = server
    assert ask(port, "POST", "/v2/repository/models/iris/unload").json == {
        "name": "iris",
        "unload": True,
    }
    assert ask(port, "GET", "/v1/models/iris").status == 404
    assert ask(port, "GET", "/v2/health/ready").status == 503
    assert ask(port, "POST", "/v2/repository/models/iris/load").status == 200
    assert ask(port, "GET", "/v1/models/iris").status == 200
    missing = ask(port, "POST", "/v2/repository/models/rose/load")
    assert missing.status == 503
    assert missing.json["error"].startswith("Model with name rose is not ready.")
