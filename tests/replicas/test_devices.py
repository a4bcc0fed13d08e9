"""Made-up devices and the settings' text."""

import pytest

from kfsim.replicas.devices import (
    FixedInventory,
    GpuMode,
    GpuSettings,
    GpuUsage,
    is_fake,
    make_fake_devices,
)


async def test_fake_devices_are_many_and_never_busy() -> None:
    devices = make_fake_devices(2)
    assert [(each.id, each.index) for each in devices] == [("fake-gpu-0", 0), ("fake-gpu-1", 1)]
    assert all(is_fake(each.id) for each in devices)
    assert not is_fake("GPU-9b1d")
    inventory = FixedInventory(devices)
    assert inventory.devices() == devices
    assert (await inventory.usage())[0] == GpuUsage(devices[0], 0, devices[0].memory_bytes, 0)


def test_an_empty_list_has_a_reason() -> None:
    assert FixedInventory((), problem="none here").problem == "none here"
    assert FixedInventory(make_fake_devices(1), problem="none here").problem == ""


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        (GpuSettings(), "require"),
        (GpuSettings(GpuMode.REQUIRE, replicas_per_device=2), "require, replicasPerDevice 2"),
        (GpuSettings(GpuMode.FAKE), "fake, fakeDevices 8"),
    ],
)
def test_settings_are_said_in_the_words_of_the_file(settings: GpuSettings, text: str) -> None:
    assert str(settings) == text
