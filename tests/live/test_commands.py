"""The other commands against a real daemon: apply, wait, get, delete, down and what it keeps."""

import time
from pathlib import Path

import pytest

from tests.live.tool import Kfsim

SERVICE = """\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: piped
spec:
  predictor:
    model:
      modelFormat:
        name: sklearn
      storageUri: {model}
"""


def test_containers_that_defaults_complete_are_unchanged_when_applied_again(kfsim: Kfsim) -> None:
    kfsim.up()
    predictor = "    containers:\n    - image: example.com/own:1\n"
    text = SERVICE.partition("    model:")[0] + predictor
    assert "/piped created" in kfsim.run("apply", "-f", "-", stdin=text)
    assert "/piped unchanged" in kfsim.run("apply", "-f", "-", stdin=text)
    dry = kfsim.run("apply", "-f", "-", "--dry-run=server", stdin=text.replace("own:1", "own:2"))
    assert "/piped configured (server dry run)" in dry
    assert "/piped unchanged" in kfsim.run("apply", "-f", "-", stdin=text)


def test_apply_wait_get_and_delete_as_kubectl_does(kfsim: Kfsim, iris_model: Path) -> None:
    kfsim.up()
    text = SERVICE.format(model=iris_model)
    assert kfsim.run("apply", "-f", "-", stdin=text).strip() == (
        "inferenceservice.serving.kserve.io/piped created"
    )
    assert kfsim.run("apply", "-f", "-", stdin=text).strip().endswith("/piped unchanged")
    waited = kfsim.run("wait", "isvc/piped", "--for=condition=Ready", "--timeout=60s")
    assert waited.strip() == "inferenceservice.serving.kserve.io/piped condition met"
    assert kfsim.run("get", "isvc", "-o", "name").strip() == (
        "inferenceservice.serving.kserve.io/piped"
    )
    path = 'jsonpath={.status.conditions[?(@.type=="Ready")].status}'
    assert kfsim.run("get", "isvc", "piped", "-o", path).strip() == "True"
    predicted = kfsim.run("predict", "piped", "-d", '{"instances": [[6.8, 2.8, 4.8, 1.4]]}')
    assert '{"predictions":[1]}' in predicted
    assert "piped-predictor-00001" in predicted
    for words in (["get", "isvc", "pipd"], ["why", "pipd"], ["delete", "isvc", "pipd"]):
        assert "did you mean piped?" in kfsim.attempt(*words).stdout, words
    deleted = kfsim.run("delete", "isvc", "piped")
    assert deleted.strip() == 'inferenceservice.serving.kserve.io "piped" deleted'
    assert "No resources found" in kfsim.run("get", "revisions,ksvc,deployments")
    assert kfsim.post("piped")[0] == 404


def test_what_is_not_there_is_named(kfsim: Kfsim) -> None:
    kfsim.up()
    for words, text in [
        (("get", "isvc", "ghost"), 'inferenceservices.serving.kserve.io "ghost" not found'),
        (("get", "nonsense"), 'the server doesn\'t have a resource type "nonsense"'),
        (("delete", "isvc", "ghost"), '"ghost" not found'),
        (("logs", "ghost"), '"ghost" not found'),
        (("why", "ghost"), '"ghost" not found'),
        (("predict", "ghost", "-d", "{}"), '"ghost" not found'),
        (("wait", "isvc/ghost", "--for=condition=Ready"), '"ghost" not found'),
    ]:
        done = kfsim.attempt(*words)
        assert done.returncode == 1, words
        assert text in done.stdout, words


def test_a_wait_that_does_not_come_true_says_so(kfsim: Kfsim, tmp_path: Path) -> None:
    kfsim.service("lost", tmp_path / "nowhere")
    kfsim.up("--no-wait")
    done = kfsim.attempt("wait", "isvc/lost", "--for=condition=Ready", "--timeout=1s")
    assert done.returncode == 1
    assert "timed out waiting for the condition on inferenceservices/lost" in done.stdout


