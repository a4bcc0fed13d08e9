"""Which path a body goes to, and the lines that repeat a request."""

import shlex

from kfsim.cli.request import curl_line, prediction_path, python_line


def test_the_protocol_follows_the_body() -> None:
    assert prediction_path("m", b'{"instances": []}') == "/v1/models/m:predict"
    assert prediction_path("m", b'{"inputs": []}') == "/v2/models/m/infer"
    assert prediction_path("m", b"not json") == "/v1/models/m:predict"


def test_lines_to_copy() -> None:
    assert curl_line("http://m.default.localhost:8080", "/v1/models/m:predict", "@in.json") == (
        "curl http://m.default.localhost:8080/v1/models/m:predict -d @in.json"
    )
    line = python_line("127.0.0.1:8080", "default", "m", "/v1/models/m:predict", "@in.json")
    compile(shlex.split(line)[2], "snippet", "exec")
    assert "http://127.0.0.1:8080/serving/default/m/v1/models/m:predict" in line


def test_what_a_shell_would_read_otherwise_is_quoted() -> None:
    body = """{"it's": "$HOME `x`"}"""
    assert shlex.split(curl_line("http://m", "/", body))[-1] == body
    command = shlex.split(python_line("h:1", "default", "m", "/", f"@{body}"))
    assert command[:2] == ["python3", "-c"]
    compile(command[2], "snippet", "exec")


def test_a_path_is_only_looked_at_without_a_body() -> None:
    assert curl_line("http://m", "/", "") == "curl http://m/"
    assert "encode()" not in python_line("h:1", "default", "m", "/", "")
