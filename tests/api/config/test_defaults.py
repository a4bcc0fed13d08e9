"""config-defaults as it is read."""

import pytest

from kfsim.api.config.defaults import DefaultsConfig
from kfsim.base.errors import Invalid


def test_defaults_are_knatives() -> None:
    assert DefaultsConfig.parse({}) == DefaultsConfig()


def test_every_key_is_read() -> None:
    config = DefaultsConfig.parse(
        {
            "revision-timeout-seconds": "100",
            "max-revision-timeout-seconds": "900",
            "revision-idle-timeout-seconds": "7",
            "container-concurrency": "5",
            "container-concurrency-max-limit": "50",
            "allow-container-concurrency-zero": "false",
            "enable-service-links": "true",
            "revision-cpu-request": "1",
            "revision-ephemeral-storage-limit": "1Gi",
        }
    )
    assert config == DefaultsConfig(
        timeout=100,
        max_timeout=900,
        response_start_timeout=100,  # follows the timeout
        idle_timeout=7,
        container_concurrency=5,
        max_container_concurrency=50,
        allow_container_concurrency_zero=False,
        enable_service_links=True,
        requests={"cpu": "1"},
        limits={"ephemeral-storage": "1Gi"},
    )


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ({"revision-timeout-seconds": "-1"}, "revision-timeout-seconds is '-1'"),
        ({"revision-timeout-seconds": "700"}, r"cannot be greater than max-revision.* \(600\)"),
        (
            {"revision-response-start-timeout-seconds": "301"},
            "greater than revision-timeout",
        ),
        ({"revision-idle-timeout-seconds": "301"}, "cannot be greater than revision-timeout"),
        ({"container-concurrency": "1001"}, "container-concurrency-max-limit"),
        ({"container-concurrency-max-limit": "0"}, "at least 1"),
        ({"allow-container-concurrency-zero": "maybe"}, "true or false"),
        ({"revision-memory-limit": "1 GB"}, "revision-memory-limit"),
    ],
)
def test_a_bad_value_is_named(data: dict[str, str], named: str) -> None:
    with pytest.raises(Invalid, match=named):
        DefaultsConfig.parse(data)
