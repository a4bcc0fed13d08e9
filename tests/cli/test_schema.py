"""The schema that the command prints is that of the code, and fits what the code accepts."""

import json

import pytest

from kfsim.cli.main import main
from kfsim.daemon.project_file import project_schema


def test_the_schema_is_printed_as_the_code_has_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == project_schema()
    assert printed["additionalProperties"] is False
    assert {"uris", "images", "secrets", "gpu"} <= set(printed["properties"])
