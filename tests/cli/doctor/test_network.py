"""What loopback's facts mean."""

import pytest

from kfsim.cli.doctor import Level
from kfsim.cli.doctor.network import (
    PortFacts,
    check_names,
    check_port,
    check_proxies,
    report_login,
)

PROXY = {"HTTP_PROXY": "http://proxy:3128"}


@pytest.mark.parametrize(
    ("environment", "level", "words"),
    [
        ({}, Level.OK, "none for http"),
        ({"HTTPS_PROXY": "http://proxy:3128"}, Level.OK, "none for http"),
        (PROXY, Level.PROBLEM, "does not exempt 127.0.0.1, localhost, iris.default.localhost"),
        (PROXY | {"NO_PROXY": "127.0.0.1,localhost"}, Level.OK, "exempts"),
        (PROXY | {"NO_PROXY": "localhost"}, Level.PROBLEM, "does not exempt 127.0.0.1:"),
        (PROXY | {"NO_PROXY": "*"}, Level.OK, "exempts"),
        (PROXY | {"NO_PROXY": "*", "no_proxy": "example.com"}, Level.PROBLEM, "NO_PROXY"),
        ({"all_proxy": "socks5://proxy"}, Level.PROBLEM, "ALL_PROXY is set"),
    ],
    ids=["none", "https", "bare", "exempt", "half", "all", "lower-case-wins", "all-proxy"],
)
def test_proxies(environment: dict[str, str], level: Level, words: str) -> None:
    finding = check_proxies(environment)
    assert finding.level is level
    assert words in finding.found


@pytest.mark.parametrize(
    ("facts", "level", "words"),
    [
        (PortFacts(8080, "the gateway", free=True), Level.OK, "free, for the gateway"),
        (PortFacts(8080, "the gateway", free=False, ours="iris"), Level.OK, "of project iris"),
        (
            PortFacts(8080, "the gateway", free=False, holder="nginx (pid 7)"),
            Level.NOTE,
            "taken by nginx (pid 7); `kfsim up` takes the next free port and says so; --gateway",
        ),
        (PortFacts(8001, "the API", free=False), Level.NOTE, "taken by another program"),
        (
            PortFacts(80, "the API", free=False, error="Permission denied"),
            Level.PROBLEM,
            "Permission denied; choose another one: --api",
        ),
    ],
)
def test_ports(facts: PortFacts, level: Level, words: str) -> None:
    finding = check_port(facts)
    assert finding.level is level
    assert words in finding.line


def test_a_resolver_without_localhost_names_is_explained() -> None:
    assert check_names(resolves=True).level is Level.OK
    finding = check_names(resolves=False)
    assert finding.level is Level.NOTE
    assert "curl and browsers resolve it themselves" in finding.found
    assert "/serving/NAMESPACE/NAME/" in finding.mend


def test_that_there_is_no_login_is_said() -> None:
    found = report_login()
    assert found.level == "ok"
    assert "answers 302 or 401 until they are sent" in found.line
