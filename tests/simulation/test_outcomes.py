from array import array

import pytest

from kfsim.simulation.outcomes import Outcomes


def test_every_request_is_counted_once() -> None:
    outcomes = Outcomes(sent=10, latencies=array("d", [0.1, 0.3, 0.2]), cold=1)
    outcomes.refuse(503)
    outcomes.refuse(503)
    outcomes.refuse(404)
    assert (outcomes.answered, outcomes.refused, outcomes.in_flight) == (3, {503: 2, 404: 1}, 4)
    assert str(outcomes) == ("sent 10, answered 3, cold 1, refused [404:1 503:2], in flight 4")


@pytest.mark.parametrize(("percent", "expected"), [(0, 1), (1, 1), (50, 50), (99, 99), (100, 100)])
def test_percentiles_are_nearest_ranks(percent: float, expected: float) -> None:
    outcomes = Outcomes(latencies=array("d", range(100, 0, -1)))
    assert outcomes.percentile(percent) == expected


def test_there_is_no_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="no answers"):
        Outcomes().percentile(50)