def test_down_keeps_what_was_applied_and_fresh_and_purge_forget_it(
    kfsim: Kfsim, iris_model: Path
) -> None:
    kfsim.up()
    kfsim.run("apply", "-f", "-", stdin=SERVICE.format(model=iris_model))
    kfsim.run("wait", "isvc/piped", "--for=condition=Ready", "--timeout=60s")
    uid = kfsim.object("isvc", "piped")["metadata"]["uid"]
    assert kfsim.run("down").startswith("stopped ")
    assert not kfsim.replica_pids()
    kfsim.up()
    assert kfsim.object("isvc", "piped")["metadata"]["uid"] == uid
    kfsim.run("wait", "isvc/piped", "--for=condition=Ready", "--timeout=60s")
    assert kfsim.post("piped")[0] == 200
    kfsim.run("down")
    kfsim.up("--fresh")
    assert not kfsim.objects("isvc")
    assert "purged" in kfsim.run("down", "--purge")
    assert not kfsim.state.exists()


@pytest.mark.parametrize("output", ["json", "yaml", "wide"])
def test_other_outputs(kfsim: Kfsim, iris_model: Path, output: str) -> None:
    kfsim.service("iris", iris_model)
    kfsim.up()
    printed = kfsim.run("get", "isvc", "iris", "-o", output)
    assert "iris-predictor-00001" in printed


NEEDS_DOCKER = """\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: piped
spec:
  predictor:
    model:
      modelFormat:
        name: sklearn
      storageUri: {model}
  transformer:
    containers:
    - name: kserve-container
      image: example.invalid/me/transformer:1
"""


def test_up_does_not_wait_for_what_cannot_mend_itself(kfsim: Kfsim, iris_model: Path) -> None:
    kfsim.write("piped.yaml", NEEDS_DOCKER.format(model=iris_model))
    started = time.monotonic()
    said = kfsim.up("--runtime=process", "--timeout=100s", check=False)
    assert time.monotonic() - started < 60
    assert "transformer: NeedsDocker: container kserve-container has no command" in said
    answered = kfsim.attempt("predict", "piped", "-d", '{"instances": [[6.8, 2.8, 4.8, 1.4]]}')
    assert answered.returncode == 1
    assert "Error: piped has never been ready, so nothing answers: transformer: NeedsDocker" in (
        answered.stdout
    )
    why = kfsim.run("why", "piped").splitlines()
    assert why[0].startswith("piped is not ready: transformer: NeedsDocker: container kserve-c")
    assert "\n".join(why).count("has no command, and what the image") == 1


def test_the_log_of_a_replica_that_never_started_points_to_its_init_container(
    kfsim: Kfsim, tmp_path: Path
) -> None:
    kfsim.service("lost", tmp_path / "nowhere")
    kfsim.up(check=False)
    done = kfsim.attempt("logs", "lost")
    assert done.returncode == 1
    assert "`kfsim logs lost -c storage-initializer` shows its log" in done.stdout
    assert "nowhere" in kfsim.run("logs", "lost", "-c", "storage-initializer")


def test_events_are_shown_in_the_order_of_time(kfsim: Kfsim, iris_model: Path) -> None:
    kfsim.up()
    kfsim.service("zebra", iris_model)
    kfsim.up()
    kfsim.service("antelope", iris_model)
    kfsim.up()
    lines = kfsim.run("events").splitlines()
    zebra = [number for number, line in enumerate(lines) if "zebra-predictor" in line]
    antelope = [number for number, line in enumerate(lines) if "antelope-predictor" in line]
    assert max(zebra) < min(antelope)


def test_every_command_says_what_failed_in_the_same_form(kfsim: Kfsim, tmp_path: Path) -> None:
    kfsim.write("broken.yaml", "apiVersion: v1\nkind: [\n")
    kfsim.write("other.yaml", "apiVersion: v1\nkind: Nonsense\nmetadata: {name: x}\n")
    started = kfsim.up(check=False)
    assert started.count("Error: ") == 2
    assert "error: " not in started
    kfsim.service("lost", tmp_path / "nowhere")
    assert "Error: lost is not ready: ModelLoadFailed: cannot provide" in kfsim.up(check=False)
    for words, text in [
        (("apply", "-f", "manifests"), "broken.yaml"),
        (("apply", "-f", "manifests"), "Nonsense"),
        (("delete", "isvc", "ghost"), '"ghost" not found'),
        (("delete", "-f", "manifests/broken.yaml"), "broken.yaml"),
        (("wait", "isvc/lost", "--for=condition=Ready", "--timeout=0s"), "timed out"),
        (("get", "isvc", "ghost"), '"ghost" not found'),
    ]:
        done = kfsim.attempt(*words)
        lines = done.stdout.splitlines()
        assert done.returncode == 1, words
        starts = ("Error: ", "Error from server (")  # kubectl has the second
        assert any(line.startswith(starts) and text in line for line in lines), (words, lines)
