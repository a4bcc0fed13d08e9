"""Checks of loopback: ports, names, proxies."""

import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass

from kfsim.cli.doctor.finding import Finding, note, ok, problem

_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class PortFacts:
    """`holder` says who listens, empty where that cannot be seen; `ours` a daemon's project."""

    port: int
    purpose: str
    free: bool
    holder: str = ""
    ours: str = ""
    error: str = ""


def check_port(facts: PortFacts) -> Finding:
    subject = f"port {facts.port}"
    if facts.free:
        return ok(subject, f"free, for {facts.purpose}")
    if facts.ours:
        return ok(subject, f"{facts.purpose} of project {facts.ours}")
    option = "--gateway" if "gateway" in facts.purpose else "--api"
    if facts.error:
        mend = f"choose another one: {option} {_LOOPBACK}:PORT"
        return problem(subject, f"cannot be used: {facts.error}", mend)
    return note(
        subject,
        f"taken by {facts.holder or 'another program'}",
        f"`kfsim up` takes the next free port and says so; {option} {_LOOPBACK}:PORT chooses one",
    )


def check_names(*, resolves: bool) -> Finding:
    """Whether the system's resolver knows names below localhost."""
    if resolves:
        return ok("names", "*.localhost leads to this machine, in curl and in Python")
    return note(
        "names",
        "this system's resolver knows no *.localhost: curl and browsers resolve it themselves, "
        "Python and most other clients do not",
        f"in Python use http://{_LOOPBACK}:PORT/serving/NAMESPACE/NAME/…, or send a Host header",
    )


def report_login() -> Finding:
    """Nothing can be wrong with it here; on a cluster it is what many requests fail of."""
    return ok(
        "login",
        "none: the gateway passes cookies and Authorization headers on and asks for neither; a "
        "cluster behind dex or an auth proxy answers 302 or 401 until they are sent",
    )


def check_proxies(environment: Mapping[str, str]) -> Finding:
    """HTTP clients send even requests for 127.0.0.1 to a proxy that NO_PROXY does not exempt."""
    # Of both spellings clients prefer the lower case one.
    read = {name.lower(): value for name, value in environment.items() if name.isupper()}
    read |= {name: value for name, value in environment.items() if name.islower()}
    given = [name for name in ("http_proxy", "all_proxy") if read.get(name)]
    if not given:
        return ok("proxies", "none for http")
    exempt = {"no": read.get("no_proxy", "")}
    # typeshed leaves the function out
    is_exempt = urllib.request.proxy_bypass_environment  # type: ignore[attr-defined]
    names = (_LOOPBACK, "localhost", "iris.default.localhost")
    missing = [name for name in names if not is_exempt(name, exempt)]
    shown = ", ".join(name.upper() for name in given)
    if not missing:
        return ok("proxies", f"{shown}, and NO_PROXY exempts this machine")
    return problem(
        "proxies",
        f"{shown} is set and NO_PROXY does not exempt {', '.join(missing)}: clients send their "
        "requests for this machine to the proxy",
        f"export NO_PROXY={_LOOPBACK},localhost,.localhost${{NO_PROXY:+,$NO_PROXY}}",
    )
