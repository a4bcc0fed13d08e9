"""Every example does what its README says: its commands are run as they stand there."""

import os
import re
import shutil

import pytest

from tests.examples.readme import Step, read_file
from tests.examples.shell import ROOT, TRAINING, Shell

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]

EXAMPLES = ROOT / "examples"
# Told by another test: a program whose whole output stands on a page.
_WITHOUT_COMMANDS = {"autoscaling"}
_WITH_AN_ENGINE = {"docker"}
_NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/README.md"))
_TOOLS = {"kustomize": ("kubectl", "kustomize"), "docker": ("docker",)}
"""What examples need beyond kfsim, curl and a shell: any one of these."""


@pytest.mark.parametrize(
    "example", [name for name in _NAMES if name not in _WITHOUT_COMMANDS | _WITH_AN_ENGINE]
)
def test_the_readme_of(example: str, shell: Shell) -> None:
    _follow(example, shell)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("example", sorted(_WITH_AN_ENGINE))
def test_with_docker_the_readme_of(example: str, shell: Shell, own_image: str) -> None:
    _follow(example, shell)


def _follow(example: str, shell: Shell) -> None:
    _require(_TOOLS.get(example, ()))
    steps = read_file(EXAMPLES / example / "README.md")
    assert steps
    for step in steps:
        if step.command != TRAINING or example == "sklearn-iris":
            _take(step, shell)


def _require(tools: tuple[str, ...]) -> None:
    if not tools or any(map(shutil.which, tools)):
        return
    problem = f"none of these is installed: {', '.join(tools)}"
    if os.environ.get("CI") == "true":
        pytest.fail(problem)
    pytest.skip(problem)


def _take(step: Step, shell: Shell) -> None:
    done = shell.run(step.command)
    shown = f"$ {step.command}\n{done.stdout}"
    assert done.returncode == 0, f"exit code {done.returncode}\n{shown}"
    missing = step.missing(done.stdout)
    assert missing is None, f"the README says {missing!r}\n{shown}"


def test_every_example_is_listed_once() -> None:
    listed = re.findall(r"\(examples/([^/)]+)/README\.md\) \|", (ROOT / "README.md").read_text())
    assert sorted(listed) == _NAMES
    assert sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir()) == _NAMES
