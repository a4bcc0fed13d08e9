"""Where the cache is."""

from pathlib import Path

import pytest

from kfsim.backends.storage.settings import default_cache_dir


def test_the_environment_chooses_the_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KFSIM_CACHE_DIR", str(tmp_path))
    assert default_cache_dir() == tmp_path / "models"


@pytest.mark.parametrize("chosen", [None, ""])
def test_otherwise_it_is_the_users(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, chosen: str | None
) -> None:
    monkeypatch.delenv("KFSIM_CACHE_DIR", raising=False)
    if chosen is not None:
        monkeypatch.setenv("KFSIM_CACHE_DIR", chosen)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert default_cache_dir().is_relative_to(tmp_path)
    assert default_cache_dir().parts[-2:] == ("kfsim", "models")
