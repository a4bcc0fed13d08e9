"""`kfsim doctor` on a project that is well, and on one that is not."""

import json
from pathlib import Path

from tests.live.tool import Kfsim


def test_a_project_that_runs_is_told_line_by_line(kfsim: Kfsim, iris_model: Path) -> None:
    kfsim.service("iris", iris_model)
    kfsim.up()
    printed = kfsim.run("doctor", "manifests")
    project = kfsim.daemon["project"]
    assert f"ok       daemon {project}: runs (pid {kfsim.daemon['pid']})" in printed
    assert "ok       journal: in use by the daemon" in printed
    assert "ok       manifests: 1 valid in manifests" in printed
    assert f"ok       model of iris: {iris_model}: model.joblib" in printed
    assert "as installed" in printed


def test_what_will_not_work_ends_it_with_1(kfsim: Kfsim, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    kfsim.service("empty", tmp_path / "empty")
    kfsim.service("gone", "gs://bucket/model")
    kfsim.service("broken", "/m", extra="    minReplicas: -1\n")
    done = kfsim.attempt("doctor", "-o", "json", "manifests")
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert report["healthy"] is False
    problems = {f["subject"]: f["found"] for f in report["findings"] if f["level"] == "problem"}
    assert "holds no files" in problems["model of empty"]
    assert "gs:// is not supported yet" in problems["model of gone"]
    assert "broken.yaml" in problems["manifest"]


def test_storage_alone(kfsim: Kfsim, iris_model: Path) -> None:
    kfsim.service("iris", iris_model)
    kfsim.service("far", "s3://bucket/iris")
    kfsim.write("kfsim.yaml", f"uris: {{'s3://bucket/iris': {iris_model}}}\n")
    printed = kfsim.run("doctor", "storage", "manifests")
    assert f"ok       model of far: {iris_model}: model.joblib" in printed
    subjects = [line.split(": ")[0].split(maxsplit=1)[1] for line in printed.splitlines()[:-1]]
    assert subjects[:2] == ["model of far", "model of iris"]
    assert all(each.startswith(("model of", "versions of")) for each in subjects)
