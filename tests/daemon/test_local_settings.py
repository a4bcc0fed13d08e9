"""kfsim.yaml as the daemon has it: at the start, and read again."""

from pathlib import Path

import pytest

from kfsim.base.errors import Invalid
from kfsim.daemon.local_settings import LocalSettings, Reread
from kfsim.replicas.devices import GpuMode


def make(path: Path | None, **environment: str) -> LocalSettings:
    return LocalSettings(path, flags={"s3://b": "/b"}, environment=environment)


def test_without_a_file_there_are_the_flags(tmp_path: Path) -> None:
    for settings in (make(None), make(tmp_path / "kfsim.yaml")):
        ((rule,),) = settings.maps().uris
        assert (rule.pattern, rule.target, rule.origin) == ("s3://b", "/b", "--map")
        assert settings.reload() == Reread(changed=False)


def test_a_file_that_appears_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "kfsim.yaml"
    settings = make(path, KEY="hush")
    path.write_text("uris: {gs://a: m}\nsecrets: {ns/s: {k: '${KEY}'}}\n")
    assert settings.reload() == Reread(changed=True)
    made = settings.maps().uri("gs://a/x", field="f")
    assert made is not None
    assert made.given == str(tmp_path / "m" / "x")
    assert settings.secrets() == {("ns", "s"): {"k": "hush"}}
    assert settings.reload() == Reread(changed=False)


def test_what_only_a_start_can_change_is_kept_and_said_once(tmp_path: Path) -> None:
    path = tmp_path / "kfsim.yaml"
    path.write_text("gpu: fake\n")
    settings = make(path)
    path.write_text("gpu: ignore\nstrict: true\nlimits: {headers: 50}\n")
    assert settings.reload() == Reread(changed=False, kept=("gpu", "limits", "strict"))
    assert settings.limits.headers == 128
    assert settings.gpu.mode is GpuMode.FAKE
    assert settings.reload() == Reread(changed=False)
    path.write_text("gpu: fake\n")
    assert settings.reload() == Reread(changed=False)


@pytest.mark.parametrize("text", ["uris: 3", "secrets: {ns/s: {k: '${NONE}'}}", "a: ["])
def test_a_file_that_cannot_be_used_leaves_what_there_was(tmp_path: Path, text: str) -> None:
    path = tmp_path / "kfsim.yaml"
    path.write_text("uris: {gs://a: m}")
    settings = make(path)
    before = settings.maps()
    path.write_text(text)
    with pytest.raises(Invalid):
        settings.reload()
    assert settings.maps() is before
