"""config-defaults: what a revision gets, and may ask for (knative pkg/apis/config/defaults.go)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from kfsim.base.errors import Invalid
from kfsim.base.quantities import parse_quantity

CONFIG_DEFAULTS: Final = "config-defaults"
_BOOLEANS: Final = {"true": True, "false": False}


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
        default = cls()
        timeout = _integer(data, "revision-timeout-seconds", default.timeout)
        config = cls(
            timeout=timeout,
            max_timeout=_integer(data, "max-revision-timeout-seconds", default.max_timeout),
            response_start_timeout=_integer(
                data, "revision-response-start-timeout-seconds", timeout
            ),
            idle_timeout=_integer(data, "revision-idle-timeout-seconds", default.idle_timeout),
            container_concurrency=_integer(
                data, "container-concurrency", default.container_concurrency
            ),
            max_container_concurrency=_integer(
                data, "container-concurrency-max-limit", default.max_container_concurrency
            ),
            allow_container_concurrency_zero=_boolean(
                data, "allow-container-concurrency-zero", default.allow_container_concurrency_zero
            ),
            enable_service_links=_boolean(
                data, "enable-service-links", default.enable_service_links
            ),
            requests=_resources(data, "request"),
            limits=_resources(data, "limit"),
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


def _integer(data: Mapping[str, str], key: str, default: int) -> int:
    text = data.get(key)
    if text is None:
        return default
    if not text.isdecimal():
        raise Invalid(
            f"{CONFIG_DEFAULTS}: {key} is {text!r}; expected a whole number of at least 0"
        )
    return int(text)


def _boolean(data: Mapping[str, str], key: str, default: bool) -> bool:
    text = data.get(key)
    if text is None or text == "default":
        return default
    if text.lower() not in _BOOLEANS:
        raise Invalid(f"{CONFIG_DEFAULTS}: {key} is {text!r}; expected true or false")
    return _BOOLEANS[text.lower()]


def _resources(data: Mapping[str, str], kind: str) -> dict[str, str]:
    """`revision-cpu-request` and its like."""
    found: dict[str, str] = {}
    for resource in ("cpu", "memory", "ephemeral-storage"):
        key = f"revision-{resource}-{kind}"
        text = data.get(key)
        if text is None:
            continue
        try:
            parse_quantity(text)
        except ValueError as error:
            raise Invalid(f"{CONFIG_DEFAULTS}: {key}: {error}") from error
        found[resource] = text
    return found
