"""What a command imports before it begins: a user waits for it each time."""

import subprocess
import sys

import pytest

from kfsim.cli.commands import NAMES

_HEAVY = {"aiohttp", "asyncio", "docker", "pydantic", "requests", "rich", "sklearn"}
_NEEDED = {"serve": {"pydantic"}}
"""By the commands that choose as the daemon does."""


def imported(command: str) -> set[str]:
    code = (
        "import contextlib, sys; from kfsim.cli.main import main\n"
        "with contextlib.suppress(SystemExit): main(sys.argv[1:])\n"
        f"print(*{_HEAVY} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, command, "--help"], capture_output=True, text=True, check=True
    )
    assert f"usage: kfsim {command}" in done.stdout
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("command", NAMES)
def test_a_command_starts_without_heavy_libraries(command: str) -> None:
    assert imported(command) == _NEEDED.get(command, set())
