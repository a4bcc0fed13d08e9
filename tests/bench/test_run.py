"""The list of figures."""

from bench import run
from bench.project import ROOT


def test_every_figure_has_its_module():
    assert [name for name in run._FIGURES if not (ROOT / f"bench/{name}.py").exists()] == []
