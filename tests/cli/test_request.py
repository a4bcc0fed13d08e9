"""Which path a body goes to, and the lines that repeat a request."""

from kfsim.cli.request import curl_line, prediction_path, python_line


def test_the_protocol_follows_the_body() -> None:
    assert prediction_path("m", b'{"instances": []}') == "/v1/models/m:predict"
    assert prediction_path("m", b'{"inputs": []}') == "/v2/models/m/infer"
    assert prediction_path("m", b"not json") == "/v1/models/m:predict"


def test_lines_to_copy() -> None:
    assert curl_line("http://m.default.localhost:8080", "/v1/models/m:predict", "in.json") == (
        "curl http://m.default.localhost:8080/v1/models/m:predict -d @in.json"
    )
    line = python_line("127.0.0.1:8080", "default", "m", "/v1/models/m:predict", "in.json")
    compile(line.split('"')[1], "snippet", "exec")
    assert "http://127.0.0.1:8080/serving/default/m/v1/models/m:predict" in line
