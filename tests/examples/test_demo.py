"""The README's first screen: `kfsim up` on a terminal, and the commands of a second one."""

import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from fcntl import ioctl

import pytest

from tests.examples.readme import Step, make_pattern, read_steps
from tests.examples.shell import ROOT, Shell
from tests.live.tool import IMPATIENT

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]

_COLUMNS, _ROWS = 200, 60
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\]8;[^\x1b\x07]*(?:\x1b\\|\x07)")
_README = (ROOT / "README.md").read_text()
_SECTION = _README.partition("## The 60-second demo")[2].partition("\n## ")[0]
_LAST = _SECTION.split("```")[-2].strip()
"""What the first terminal prints once the service has been woken, and after Ctrl-C."""
# What depends on the machine and on the windows: why a process runs the model, and which phases of
# a cold start were long enough to be told.
_LOOSE = (
    (re.compile(r" · Ready \(.*"), " · Ready"),
    (re.compile(r"(answered from zero in [^(]*)\(.*"), r"\1"),
)


def _loose(line: str) -> str:
    for pattern, instead in _LOOSE:
        line = pattern.sub(instead, line)
    return line


@dataclass
class Terminal:
    """A program on a terminal of its own, read as it prints."""

    process: "subprocess.Popen[bytes]"
    master: int
    printed: str = field(default="")
    place: int = field(default=0)
    """How far the expected lines have come."""

    def expect(self, lines: list[str], *, seconds: float = 60.0) -> None:
        """Read until the lines are there, in order, after what was expected before."""
        deadline = time.monotonic() + seconds
        for line in lines:
            pattern = make_pattern(_loose(line))
            while (found := pattern.search(self._text(), self.place)) is None:
                assert time.monotonic() < deadline, f"no {line!r} in\n{self._text()}"
                self._read()
            self.place = found.end()

    def _text(self) -> str:
        return _CONTROL.sub("", self.printed).replace("\r", "")

    def _read(self) -> None:
        if not select.select([self.master], [], [], 0.5)[0]:
            return
        try:
            self.printed += os.read(self.master, 65536).decode(errors="replace")
        except OSError:  # the program ended
            time.sleep(0.05)


@pytest.fixture
def terminal(shell: Shell) -> Iterator[Terminal]:
    master, slave = pty.openpty()
    ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
    process = subprocess.Popen(
        ["bash", "-c", f"exec {_steps()[0].command}"],
        cwd=ROOT,
        env={**shell.environment, "TERM": "xterm"},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    try:
        yield Terminal(process, master)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(master)


def _steps() -> list[Step]:
    return list(read_steps(_SECTION))


def test_the_demo_prints_what_the_readme_shows(shell: Shell, terminal: Terminal) -> None:
    up, first, *later = _steps()
    assert up.command == "kfsim up manifests/"
    terminal.expect(list(up.expected))
    _take(first, shell)
    # To zero within seconds, where the README waits for a minute.
    shell.run(f"kfsim apply -f - <<'END'\n{IMPATIENT}END")
    shell.run("kfsim wait pods --all --for=delete --timeout 60s")
    for step in later:
        _take(step, shell)
    cold, *end = _LAST.splitlines()
    terminal.expect([cold])
    os.kill(terminal.process.pid, signal.SIGINT)
    terminal.expect(end)
    assert terminal.process.wait(timeout=30) == 0


def _take(step: Step, shell: Shell) -> None:
    done = shell.run(step.command)
    missing = step.missing(done.stdout)
    assert missing is None, f"the README says {missing!r}\n$ {step.command}\n{done.stdout}"
