"""config-defaults: what a revision gets, and may ask for (knative pkg/apis/config/defaults.go)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from kfsim.api.config.reading import Reading
from kfsim.base.errors import Invalid

CONFIG_DEFAULTS: Final = "config-defaults"


@dataclass(frozen=True, slots=True)
class DefaultsConfig:
    """Timeouts in seconds, 0 is none; `requests` and `limits` are resources of containers that say
    nothing of them."""

    timeout: int = 300
    max_timeout: int = 600
    response_start_timeout: int = 300
    idle_timeout: int = 0
    container_concurrency: int = 0
    max_container_concurrency: int = 1000
    allow_container_concurrency_zero: bool = True
    enable_service_links: bool = False
    requests: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, data: Mapping[str, str]) -> "DefaultsConfig":
        """Raises Invalid."""
        default, given = cls(), Reading(CONFIG_DEFAULTS, data)
        timeout = given.count("revision-timeout-seconds", default.timeout)
        config = cls(
            timeout=timeout,
            max_timeout=given.count("max-revision-timeout-seconds", default.max_timeout),
            response_start_timeout=given.count("revision-response-start-timeout-seconds", timeout),
            idle_timeout=given.count("revision-idle-timeout-seconds", default.idle_timeout),
            container_concurrency=given.count(
                "container-concurrency", default.container_concurrency
            ),
            max_container_concurrency=given.count(
                "container-concurrency-max-limit", default.max_container_concurrency
            ),
            allow_container_concurrency_zero=given.boolean(
                "allow-container-concurrency-zero",
                default=default.allow_container_concurrency_zero,
            ),
            enable_service_links=given.boolean(
                "enable-service-links", default=default.enable_service_links
            ),
            requests=_resources(given, "request"),
            limits=_resources(given, "limit"),
        )
        _check(config)
        return config


def _check(config: DefaultsConfig) -> None:
    for key, value, most_key, most in (
        (
            "revision-timeout-seconds",
            config.timeout,
            "max-revision-timeout-seconds",
            config.max_timeout,
        ),
        (
            "revision-response-start-timeout-seconds",
            config.response_start_timeout,
            "revision-timeout-seconds",
            config.timeout,
        ),
        (
            "revision-idle-timeout-seconds",
            config.idle_timeout,
            "revision-timeout-seconds",
            config.timeout,
        ),
        (
            "container-concurrency",
            config.container_concurrency,
            "container-concurrency-max-limit",
            config.max_container_concurrency,
        ),
    ):
        if value > most:
            raise Invalid(
                f"{CONFIG_DEFAULTS}: {key} ({value}) cannot be greater than {most_key} ({most})"
            )
    if config.max_container_concurrency < 1:
        raise Invalid(f"{CONFIG_DEFAULTS}: container-concurrency-max-limit must be at least 1")


def _resources(given: Reading, kind: str) -> dict[str, str]:
    """`revision-cpu-request` and its like."""
    names = ("cpu", "memory", "ephemeral-storage")
    found = {name: given.quantity(f"revision-{name}-{kind}") for name in names}
    return {name: text for name, text in found.items() if text is not None}
