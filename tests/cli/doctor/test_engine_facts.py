"""Looking for what may be missing."""

import json
from pathlib import Path

import pytest

from kfsim.cli.doctor.engine_facts import kubectl_version, look_at_engine


def test_no_engine_is_a_fact_with_the_mend(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/absent.sock")
    facts = look_at_engine()
    assert "there is no such socket" in facts.problem
    assert facts.context == ""


def test_the_context_that_docker_uses(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.delenv("DOCKER_CONTEXT", raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "config.json").write_text(json.dumps({"currentContext": "remote"}))
    monkeypatch.setattr("kfsim.backends.docker.connection._DEFAULT_SOCKET", "/no/such.sock")
    assert look_at_engine().context == "remote"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("""echo '{"clientVersion": {"gitVersion": "v1.31.2"}}'""", "v1.31.2"),
        ("exit 3", "broken"),
        (None, ""),
    ],
    ids=["there", "broken", "absent"],
)
def test_kubectl(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str | None, said: str
) -> None:
    if script is not None:
        (tmp_path / "kubectl").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "kubectl").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert kubectl_version().startswith(said)
    assert bool(kubectl_version()) == bool(said)
