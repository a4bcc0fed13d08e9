"""`kfsim convert` as a user calls it."""

import json
from pathlib import Path

import pytest
import yaml

from kfsim.cli.main import main

OLD = """\
# a comment
apiVersion: serving.kubeflow.org/v1alpha2
kind: InferenceService
metadata: {name: iris}
spec:
  default: {predictor: {sklearn: {storageUri: 'gs://b/1'}}}
  canary: {predictor: {sklearn: {storageUri: 'gs://b/2'}}}
  canaryTrafficPercent: 20
---
apiVersion: v1
kind: Secret
metadata: {name: s}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "old.yaml"
    path.write_text(OLD)
    return path


def test_yaml_with_the_two_steps_as_a_comment(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["convert", "-f", str(file)]) == 0
    out, err = capsys.readouterr()
    service, secret = yaml.safe_load_all(out)
    assert service["spec"] == {"predictor": {"sklearn": {"storageUri": "gs://b/1"}}}
    assert secret == {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}
    assert f"#    kfsim convert --canary -f {file} | kfsim apply -f -\n" in out
    assert "20 % of the traffic" in out
    assert err == ""


def test_the_second_step(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", "--canary", str(file)]) == 0
    (service,) = yaml.safe_load_all(capsys.readouterr().out)
    assert service["spec"]["predictor"] == {
        "sklearn": {"storageUri": "gs://b/2"},
        "canaryTrafficPercent": 20,
    }


def test_json_is_one_list_and_the_steps_go_to_standard_error(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["convert", "-f", str(file), "-o", "json"]) == 0
    out, err = capsys.readouterr()
    assert [item["kind"] for item in json.loads(out)["items"]] == ["InferenceService", "Secret"]
    assert "takes two steps" in err


def test_the_output_validates(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["convert", "-f", str(file)])
    file.write_text(capsys.readouterr().out)
    assert main(["validate", str(file)]) == 0


def test_a_document_that_cannot_be_converted_leaves_the_others(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(OLD.replace("default:", "defaults:"))
    assert main(["convert", "-f", str(file)]) == 1
    out, err = capsys.readouterr()
    assert yaml.safe_load(out)["kind"] == "Secret"
    assert f"Error: {file}:1 InferenceService/iris cannot be converted: " in err


def test_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert"]) == 2
    assert "kfsim convert -f FILE" in capsys.readouterr().err


def test_no_second_step(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text("apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n")
    assert main(["convert", "--canary", str(file)]) == 1
    assert "no document has a canary" in capsys.readouterr().err
