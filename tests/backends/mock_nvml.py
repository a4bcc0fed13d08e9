"""The mock NVML library: built once with gcc, told what to answer through a file."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

_SOURCE = Path(__file__).with_name("mock_nvml.c")
_LIBRARY = "libnvidia-ml.so.1"


@dataclass(frozen=True, slots=True)
class MockNvml:
    """A folder for LD_LIBRARY_PATH, and the file that the library reads."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to find the library."""
        return {"LD_LIBRARY_PATH": str(self.folder), "MOCK_NVML": str(self.script)}

    @property
    def script(self) -> Path:
        return self.folder / "devices"

    def write(self, *lines: str) -> None:
        """What the library answers from now on; the format is in mock_nvml.c."""
        draft = self.script.with_suffix(".new")
        draft.write_text("".join(f"{line}\n" for line in lines))
        draft.replace(self.script)


def device(
    uuid: str,
    *,
    name: str = "Tesla T4",
    total: int = 16 * 2**30,
    used: int = 0,
    util: int = 0,
    code: int = 0,
) -> str:
    """One device's line."""
    return f"device {code} {uuid} {total} {used} {util} {name}"


def build_mock_nvml(folder: Path) -> MockNvml:
    """Compile the library; skips the test on a laptop without gcc, fails in CI."""
    compiler = shutil.which("gcc")
    if compiler is None:
        text = "gcc is not installed: the mock NVML library cannot be built"
        if os.environ.get("CI") == "true":
            pytest.fail(text)
        pytest.skip(text)
    command = [compiler, "-Wall", "-Werror", "-shared", "-fPIC", "-o", str(folder / _LIBRARY)]
    subprocess.run([*command, str(_SOURCE)], check=True)
    mock = MockNvml(folder)
    mock.write()
    return mock
