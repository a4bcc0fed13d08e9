"""kfsim.yaml and --map with a real daemon: somebody else's manifests on this host."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.live.tool import INPUT, Kfsim
from tests.waiting import wait_until

REMOTE = "gs://bucket/models/iris"
HUSH = "hush-5e0f2f1c9d"
# Answers every request with what it has of two Secrets.
SERVER = """\
import http.server, json, os
class H(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        body = json.dumps([os.environ.get(name) for name in ("TOKEN", "PLAIN")]).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_GET = lambda self: self.send_error(404)
    log_message = lambda self, *a: None
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), H).serve_forever()
"""


def served(kfsim: Kfsim, name: str) -> str:
    """Where the service's model is fetched from."""
    (revision,) = (
        each
        for each in kfsim.objects("revisions")
        if each["metadata"]["labels"]["serving.kserve.io/inferenceservice"] == name
    )
    uri: str = revision["spec"]["initContainers"][0]["args"][0]
    return uri


def test_a_bucket_is_a_folder_and_why_says_so(kfsim: Kfsim, iris_model: Path) -> None:
    place = kfsim.folder / "models" / "iris"
    shutil.copytree(iris_model, place)
    kfsim.service("iris", REMOTE)
    kfsim.write("kfsim.yaml", "uris:\n  gs://bucket/models: ../models\n")
    output = kfsim.up("--runtime=process")
    told = f"substituted: spec.predictor.model.storageUri: {REMOTE} → {place}"
    assert told in output
    assert kfsim.post("iris", INPUT)[1] == {"predictions": [1, 1]}
    assert served(kfsim, "iris") == str(place)
    told = f"spec.predictor.model.storageUri: {place} for {REMOTE} (kfsim.yaml maps "
    assert told in kfsim.run("why", "iris")
    assert kfsim.object("isvc", "iris")["spec"]["predictor"]["model"]["storageUri"] == REMOTE


def test_a_flag_wins_over_the_file_and_starts_in_the_current_folder(
    kfsim: Kfsim, iris_model: Path
) -> None:
    (kfsim.folder / "mirror").symlink_to(iris_model.parent)
    kfsim.service("iris", f"https://no.such.host/x/{iris_model.name}")
    kfsim.write("kfsim.yaml", "uris:\n  https://no.such.host/x: /nowhere\n")
    kfsim.up("--runtime=process", "--map=https://no.such.host/x=mirror")
    assert kfsim.post("iris", INPUT)[1] == {"predictions": [1, 1]}
    assert "--map maps https://no.such.host/x to " in kfsim.run("why", "iris")
    assert "it keeps the --map of its start" in kfsim.up("--map=https://no.such.host/x=.")


def test_an_edited_file_is_followed(kfsim: Kfsim, iris_model: Path) -> None:
    kfsim.service("iris", f"gs://bucket/{iris_model.name}")
    kfsim.write("kfsim.yaml", "uris:\n  gs://bucket: ./nowhere\n")
    process = kfsim.start(
        "up", "--runtime=process", "--gateway=127.0.0.1:0", "--api=127.0.0.1:0", "--timeout=5s"
    )
    wait_until(
        lambda: str(kfsim.manifests / "nowhere") in kfsim.attempt("why", "iris").stdout,
        timeout=60,
        what="the model is looked for where kfsim.yaml says",
    )
    kfsim.write("kfsim.yaml", f"gpu: ignore\nuris:\n  gs://bucket: {iris_model.parent}\n")
    wait_until(
        lambda: kfsim.attempt("predict", "iris", "-d", json.dumps(INPUT)).returncode == 0,
        timeout=60,
        what="the model that the edited file names answers",
    )
    kfsim.write("kfsim.yaml", "uris: 3\n")
    # A later change is applied, so the file before it was read.
    kfsim.service("other", iris_model)
    wait_until(
        lambda: kfsim.attempt("get", "isvc", "other").returncode == 0,
        timeout=60,
        what="manifests are followed in spite of the broken kfsim.yaml",
    )
    assert kfsim.post("iris", INPUT)[1] == {"predictions": [1, 1]}
    kfsim.run("down")
    output = process.communicate(timeout=60)[0]
    assert "kfsim.yaml has changed: its maps and secrets are in force" in output
    assert "kfsim.yaml: gpu has changed; `kfsim down` and `kfsim up` again" in output
    assert "kfsim.yaml:1: uris is 3; it must be a map" in output


