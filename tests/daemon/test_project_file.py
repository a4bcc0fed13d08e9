"""kfsim.yaml: what it may say, and what is said of the rest."""

import json
from importlib.resources import files
from pathlib import Path

import pytest

from kfsim.api.substitution import LocalMaps, MapRule
from kfsim.base.errors import Invalid
from kfsim.daemon.project_file import parse_project_file, project_schema, read_project_file
from kfsim.replicas.devices import GpuMode, GpuSettings

KNOWN = "uris, images, secrets, gpu, limits, runtime, gateway, api, strict, compat"


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("", GpuSettings()),
        ("# nothing yet\n", GpuSettings()),
        ("gpu: fake", GpuSettings(GpuMode.FAKE)),
        ("gpu: ignore", GpuSettings(GpuMode.IGNORE)),
        ("gpu: {}", GpuSettings()),
        ("gpu:\n  replicasPerDevice: 2\n", GpuSettings(replicas_per_device=2)),
        (
            "gpu: {mode: fake, fakeDevices: 3}",
            GpuSettings(GpuMode.FAKE, fake_devices=3),
        ),
    ],
)
def test_what_it_may_say(text: str, settings: GpuSettings) -> None:
    assert parse_project_file(text).gpu_settings == settings


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gpu: yes!", "k.yaml:1: gpu.mode is 'yes!'; it must be require, fake or ignore"),
        ("\ngpu:\n  mode: 3", "k.yaml:3: gpu.mode is 3; it must be require, fake or ignore"),
        ("gpu:", "k.yaml:1: gpu.mode is empty; it must be require, fake or ignore"),
        ("gpu: [fake]", "k.yaml:1: gpu.mode is a list; it must be require, fake or ignore"),
        ("gpus: fake", f"k.yaml:1: unknown key gpus (did you mean gpu?); known keys are {KNOWN}"),
        (
            "gpu:\n  mode: fake\n  count: 2",
            "k.yaml:3: unknown key gpu.count; known here are mode, replicasPerDevice, fakeDevices",
        ),
        (
            "gpu: {replicasPerDevice: 0}",
            "k.yaml:1: gpu.replicasPerDevice is 0; it must be an integer of at least 1",
        ),
        (
            "gpu:\n  fakeDevices: '2'",
            "k.yaml:2: gpu.fakeDevices is '2'; it must be an integer from 0 to 1000",
        ),
        (
            "gpu:\n  fakeDevices: true",
            "k.yaml:2: gpu.fakeDevices is True; it must be an integer from 0 to 1000",
        ),
        (
            "a: 1\ngpu: {fakeDevices: -1}",
            (
                "k.yaml:2: gpu.fakeDevices is -1; it must be an integer from 0 to 1000\n"
                f"k.yaml:1: unknown key a; known keys are {KNOWN}"
            ),
        ),
        (
            "limits: 3",
            "k.yaml:1: limits is 3; it must be a map of limits, such as connections: 500",
        ),
        (
            "limits:\n  connections: 0",
            "k.yaml:2: limits.connections is 0; it must be an integer from 1 to 1000000",
        ),
        (
            "limits: {headBytes: 64Ki, headTimeout: .inf, maxStreams: true}",
            (
                "k.yaml:1: limits.headBytes is '64Ki'; it must be an integer from 1024 to 1048576\n"
                "k.yaml:1: limits.headTimeout is inf; it must be a number of seconds from 1 to "
                "86400\n"
                "k.yaml:1: limits.maxStreams is True; it must be an integer from 1 to 1000000"
            ),
        ),
        ("uris: [a]", "k.yaml:1: uris is a list; it must be a map from prefixes to paths or URIs"),
        (
            "uris:\n  gs://bucket: 3",
            "k.yaml:2: uris.gs://bucket is 3; it must be a path or a URI",
        ),
        ("uris:\n  gs://b:", "k.yaml:2: uris.gs://b is empty; it must be a path or a URI"),
        ("images: {a/b: ''}", "k.yaml:1: images.a/b is ''; it must be an image"),
        (
            "secrets:\n  creds: {}",
            (
                "k.yaml:2: secrets.creds is no usable key; it must be NAMESPACE/NAME, "
                "with text as keys below it"
            ),
        ),
        (
            "secrets:\n  default/creds:\n    KEY: 12345678",
            "k.yaml:3: secrets.default/creds.KEY is no text; it must be text, between quotes",
        ),
        (
            "secrets: hush",
            "k.yaml:1: secrets is text; it must be a map from NAMESPACE/NAME to keys and values",
        ),
        ("runtime: podman", "k.yaml:1: runtime is 'podman'; it must be auto, docker or process"),
        (
            "api: '8001'",
            "k.yaml:1: api is '8001'; it must be HOST:PORT, for example 127.0.0.1:8080",
        ),
        ("strict: 'yes'", "k.yaml:1: strict is 'yes'; it must be true or false"),
        ("compat: kfserve", "k.yaml:1: compat is 'kfserve'; it must be kserve or kfserving"),
        ("gpu: fake\ngpu: ignore", "k.yaml:2: gpu is given twice"),
        ("1: fake", f"k.yaml:1: unknown key 1; known keys are {KNOWN}"),
        ("- gpu", "k.yaml:1: expected keys such as gpu, found a list"),
        ("gpu", "k.yaml:1: expected keys such as gpu, found 'gpu'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_line_and_the_mend(text: str, message: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_project_file(text, shown="k.yaml")
    assert caught.value.message == message


def test_a_limit_that_does_not_exist_is_answered_with_those_that_do() -> None:
    with pytest.raises(Invalid, match="did you mean idleTimeout"):
        parse_project_file("limits: {idleTimout: 3}")
    with pytest.raises(Invalid, match="known here are connections, headBytes, headers, "):
        parse_project_file("limits: {memory: 3}")


def test_text_that_is_no_yaml_names_its_line() -> None:
    with pytest.raises(Invalid, match=r"k.yaml:2: not valid YAML"):
        parse_project_file("gpu: {\nmode: : }", shown="k.yaml")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "kfsim.yaml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(Invalid, match="cannot be read"):
        read_project_file(path)
    path.write_text("gpu: fake")
    assert read_project_file(path).gpu.mode is GpuMode.FAKE


def test_maps_resolve_paths_from_the_files_folder_and_flags_come_first() -> None:
    file = parse_project_file(
        "uris: {gs://bucket/models: ./models, s3://b: https://h/b}\nimages: {a/b: c:d}"
    )
    assert file.maps("/project", {"gs://bucket": "/elsewhere"}) == LocalMaps(
        uris=(
            (MapRule("gs://bucket", "/elsewhere", "--map"),),
            (
                MapRule("gs://bucket/models", "/project/models", "kfsim.yaml"),
                MapRule("s3://b", "https://h/b", "kfsim.yaml"),
            ),
        ),
        images=(MapRule("a/b", "c:d", "kfsim.yaml"),),
    )


def test_the_schema_in_the_package_is_that_of_the_code() -> None:
    kept = json.loads(files("kfsim.daemon").joinpath("data/kfsim.schema.json").read_text())
    assert kept == project_schema(), "run `kfsim schema > kfsim/daemon/data/kfsim.schema.json`"
