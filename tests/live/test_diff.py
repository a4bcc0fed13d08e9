"""`kfsim diff` against a real daemon: it says what apply would do, and does none of it."""

from pathlib import Path

import pytest

from tests.live.tool import Kfsim

SETTINGS = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  kept: "1"
  level: low
"""
PASSWORD = """\
apiVersion: v1
kind: Secret
metadata:
  name: password
stringData:
  word: WORD
"""


def changed_lines(text: str) -> list[str]:
    """Without the file names and the dates of objects that do not exist yet."""
    return [
        line
        for line in text.splitlines()
        if line.startswith(("+", "-")) and not line.startswith(("+++", "---"))
    ]


@pytest.fixture
def running(kfsim: Kfsim) -> Kfsim:
    kfsim.up()
    return kfsim


def apply_and_diff(kfsim: Kfsim, applied: str, wanted: str) -> list[str]:
    """What changed, after checking the exit code and that nothing was carried out."""
    kfsim.run("apply", "-f", "-", stdin=applied)
    versions = [item["metadata"]["resourceVersion"] for item in kfsim.objects("configmaps,secrets")]
    done = kfsim.attempt("diff", "-f", "-", stdin=wanted)
    assert done.returncode == 1, done.stdout
    now = [item["metadata"]["resourceVersion"] for item in kfsim.objects("configmaps,secrets")]
    assert now == versions
    return changed_lines(done.stdout)


def test_what_was_applied_differs_in_nothing(kfsim: Kfsim, iris_model: Path) -> None:
    kfsim.service("iris", iris_model)
    kfsim.write("deeper/settings.yaml", SETTINGS + "---\n" + PASSWORD)
    kfsim.up()
    for words in (
        ("diff", "manifests"),
        ("diff", "-R", "-f", "manifests"),
        ("diff", "manifests/iris.yaml", "manifests/deeper/settings.yaml", "--field-manager=me"),
    ):
        done = kfsim.attempt(*words)
        assert (done.returncode, done.stdout) == (0, ""), words
    # The value that the server defaults is no difference, and one that is changed by hand is.
    kfsim.service("iris", iris_model, extra="    minReplicas: 1\n    maxReplicas: 2\n")
    done = kfsim.attempt("diff", "manifests")
    assert done.returncode == 1
    assert "+++ MERGED/serving.kserve.io.v1beta1.InferenceService.default.iris" in done.stdout
    assert "+    maxReplicas: 2" in changed_lines(done.stdout)


def test_changed_and_removed_fields(running: Kfsim) -> None:
    changed = SETTINGS.replace("low", "high")
    assert apply_and_diff(running, SETTINGS, changed) == ["-  level: low", "+  level: high"]
    removed = SETTINGS.replace("  level: low\n", "")
    assert apply_and_diff(running, SETTINGS, removed) == ["-  level: low"]
    running.run("apply", "-f", "-", stdin=removed)
    assert running.attempt("diff", "-f", "-", stdin=removed).returncode == 0
    assert running.object("configmap", "settings")["data"] == {"kept": "1"}


def test_an_added_object_is_shown_and_not_made(running: Kfsim) -> None:
    done = running.attempt("diff", "-n", "team", "-f", "-", stdin=SETTINGS)
    assert done.returncode == 1
    assert done.stdout.startswith("--- /dev/null\n+++ MERGED/v1.ConfigMap.team.settings\n")
    assert changed_lines(done.stdout) == [
        "+apiVersion: v1",
        "+data:",
        "+  kept: '1'",
        "+  level: low",
        "+kind: ConfigMap",
        "+metadata:",
        "+  name: settings",
        "+  namespace: team",
    ]
    assert running.attempt("get", "configmap", "settings", "-n", "team").returncode == 1
    assert running.attempt("get", "namespace", "team").returncode == 1


def test_secrets_change_without_being_told(running: Kfsim) -> None:
    lines = apply_and_diff(
        running, PASSWORD.replace("WORD", "swordfish"), PASSWORD.replace("WORD", "marlin")
    )
    assert lines == ["-  word: '*** (before)'", "+  word: '*** (after)'"]


@pytest.mark.parametrize(
    ("broken", "texts"),
    [
        (
            "apiVersion: serving.kserve.io/v1beta1\nkind: Widget\nmetadata: {name: w}\n",
            ("Error: stdin:", "kfsim does not know Widget in serving.kserve.io/v1beta1"),
        ),
        ("kind: [unclosed\nname: x\n", ("error: stdin:2:", "not valid YAML")),
        (
            SETTINGS.replace("settings", "Not_A_Name"),
            ("Error: stdin:", "Not_A_Name"),
        ),
    ],
    ids=["unknown kind", "malformed YAML", "refused by the server"],
)
def test_what_cannot_be_compared_is_an_error_and_hides_no_other(
    running: Kfsim, broken: str, texts: tuple[str, ...]
) -> None:
    done = running.attempt("diff", "-f", "-", stdin=f"{broken}---\n{SETTINGS}")
    assert done.returncode == 2
    for text in texts:
        assert text in done.stdout
    assert "+++ MERGED/v1.ConfigMap.default.settings" in done.stdout


def test_kinds_of_other_software_are_skipped_as_apply_skips_them(running: Kfsim) -> None:
    widget = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\n"
    done = running.attempt("diff", "-f", "-", stdin=f"{widget}---\n{SETTINGS}")
    assert done.returncode == 1
    assert "example.com/v1 Widget is not simulated" in done.stdout
    assert "+++ MERGED/v1.ConfigMap.default.settings" in done.stdout
    assert running.attempt("diff", "-f", "-", stdin=widget).returncode == 0
