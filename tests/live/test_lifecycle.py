"""Manifests come, move and go: apply's sources, kustomizations, prune, adoption, restore."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.conftest import project
from tests.live.tool import Kfsim
from tests.waiting import wait_until


def config_map(name: str, value: str = "1", *, namespace: str = "") -> str:
    place = f", namespace: {namespace}" if namespace else ""
    return (
        f'apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: "{name}"{place}}}\n'
        f'data: {{value: "{value}"}}\n'
    )


HELM = f"""\
---
# Source: chart/templates/empty.yaml
---
# Source: chart/templates/one.yaml
{config_map("one")}---
# Source: chart/templates/list.yaml
apiVersion: v1
kind: List
items:
- {{apiVersion: v1, kind: ConfigMap, metadata: {{name: two, namespace: team}}}}
---

"""


def own_config_maps(kfsim: Kfsim) -> list[str]:
    found = kfsim.objects("configmaps", "-A")
    return sorted(
        each["metadata"]["name"]
        for each in found
        if each["metadata"]["namespace"] in ("default", "team")
    )


def value_of(kfsim: Kfsim, name: str) -> str:
    return str(kfsim.object("configmap", name)["data"]["value"])


@pytest.fixture
def kustomizing() -> None:
    if not (shutil.which("kubectl") or shutil.which("kustomize")):
        if os.environ.get("CI"):
            pytest.fail("kubectl is missing in CI")
        pytest.skip("neither kustomize nor kubectl is installed")


def test_helms_output_is_applied_compared_and_deleted(kfsim: Kfsim) -> None:
    kfsim.up()
    assert kfsim.run("apply", "-f", "-", "--dry-run=server", stdin=HELM).splitlines() == [
        "configmap/one created (server dry run)",
        "configmap/two created (server dry run)",
    ]
    assert "kind: List" in kfsim.run("apply", "-f-", "--dry-run=client", "-oyaml", stdin=HELM)
    assert own_config_maps(kfsim) == []
    assert kfsim.attempt("diff", "-f", "-", stdin=HELM).returncode == 1
    assert kfsim.run("apply", "-f", "-", "-o", "name", stdin=HELM).splitlines() == [
        "configmap/one",
        "configmap/two",
    ]
    assert own_config_maps(kfsim) == ["one", "two"]
    assert kfsim.run("diff", "-f", "-", stdin=HELM) == ""
    assert kfsim.run("delete", "-f", "-", "--dry-run=server", stdin=HELM).splitlines() == [
        'configmap "one" deleted (server dry run)',
        'configmap "two" deleted (server dry run)',
    ]
    assert own_config_maps(kfsim) == ["one", "two"]
    kfsim.run("delete", "-f", "-", stdin=HELM)
    assert own_config_maps(kfsim) == []


def test_a_document_that_fails_stops_no_other(kfsim: Kfsim) -> None:
    kfsim.up()
    text = f"{config_map('NOT_A_NAME')}---\n{config_map('one')}---\nkind: [\n"
    done = kfsim.attempt("apply", "-f", "-", stdin=text)
    assert done.returncode == 1
    assert "configmap/one created" in done.stdout
    assert "Error: stdin:1: from server (Invalid): " in done.stdout
    assert "Error: stdin:12:1: not valid YAML" in done.stdout
    assert kfsim.attempt("delete", "-f", "-", stdin=text).returncode == 1
    assert own_config_maps(kfsim) == []


def test_up_without_manifests_says_how_to_get_one(kfsim: Kfsim) -> None:
    kfsim.write("notes.txt", "no manifest")
    assert "no manifests below manifests/; `kfsim serve MODEL` writes one" in kfsim.up()


def test_what_names_nothing_to_apply_or_delete(kfsim: Kfsim) -> None:
    kfsim.up()
    done = kfsim.attempt("apply", "-f", "-", stdin="# nothing\n")
    assert (done.returncode, done.stdout) == (1, "Error: no objects passed to apply\n")
    assert kfsim.run("delete", "-f", "-", stdin="---\n") == "No resources found\n"


def test_another_namespace_than_the_objects_is_refused(kfsim: Kfsim) -> None:
    kfsim.up()
    text = config_map("one", namespace="team")
    for command in ("apply", "delete"):
        done = kfsim.attempt(command, "-f", "-", "-n", "other", stdin=text)
        assert done.returncode == 1
        assert 'object "team" does not match the namespace "other"' in done.stdout


def test_a_tree_of_bases_and_overlays_and_a_base_that_changes(
    kfsim: Kfsim, kustomizing: None
) -> None:
    base = kfsim.folder / "base"
    base.mkdir()
    (base / "kustomization.yaml").write_text("resources: [one.yaml]\n")
    (base / "one.yaml").write_text(config_map("one"))
    kfsim.write("dev/kustomization.yaml", "namePrefix: dev-\nresources: [../../base]\n")
    kfsim.write("broken/kustomization.yaml", "resources: [nowhere.yaml]\n")
    kfsim.write("plain.yaml", config_map("plain"))
    process = kfsim.start("up", "--gateway=127.0.0.1:0", "--api=127.0.0.1:0", "manifests")
    wait_until(lambda: (kfsim.state / "daemon.json").exists(), timeout=60, what="it runs")
    wait_until(
        lambda: own_config_maps(kfsim) == ["dev-one", "plain"], timeout=60, what="both are applied"
    )
    # In the folder's own watch first, so that the base's is known to run.
    kfsim.write("plain.yaml", config_map("plain", "2"))
    wait_until(lambda: value_of(kfsim, "plain") == "2", timeout=30, what="plain is re-applied")
    (base / "one.yaml").write_text(config_map("one", "2"))
    wait_until(lambda: value_of(kfsim, "dev-one") == "2", timeout=30, what="it is rendered again")
    kfsim.run("down")
    printed, _ = process.communicate(timeout=60)
    assert "manifests/broken: " in printed
    assert "nowhere.yaml" in printed


def test_what_moves_is_adopted_and_what_goes_is_pruned_when_all_is_clean(
    kfsim: Kfsim, iris_model: Path
) -> None:
    path = kfsim.service("iris", iris_model)
    kfsim.write("one.yaml", config_map("one"))
    kfsim.up()
    uid = kfsim.object("isvc", "iris")["metadata"]["uid"]
    path.rename(kfsim.manifests / "renamed.yaml")
    printed = kfsim.up()
    assert "pruned" not in printed
    assert kfsim.object("isvc", "iris")["metadata"]["uid"] == uid
    assert len(kfsim.objects("revisions")) == 1
    # Moved to a folder that another `up` of the same project is for.
    (kfsim.folder / "more").mkdir()
    (kfsim.manifests / "one.yaml").rename(kfsim.folder / "more/one.yaml")
    kfsim.up("more")
    assert "pruned" not in kfsim.up("manifests")
    assert own_config_maps(kfsim) == ["one"]
    # A broken file leaves everything, its mending prunes.
    (kfsim.folder / "more/one.yaml").unlink()
    (kfsim.folder / "more/bad.yaml").write_text("kind: [\n")
    kfsim.up("more", check=False)
    assert own_config_maps(kfsim) == ["one"]
    (kfsim.folder / "more/bad.yaml").unlink()
    assert "configmap/one pruned" in kfsim.up("more")
    assert own_config_maps(kfsim) == []


def test_an_object_that_two_files_define_names_both(kfsim: Kfsim) -> None:
    kfsim.write("one.yaml", config_map("one", "first"))
    kfsim.write("two.yaml", config_map("one", "second"))
    done = kfsim.attempt("up", "-d", "--gateway=127.0.0.1:0", "--api=127.0.0.1:0", "manifests")
    assert done.returncode == 1
    assert (
        "Error: manifests/two.yaml:1: ConfigMap/one is already given at manifests/one.yaml:1"
    ) in done.stdout
    assert value_of(kfsim, "one") == "first"


def test_objects_of_one_kinds_name_in_two_groups_are_two(kfsim: Kfsim) -> None:
    ports = "spec: {ports: [{port: 80}]}\n"
    containers = "spec: {template: {spec: {containers: [{image: example.invalid/x}]}}}\n"
    twin = "kind: Service\nmetadata: {name: twin}\n"
    core = kfsim.write("core.yaml", f"apiVersion: v1\n{twin}{ports}")
    kfsim.write("knative.yaml", f"apiVersion: serving.knative.dev/v1\n{twin}{containers}")
    kfsim.up("--no-wait")
    core.unlink()
    assert "service/twin pruned" in kfsim.up("--no-wait")
    assert kfsim.objects("ksvc", "twin")


def test_fresh_is_refused_while_the_project_runs(kfsim: Kfsim) -> None:
    kfsim.up()
    done = kfsim.attempt("up", "-d", "--fresh", "manifests")
    assert done.returncode == 1
    assert "--fresh starts empty" in done.stdout
    assert "`kfsim down` first" in done.stdout
    assert kfsim.run("get", "configmaps", "-A")


def test_ports_move_unless_they_are_asked_for_and_say_who_holds_them(
    kfsim: Kfsim, tmp_path_factory: pytest.TempPathFactory
) -> None:
    kfsim.up()
    gateway = kfsim.daemon["gateway"]
    other = Kfsim(tmp_path_factory.mktemp("other"))
    other.manifests.mkdir()
    done = other.attempt("up", "-d", f"--gateway={gateway}", "--api=127.0.0.1:0", "manifests")
    assert done.returncode == 1
    assert f"the gateway cannot listen on {gateway}: " in done.stdout
    assert f"(pid {kfsim.daemon['pid']}); stop what uses it" in done.stdout
    said = kfsim.run("up", "-d", "--gateway=127.0.0.1:1", "manifests")
    assert f"it keeps --gateway {gateway}, and --gateway 127.0.0.1:1 is asked for" in said


def test_two_folders_never_see_each_other(
    kfsim: Kfsim, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with project(tmp_path_factory.mktemp("other")) as other:
        kfsim.write("one.yaml", config_map("one"))
        other.write("two.yaml", config_map("two"))
        kfsim.up()
        other.up()
        assert (own_config_maps(kfsim), own_config_maps(other)) == (["one"], ["two"])
        api = other.daemon["api"]
        assert kfsim.run("get", "configmaps", f"--api={api}", "-o=name") == "configmap/two\n"
        # The address that is named is stopped, not the daemon of the environment.
        kfsim.run("down", f"--api={api}")
        assert own_config_maps(kfsim) == ["one"]
        assert other.attempt("get", "configmaps").returncode == 1


def test_two_ups_at_once_share_one_daemon(kfsim: Kfsim) -> None:
    kfsim.write("one.yaml", config_map("one"))
    words = ("up", "-d", "--gateway=127.0.0.1:0", "--api=127.0.0.1:0", "manifests")
    processes = [kfsim.start(*words) for _ in range(3)]
    printed = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], printed
    assert sum("using the running daemon" in text for text in printed) == 2, printed
    assert own_config_maps(kfsim) == ["one"]


def test_purge_refuses_what_is_no_state_directory(kfsim: Kfsim) -> None:
    precious = kfsim.write("precious/thesis.txt", "x")
    done = kfsim.attempt("down", "--purge", "--state-dir", str(precious.parent))
    assert done.returncode == 1
    assert "it is no state directory of kfsim" in done.stdout
    assert precious.exists()


def test_purge_of_a_project_that_is_not_this_folders_wants_it_named(
    kfsim: Kfsim, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """As somebody without KFSIM_STATE_DIR."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")

    def run(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
        environment = {k: v for k, v in kfsim.environment.items() if k != "KFSIM_STATE_DIR"}
        return subprocess.run(
            [sys.executable, "-m", "kfsim", *words],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    kfsim.write("one.yaml", config_map("one"))
    assert (
        run(kfsim.folder, "up", "-d", "--gateway=127.0.0.1:0", "--api=127.0.0.1:0").returncode == 0
    )
    try:
        refused = run(elsewhere, "down", "--purge")
        assert refused.returncode == 2
        assert "name the PATH or --project (" in refused.stderr
        assert run(elsewhere, "get", "cm", "one", "-o", "name").stdout == "configmap/one\n"
    finally:
        purged = run(kfsim.folder, "down", "--purge")
    assert purged.stdout.splitlines()[1].startswith("purged ")
    again = run(kfsim.folder, "down", "--purge")
    assert again.stdout.startswith("nothing to purge: ")