def write_custom(kfsim: Kfsim) -> None:
    reference = {"valueFrom": {"secretKeyRef": {"name": "creds", "key": "token"}}}
    plain = {"valueFrom": {"secretKeyRef": {"name": "creds", "key": "plain"}}}
    container = {
        "name": "kserve-container",
        "image": "example/custom",
        "command": ["python3", "-c", SERVER],
        "env": [{"name": "TOKEN", **reference}, {"name": "PLAIN", **plain}],
    }
    document = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": "custom"},
        "spec": {"predictor": {"containers": [container]}},
    }
    kfsim.write("custom.json", json.dumps(document))
    kfsim.write(
        "kfsim.yaml",
        "runtime: process\nsecrets:\n  default/creds: {token: '${KFT_TOKEN}', plain: text}\n",
    )


def test_a_secret_comes_from_the_environment_and_is_nowhere_else(
    kfsim: Kfsim, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_custom(kfsim)
    monkeypatch.setenv("KFT_TOKEN", HUSH)
    kfsim.up()
    assert kfsim.post("custom")[1] == [HUSH, "text"]
    arguments = subprocess.run(
        ["ps", "-ww", "-e", "-o", "args"], capture_output=True, text=True, check=True
    ).stdout
    assert "kfsim.daemon" in arguments
    assert HUSH not in arguments
    for words in (
        ("events",),
        ("get", "pods,secrets,revisions,isvc", "-o", "yaml"),
        ("why", "custom"),
    ):
        assert HUSH not in kfsim.run(*words)
    kept = [path for path in kfsim.state.rglob("*") if path.is_file()]
    assert any(path.name == "journal.sqlite3" for path in kept)
    for path in kept:
        assert HUSH.encode() not in path.read_bytes(), path


def test_a_variable_that_is_not_set_is_named_before_anything_starts(kfsim: Kfsim) -> None:
    write_custom(kfsim)
    done = kfsim.attempt("up", "-d")
    assert done.returncode == 1
    assert "secrets.default/creds.token needs the environment variable KFT_TOKEN" in done.stdout
    assert not (kfsim.state / "daemon.json").exists()


def test_a_missing_secret_is_named_with_the_line_that_mends_it(
    kfsim: Kfsim, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_custom(kfsim)
    (kfsim.manifests / "kfsim.yaml").unlink()
    monkeypatch.setenv("TOKEN", HUSH)
    kfsim.up("--runtime=process", "--timeout=5s", check=False)
    line = 'secrets: {default/creds: {token: "${TOKEN}", plain: "${PLAIN}"}}'
    told = kfsim.run("why", "custom")
    assert 'CreateContainerConfigError: secret "creds" not found; apply it, or' in told
    assert line in told
    kfsim.write("kfsim.yaml", line.replace("${PLAIN}", "${PLAIN:-text}"))
    kfsim.up("--timeout=60s")
    assert kfsim.post("custom")[1] == [HUSH, "text"]


def test_a_missing_account_is_a_warning(kfsim: Kfsim, iris_model: Path) -> None:
    kfsim.service("iris", iris_model, extra="    serviceAccountName: robot\n")
    kfsim.up("--runtime=process")
    assert kfsim.post("iris", INPUT)[0] == 200
    lack = "ServiceAccount default/robot not found: the Pod runs without it"
    assert lack in kfsim.run("events")
