import pytest

from kfsim.kubeapi.durations import format_age, format_human_duration

MINUTE, HOUR, DAY = 60, 3600, 86400


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-2, "<invalid>"),
        (-1, "0s"),
        (-0.5, "0s"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (125, "2m5s"),
        (10 * MINUTE - 1, "9m59s"),
        (10 * MINUTE, "10m"),
        (179 * MINUTE, "179m"),
        (180 * MINUTE, "3h"),
        (7 * HOUR + 59 * MINUTE, "7h59m"),
        (8 * HOUR, "8h"),
        (47 * HOUR, "47h"),
        (48 * HOUR, "2d"),
        (7 * DAY + 23 * HOUR, "7d23h"),
        (8 * DAY, "8d"),
        (729 * DAY, "729d"),
        (730 * DAY, "2y"),
        (733 * DAY, "2y3d"),
        (2920 * DAY, "8y"),
    ],
)
def test_human_durations(seconds: float, text: str) -> None:
    assert format_human_duration(seconds) == text


def test_ages() -> None:
    assert format_age(1_700_000_090.0, "2023-11-14T22:13:20Z") == "90s"
    assert format_age(0.0, None) == "<unknown>"
    assert format_age(0.0, "yesterday") == "<invalid>"
