"""Bytes of a pull, from the engine's messages."""

from typing import Any

from kfsim.backends.docker.pull_progress import PullMeter, PullProgress, find_error


def _downloading(layer: str, current: int, total: int | None = None) -> dict[str, Any]:
    detail = {"current": current} | ({} if total is None else {"total": total})
    return {"id": layer, "status": "Downloading", "progressDetail": detail}


def test_layers_add_up_as_they_become_known() -> None:
    meter = PullMeter()
    assert meter.progress == PullProgress(0, 0)
    meter.read({"status": "Pulling from library/x", "id": "latest"})
    meter.read({"status": "Pulling fs layer", "progressDetail": {}, "id": "a"})
    assert meter.progress == PullProgress(0, 0)
    meter.read(_downloading("a", 10, 100))
    meter.read(_downloading("b", 5, 50))
    assert meter.progress == PullProgress(15, 150)
    meter.read(_downloading("a", 60))
    assert meter.progress == PullProgress(65, 150)
    meter.read({"id": "a", "status": "Download complete", "progressDetail": {}})
    # Unpacking counts its own bytes; what was fetched stays fetched.
    meter.read({"id": "a", "status": "Extracting", "progressDetail": {"current": 1, "total": 9}})
    assert meter.progress == PullProgress(105, 150)


def test_layers_that_are_here_count_for_nothing() -> None:
    meter = PullMeter()
    meter.read({"id": "a", "status": "Already exists", "progressDetail": {}})
    meter.read({"status": "Digest: sha256:1"})
    assert meter.progress == PullProgress(0, 0)


def test_errors() -> None:
    assert find_error({"status": "Downloading"}) is None
    assert find_error({"error": "short", "errorDetail": {"message": "long"}}) == "long"
    assert find_error({"error": "short"}) == "short"
