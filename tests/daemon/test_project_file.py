"""kfsim.yaml: what it may say, and what is said of the rest."""

from pathlib import Path

import pytest

from kfsim.base.errors import Invalid
from kfsim.daemon.project_file import parse_project_file, read_project_file
from kfsim.replicas.devices import GpuMode, GpuSettings


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
        ("gpus: fake", "k.yaml:1: unknown key gpus; known keys are gpu"),
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
                "k.yaml:1: unknown key a; known keys are gpu"
            ),
        ),
        ("gpu: fake\ngpu: ignore", "k.yaml:2: gpu is given twice"),
        ("1: fake", "k.yaml:1: unknown key 1; known keys are gpu"),
        ("- gpu", "k.yaml:1: expected keys such as gpu, found a list"),
        ("gpu", "k.yaml:1: expected keys such as gpu, found 'gpu'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_line_and_the_mend(text: str, message: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_project_file(text, shown="k.yaml")
    assert caught.value.message == message


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
