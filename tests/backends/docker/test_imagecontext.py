"""What is sent to the engine to build from."""

import importlib.metadata
import tarfile
from pathlib import Path

import pytest

from kfsim.backends.docker.imagecontext import (
    InstallSources,
    default_base_image,
    known_runtimes,
    make_context,
    pin_requirements,
)
from kfsim.base.errors import BadRequest


def contents(sources: InstallSources) -> dict[str, str]:
    with make_context("sklearnserver", sources) as context, tarfile.open(fileobj=context) as tar:
        files = {member.name: tar.extractfile(member) for member in tar}
        return {name: file.read().decode() for name, file in files.items() if file is not None}


def test_sklearnserver_is_built_from_a_slim_python_unless_told_otherwise() -> None:
    assert known_runtimes() == ("sklearnserver",)
    assert default_base_image("sklearnserver").startswith("python:3.")


def test_only_the_part_of_kfsim_that_runs_in_a_replica_is_sent() -> None:
    names = set(contents(InstallSources()))
    assert {"Dockerfile", "install/install.sh", "install/requirements.txt"} <= names
    assert {"app/kfsim/__init__.py", "app/kfsim/modelserver/server.py"} <= names
    assert {name.split("/")[2] for name in names if name.count("/") == 3} == {"base", "modelserver"}


def test_the_same_sources_make_the_same_bytes() -> None:
    with make_context("sklearnserver", InstallSources()) as one:
        first = one.read()
    with make_context("sklearnserver", InstallSources()) as other:
        assert other.read() == first


@pytest.mark.parametrize(
    ("names", "chosen", "lines"),
    [
        pytest.param(
            ["joblib"], [], [f"joblib=={importlib.metadata.version('joblib')}"], id="installed"
        ),
        pytest.param(["no-such-package"], [], ["no-such-package"], id="not-installed"),
        pytest.param(["joblib"], ["joblib>=1"], ["joblib>=1"], id="chosen"),
        pytest.param(
            ["scikit-learn"], ["Scikit_Learn==1.5.2"], ["Scikit_Learn==1.5.2"], id="other-spelling"
        ),
        pytest.param([], ["pandas", "lightgbm[x]>2"], ["lightgbm[x]>2", "pandas"], id="added"),
    ],
)
def test_requirements_are_pinned_to_what_is_installed_here(
    names: list[str], chosen: list[str], lines: list[str]
) -> None:
    assert pin_requirements(names, chosen) == lines


@pytest.mark.parametrize("text", ["", " ", "-r /etc/passwd", "pandas\n--index-url=http://x"])
def test_what_is_no_requirement_is_refused(text: str) -> None:
    with pytest.raises(BadRequest, match="is not a package"):
        pin_requirements([], [text])


def test_the_environments_index_goes_into_the_first_stage_only() -> None:
    settings = {"PIP_INDEX_URL": "https://me:pw@index.example/simple", "PIP_TARGET": "/x", "A": "b"}
    files = contents(InstallSources(pip_settings=settings))
    assert files["install/pip.conf"] == (
        "[global]\nindex-url = https://me:pw@index.example/simple\n"
    )
    holding = [name for name, text in files.items() if "me:pw" in text]
    assert holding == ["install/pip.conf"]


def test_certificates_and_wheels_are_sent_where_they_are_given(tmp_path: Path) -> None:
    plain = contents(InstallSources())
    assert not [name for name in plain if "wheels" in name or "ca.crt" in name or "pip" in name]
    (tmp_path / "ca.pem").write_text("certificate")
    (tmp_path / "a-1-py3-none-any.whl").write_text("wheel")
    (tmp_path / "notes.txt").write_text("no wheel")
    files = contents(InstallSources(wheels=tmp_path, extra_ca=tmp_path / "ca.pem"))
    assert {name: text for name, text in files.items() if name not in plain} == {
        "install/extra-ca.crt": "certificate",
        "install/wheels/a-1-py3-none-any.whl": "wheel",
    }


@pytest.mark.parametrize(
    ("sources", "words"),
    [
        (InstallSources(extra_ca=Path("/nowhere.pem")), "/nowhere.pem: No such file"),
        (InstallSources(wheels=Path("/nowhere")), "the wheels in /nowhere: there are none"),
    ],
    ids=["certificates", "wheels"],
)
def test_what_is_given_and_not_there_is_named(sources: InstallSources, words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        contents(sources)
