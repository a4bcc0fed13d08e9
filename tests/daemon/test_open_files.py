"""Connections fit into the files that the process may have open."""

import resource
from dataclasses import replace

import pytest

from kfsim.daemon.open_files import describe_fit, fit_connections, raise_open_files
from kfsim.dataplane import Limits


@pytest.mark.parametrize(
    ("wanted", "open_files", "fitted"),
    [(10_000, 65_536, 10_000), (10_000, 1024, 384), (10, 1024, 10), (10_000, 64, 16)],
)
def test_a_connection_takes_two_files(wanted: int, open_files: int, fitted: int) -> None:
    limits = fit_connections(Limits(connections=wanted), open_files)
    assert limits == replace(Limits(), connections=fitted)


def test_who_asked_for_more_is_told() -> None:
    wanted = Limits(connections=5000)
    note = describe_fit(wanted, fit_connections(wanted, 1024), 1024)
    assert note is not None
    assert "384 connections, not the 5000" in note
    assert describe_fit(Limits(), fit_connections(Limits(), 1024), 1024) is None
    assert describe_fit(wanted, wanted, 65_536) is None


@pytest.mark.parametrize(
    ("limits", "after"),
    [
        ((1024, 4096), 4096),
        ((1024, 1_000_000), 65_536),
        ((1024, resource.RLIM_INFINITY), 65_536),
        ((100_000, 100_000), 100_000),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), 65_536),
    ],
)
def test_the_soft_limit_is_raised(
    limits: tuple[int, int], after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(resource, "getrlimit", lambda which: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda which, pair: asked.append(pair))
    assert raise_open_files() == after
    assert asked in ([], [(after, limits[1])])


def test_a_system_that_refuses_keeps_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(which: int, pair: tuple[int, int]) -> None:
        raise ValueError("current limit exceeds maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda which: (256, 10_240))
    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert raise_open_files() == 256
