"""URIs are resolved by arithmetic alone, and mounted where the server looks."""

import pytest

from kfsim.api.core import Container, PodSpec
from kfsim.api.kserve.types import StorageUri
from kfsim.controllers.inferenceservice.storage import (
    ModelSource,
    UnsupportedStorage,
    mount_models,
    resolve_sources,
    resolve_uri,
)

SOURCE = "/home/me/manifests/iris.yaml"


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("gs://a/b", "gs://a/b"),
        ("https://x.blob.core.windows.net/a/b", "https://x.blob.core.windows.net/a/b"),
        ("pvc://claim/path", "pvc://claim/path"),
        ("/abs/../model", "/model"),
        ("model", "/home/me/manifests/model"),
        ("../models/iris", "/home/me/models/iris"),
        ("file:///abs/model", "file:///abs/model"),
        ("file://../models/iris", "file:///home/me/models/iris"),
    ],
)
def test_resolved(uri: str, expected: str) -> None:
    assert resolve_uri(uri, source=SOURCE) == expected


@pytest.mark.parametrize(
    ("uri", "source", "text"),
    [
        ("ftp://a/b", SOURCE, "StorageUri [ftp://a/b] is not supported"),
        ("model", None, "does not come from a file"),
        ("file://", SOURCE, "names no path"),
    ],
)
def test_refused(uri: str, source: str | None, text: str) -> None:
    with pytest.raises(UnsupportedStorage, match="StorageURI not supported") as refused:
        resolve_uri(uri, source=source)

    assert text in str(refused.value)


def mounted(*sources: ModelSource, read_only: bool = True) -> PodSpec:
    spec = PodSpec(containers=(Container(name="side"), Container(name="kserve-container")))
    return mount_models(spec, sources, container="kserve-container", read_only=read_only)


def test_a_fetched_model_has_an_initializer_and_a_read_only_mount() -> None:
    spec = mounted(ModelSource("gs://a/b"))
    initializer = spec.init_containers[0]
    mount = spec.containers[1].volume_mounts[0]

    assert initializer.name == "storage-initializer"
    assert initializer.args == ("gs://a/b", "/mnt/models")
    assert initializer.volume_mounts[0].mount_path == "/mnt/models"
    assert spec.volumes[0].name == "kserve-provision-location"
    assert (mount.name, mount.mount_path, mount.read_only) == (
        "kserve-provision-location",
        "/mnt/models",
        True,
    )
    assert spec.containers[0].volume_mounts == ()


def test_a_claim_is_mounted_directly() -> None:
    spec = mounted(ModelSource("pvc://models/iris/1"), read_only=False)
    claim = spec.volumes[0].persistent_volume_claim
    mount = spec.containers[1].volume_mounts[0]

    assert spec.init_containers == ()
    assert claim is not None
    assert claim.claim_name == "models"
    assert (mount.mount_path, mount.sub_path, mount.read_only) == ("/mnt/models", "iris/1", False)


def test_a_claim_needs_a_name() -> None:
    with pytest.raises(UnsupportedStorage, match="names no claim"):
        mounted(ModelSource("pvc:///x"))


def test_several_uris_share_one_initializer_below_their_common_parent() -> None:
    uris = (
        StorageUri(uri="gs://a", mount_path="/mnt/models/a"),
        StorageUri(uri="hf://b", mount_path="/mnt/models/b"),
    )
    spec = mounted(*resolve_sources(None, uris, source=None))

    assert spec.init_containers[0].args == ("gs://a", "/mnt/models/a", "hf://b", "/mnt/models/b")
    assert spec.containers[1].volume_mounts[0].mount_path == "/mnt/models"
