"""Manifests as people have them: what kfsim does not act on is kept or skipped, and said."""

from pathlib import Path

from tests.kubeapi.test_kept_kinds import INSTALL
from tests.live.tool import Kfsim

# A custom resource may stand before its definition.
FOREIGN = """\
apiVersion: example.com/v1
kind: Widget
metadata: {name: early}
---
apiVersion: unheard.example.org/v1
kind: Gadget
metadata: {name: one}
---
apiVersion: unheard.example.org/v1
kind: Gadget
metadata: {name: two}
"""
GADGET = "note: unheard.example.org/v1 Gadget is not simulated"
ISSUER = "note: cert-manager.io/v1 Issuer is kept but not simulated: nothing acts on it"
CONTROLLER = "note: Deployment kserve-controller-manager: kfsim does the work of kserve/"


def test_an_install_manifest_beside_a_service(kfsim: Kfsim, iris_model: Path) -> None:
    kfsim.write("a-foreign.yaml", FOREIGN)
    kfsim.write("install.yaml", INSTALL.read_text())
    kfsim.service("iris", iris_model)
    said = kfsim.up("--runtime", "process")
    assert [said.count(note) for note in (GADGET, ISSUER, CONTROLLER)] == [1, 1, 1]
    assert "widget.example.com/early created" in said
    assert kfsim.post("iris")[0] == 200
    assert kfsim.objects("pods", "-n", "kserve") == []
    checked = kfsim.run("validate", "manifests")
    assert [checked.count(note) for note in (GADGET, ISSUER)] == [1, 1]
    assert "0 with problems, 2 not checked" in checked

    kfsim.kill_daemon()
    again = kfsim.up("--runtime", "process")
    assert "widget.example.com/early unchanged" in again
    (kfsim.manifests / "install.yaml").unlink()
    (kfsim.manifests / "a-foreign.yaml").unlink()
    pruned = kfsim.up("--runtime", "process")
    assert "issuer.cert-manager.io/selfsigned-issuer pruned" in pruned


def test_a_mistake_in_a_kind_is_an_error_and_foreign_kinds_are_not(kfsim: Kfsim) -> None:
    kfsim.up()
    done = kfsim.attempt("apply", "-f", "-", stdin=FOREIGN)
    assert (done.returncode, done.stdout.count(GADGET)) == (0, 1)
    mistake = "apiVersion: apps/v1\nkind: Deploymnet\nmetadata: {name: d}\n"
    done = kfsim.attempt("apply", "-f", "-", stdin=mistake)
    assert done.returncode == 1
    assert "kfsim does not know Deploymnet in apps/v1; did you mean Deployment?" in done.stdout


def test_a_strict_daemon_wants_definitions(kfsim: Kfsim) -> None:
    kfsim.up("--strict")
    done = kfsim.attempt("apply", "-f", "-", stdin=FOREIGN)
    assert done.returncode == 1
    assert 'no matches for kind "Gadget" in version "unheard.example.org/v1"' in done.stdout
    assert "ensure CRDs are installed first" in done.stdout
