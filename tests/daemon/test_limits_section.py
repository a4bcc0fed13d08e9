"""kfsim.yaml's limits are the gateway's."""

from dataclasses import asdict, replace

import pytest

from kfsim.daemon.limits_section import LimitsSection, describe_bounds
from kfsim.daemon.project_file import parse_project_file
from kfsim.dataplane import Limits


def test_defaults_are_the_gateways() -> None:
    assert LimitsSection().limits() == Limits()
    assert parse_project_file("").limits.limits() == Limits()


def test_what_is_given_is_taken() -> None:
    file = parse_project_file("limits:\n  connections: 7\n  headTimeout: 2\n  maxStreams: 3\n")
    assert file.limits.limits() == replace(Limits(), connections=7, head_timeout=2.0, max_streams=3)


def test_every_limit_is_described_and_has_bounds() -> None:
    assert len(dict(describe_bounds())) == len(asdict(Limits()))
    for field in LimitsSection.model_fields.values():
        assert field.description


@pytest.mark.parametrize("text", ["{totalBufferedBytes: 1000}", "{bufferedBytes: 2000000}"])
def test_one_connections_share_is_never_more_than_all_may_hold(text: str) -> None:
    with pytest.raises(Exception, match="it must be an integer from"):
        parse_project_file(f"limits: {text}")
