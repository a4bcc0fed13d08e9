"""`kfsim validate`: what it says to each kind of mistake, and that the API says the same."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from kfsim.api.admission import admit
from kfsim.cli.main import main
from tests.kubeapi.conftest import serve_api

PREDICTOR = "sklearn: {storageUri: 'gs://bucket/model'}"


def isvc(
    predictor: str = PREDICTOR,
    *,
    name: str = "iris",
    metadata: str = "",
    version: str = "serving.kserve.io/v1beta1",
) -> str:
    """Five lines of YAML."""
    return (
        f"apiVersion: {version}\nkind: InferenceService\n"
        f"metadata: {{name: {name}{', ' if metadata else ''}{metadata}}}\n"
        f"spec:\n  predictor: {{{predictor}}}\n"
    )


SERVICE = """\
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: iris}
spec:
  template:
    metadata: {annotations: {autoscaling.knative.dev/target: "-1"}}
    spec: {containers: [{image: x}]}
"""
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: iris}\nspec: {containers: [{name: c}]}\n"

REFUSED = {
    "misspelt field": (
        isvc(f"{PREDICTOR}, minReplica: 1"),
        'spec.predictor.minReplica: unknown field; did you mean "minReplicas"?',
    ),
    "unknown field that is near to none": (
        isvc(f"{PREDICTOR}, zzz: 1"),
        "spec.predictor.zzz: unknown field",
    ),
    "wrong type": (
        isvc(f"{PREDICTOR}, minReplicas: two"),
        'minReplicas: Invalid value: "two": spec.predictor.minReplicas in body must be of type int',
    ),
    "wrong quantity": (
        isvc("sklearn: {storageUri: 'gs://b/m', resources: {limits: {cpu: 1x}}}"),
        "spec.predictor.model.resources.limits.cpu: Invalid value: '1x' has the unknown suffix",
    ),
    "two frameworks": (
        isvc(f"{PREDICTOR}, xgboost: {{}}"),
        "spec.predictor: exactly one of [SKLearn, XGBoost,",
    ),
    "bad annotation": (
        isvc(metadata="annotations: {serving.kserve.io/autoscalerClass: luck}"),
        "metadata.annotations[serving.kserve.io/autoscalerClass]: ",
    ),
    "bad annotation of a Knative Service": (SERVICE, "autoscaling.knative.dev/target"),
    "bad name": (isvc(name="-iris"), 'metadata.name: Invalid value: "-iris"'),
    "annotations that are a list": (
        isvc(metadata="annotations: [a]"),
        'must be of type object: "array"',
    ),
    "namespace that is a number": (
        isvc(metadata="namespace: 5"),
        "metadata.namespace: Invalid value: 5: metadata.namespace in body must be of type string",
    ),
    "stored version": (
        isvc(metadata="resourceVersion: '7'"),
        "resourceVersion should not be set on objects to be created",
    ),
    "plain text in a Secret": (
        "apiVersion: v1\nkind: Secret\nmetadata: {name: iris}\ndata: {key: 'not base64!'}\n",
        "data[key] is not base64; put plain text under stringData",
    ),
    "unknown field of a Pod": (POD.replace("name: c", "name: c, imge: x"), "did you mean"),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, empty."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def validate(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[str]]:
    code = main(["validate", *words])
    return code, capsys.readouterr().out.splitlines()


def report_of(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    main(["validate", "-o", "json", *words])
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    return report


def test_each_document_has_a_line_with_its_place(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "manifests" / "below").mkdir(parents=True)
    (folder / "manifests" / "a.yaml").write_text(f"{isvc()}---\n{isvc(name='two')}---\n{POD}")
    (folder / "manifests" / "below" / "b.yml").write_text(f"# a comment\n---\n{isvc(name='three')}")
    assert validate(capsys) == (
        0,
        [
            "manifests/a.yaml:1 InferenceService/iris: valid",
            "manifests/a.yaml:6 InferenceService/two: valid",
            "manifests/a.yaml:12 Pod/iris: valid",
            "manifests/below/b.yml:2 InferenceService/three: valid",
        ],
    )


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED)
def test_a_mistake_is_named(
    text: str, said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a.yaml").write_text(text)
    code, lines = validate(capsys, "a.yaml")
    assert code == 1
    assert any(said in line for line in lines), lines
    assert all(line.startswith("a.yaml:1 ") and "valid" not in line.split() for line in lines)


@pytest.mark.parametrize("text", [text for text, _ in REFUSED.values()], ids=REFUSED)
async def test_the_api_refuses_the_same_in_the_same_words(
    text: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a.yaml").write_text(text)
    (checked,) = report_of(capsys, "a.yaml")["documents"]
    document = yaml.safe_load(text)
    group = document["apiVersion"]
    root = f"/apis/{group}" if "/" in group else f"/api/{group}"
    path = f"{root}/namespaces/default/{document['kind'].lower()}s?fieldValidation=Strict"
    async with serve_api(admit) as api:
        status, answer = await api.call("POST", path, document)
    assert status >= 400
    assert answer["message"] == checked["message"]
    told = {(each["field"], each["message"]) for each in checked["problems"]}
    hints = {(each["field"], each["suggestion"]) for each in checked["problems"]}
    causes = {
        (each["field"], each["message"]) for each in answer.get("details", {}).get("causes", ())
    }
    assert causes <= told | hints


def test_what_only_yaml_can_say_is_a_problem(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"
    (folder / "a.yaml").write_text(f"{head}data: &a {{x: *a}}\n")
    said = (
        "a.yaml:1 ConfigMap/c: the document cannot be written as JSON: Circular reference detected"
    )
    assert validate(capsys, "a.yaml") == (1, [said])


def test_a_broken_document_leaves_the_others_checked(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a.yaml").write_text(f"{isvc()}---\nkind: [x\n---\n{isvc(name='two')}")
    (folder / "b.yaml").write_text("apiVersion: v1\nkind: Pod\n")
    assert main(["validate", "."]) == 1
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert err == "2 valid, 2 with problems, 0 not checked\n"
    assert lines[:2] == [
        "a.yaml:1 InferenceService/iris: valid",
        "a.yaml:8 InferenceService/two: valid",
    ]
    assert lines[2].startswith("a.yaml:8:1: not valid YAML")
    assert lines[3] == "b.yaml:1: Pod has no metadata.name"


@pytest.mark.parametrize(
    ("second", "is_twice"),
    [
        (isvc(), True),
        (isvc(version="serving.kubeflow.org/v1beta1"), True),
        (isvc(metadata="namespace: default"), True),
        (isvc(metadata="namespace: other"), False),
        (POD, False),
    ],
    ids=["same", "other group", "namespace spelt out", "other namespace", "other kind"],
)
def test_an_object_is_given_once(
    second: str, is_twice: bool, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a.yaml").write_text(isvc())
    (folder / "b.yaml").write_text(second)
    code, lines = validate(capsys, "a.yaml", "b.yaml")
    assert code == (1 if is_twice else 0)
    assert lines[0] == "a.yaml:1 InferenceService/iris: valid"
    assert ("is already given at a.yaml:1, and the later one" in lines[1]) == is_twice


def test_a_file_that_two_paths_lead_to_is_checked_once(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a.yaml").write_text(isvc())
    assert validate(capsys, "a.yaml", ".") == (0, ["a.yaml:1 InferenceService/iris: valid"])


def test_generated_names_are_never_twice(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = POD.replace("name: iris", "generateName: iris-")
    (folder / "a.yaml").write_text(f"{text}---\n{text}")
    assert validate(capsys, "a.yaml") == (
        0,
        ["a.yaml:1 Pod/iris-: valid", "a.yaml:5 Pod/iris-: valid"],
    )


@pytest.mark.parametrize(
    ("api_version", "kind", "hint"),
    [
        ("example.com/v1", "Widget", ""),
        ("monitoring.coreos.com/v2", "Unheard", ""),
    ],
)
def test_a_kind_of_other_software_is_not_checked_and_no_error(
    api_version: str, kind: str, hint: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a.yaml").write_text(
        f"apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: m}}"
    )
    said = f"a.yaml:1 {kind}/m: not checked: kfsim does not know {kind} in {api_version}{hint}"
    assert validate(capsys, "a.yaml") == (0, [said])


@pytest.mark.parametrize(
    ("api_version", "kind", "hint"),
    [
        ("apps/v1", "Deploymnet", "; did you mean Deployment?"),
        ("v1", "Frobnicator", ""),
        ("serving.kserve.io/v1beta1", "InferenceSevice", "; did you mean InferenceService?"),
        (
            "serving.kserve.io/v1beta2",
            "InferenceService",
            "; did you mean serving.kserve.io/v1beta1?",
        ),
    ],
)
def test_an_unknown_kind_of_a_group_that_kfsim_acts_on_is_an_error(
    api_version: str, kind: str, hint: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a.yaml").write_text(
        f"apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: m}}"
    )
    said = f"a.yaml:1 {kind}/m: kfsim does not know {kind} in {api_version}{hint}"
    assert validate(capsys, "a.yaml") == (1, [said])


@pytest.mark.parametrize(
    ("predictor", "field"),
    [
        ("sklearn: {storageUri: models/iris}", "spec.predictor.model.storageUri: models/iris"),
        ("sklearn: {storageUri: 'file://models/iris'}", "spec.predictor.model.storageUri: file://"),
        (
            "sklearn: {}, storageUris: [{uri: models/iris, mountPath: /mnt/m}]",
            "spec.predictor.storageUris[0].uri: ",
        ),
        (
            "containers: [{image: x, env: [{name: STORAGE_URI, value: models/iris}]}]",
            "spec.predictor.containers[0].env STORAGE_URI: ",
        ),
    ],
    ids=["storageUri", "file URI", "storageUris", "custom container"],
)
def test_a_model_that_is_not_there_is_a_warning_until_it_is(
    predictor: str, field: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a.yaml").write_text(isvc(predictor))
    valid = "a.yaml:1 InferenceService/iris: valid"
    code, lines = validate(capsys, "a.yaml")
    assert (code, lines[0], len(lines)) == (0, valid, 2)
    assert f"iris: warning: {field}" in lines[1]
    assert f"is looked for at {folder.resolve()}/models/iris, and nothing is there" in lines[1]
    (folder / "models" / "iris").mkdir(parents=True)
    assert validate(capsys, "a.yaml") == (0, [valid])


def test_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(isvc("sklearn: {storageUri: model}")))
    code, lines = validate(capsys, "-")
    assert (code, lines[0]) == (0, "stdin:1 InferenceService/iris: valid")
    assert "[model] is relative, and the InferenceService does not come from a file" in lines[1]


def test_the_projects_file_is_checked_beside_the_manifests(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a.yaml").write_text(isvc())
    (folder / "kfsim.yaml").write_text("gpu: fake\n")
    valid = "a.yaml:1 InferenceService/iris: valid"
    assert validate(capsys, "a.yaml") == (0, [valid, "kfsim.yaml: valid"])
    (folder / "kfsim.yaml").write_text("\ngpu: maybe\n")
    wrong = "kfsim.yaml:2: gpu.mode is 'maybe'; it must be require, fake or ignore"
    assert validate(capsys, ".") == (1, [valid, wrong])
    assert validate(capsys, "kfsim.yaml") == (1, [wrong])


def test_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.yaml").write_text(f"{isvc(f'{PREDICTOR}, minReplica: 1')}---\na: b\n---\n{{")
    (folder / "kfsim.yaml").write_text("gpu: fake\n")
    report = report_of(capsys, "a.yaml", "-n", "team")
    (unreadable,) = report.pop("unreadable")
    assert unreadable.startswith("a.yaml:10:1: not valid YAML")
    assert report == {
        "valid": False,
        "documents": [
            {
                "file": "a.yaml",
                "line": 1,
                "apiVersion": "serving.kserve.io/v1beta1",
                "kind": "InferenceService",
                "namespace": "team",
                "name": "iris",
                "verdict": "invalid",
                "message": 'InferenceService in version "v1beta1" cannot be handled as a '
                "InferenceService: strict decoding error: unknown field "
                '"spec.predictor.minReplica"',
                "problems": [
                    {
                        "field": "spec.predictor.minReplica",
                        "message": "unknown field",
                        "suggestion": 'did you mean "minReplicas"?',
                    }
                ],
                "note": "",
                "warnings": [],
            }
        ],
        "projectFiles": [{"file": "kfsim.yaml", "problems": []}],
        "skipped": ["a.yaml:6: not a Kubernetes object"],
    }


def test_nothing_to_check_is_a_failure(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert validate(capsys, ".") == (1, ["no manifests were found in ."])


@pytest.mark.parametrize("words", [(), ("nowhere.yaml",)], ids=["no manifests/", "no such file"])
def test_a_missing_path_is_wrong_usage(
    words: tuple[str, ...], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", *words]) == 2
    assert "kfsim: no such file or folder: " in capsys.readouterr().err


def test_the_same_manifest_under_both_profiles(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = isvc("sklearn: {storageUri: 'hf://org/model'}")
    path = tmp_path / "iris.yaml"
    path.write_text(text)
    assert main(["validate", str(path)]) == 0
    assert main(["validate", "--compat", "kfserving", str(path)]) == 1
    assert "StorageUri [hf://org/model] is not supported." in capsys.readouterr().out
