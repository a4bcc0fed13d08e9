"""Checks of the project: state directory, journal, variables, daemons, manifests."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kfsim.cli.doctor.finding import Finding, note, ok, problem
from kfsim.cli.output import format_bytes

_LITTLE, _SOME = 100 * 10**6, 2 * 10**9
_PRIVATE = 0o700
IN_USE = "in use"
_VARIABLES = ("KFSIM_API", "KFSIM_CACHE_DIR", "KFSIM_STATE_DIR")


@dataclass(frozen=True, slots=True)
class StateFacts:
    """`mode` is None where the directory is not there yet; `blocked` says why it cannot be
    written or made."""

    path: str
    mode: int | None
    free_bytes: int
    blocked: str = ""


def check_state_dir(facts: StateFacts) -> list[Finding]:
    choose = "choose another with --state-dir or KFSIM_STATE_DIR"
    if facts.blocked:
        mend = f"make it writable, or {choose}"
        return [problem("state", f"{facts.path}: {facts.blocked}", mend)]
    findings = []
    if facts.mode is None:
        findings.append(ok("state", f"{facts.path} will be made"))
    elif facts.mode & 0o077:
        found = f"{facts.path} has mode {facts.mode:o}: others of this machine may read it"
        findings.append(note("state", found, f"`kfsim up` makes it {_PRIVATE:o}"))
    else:
        findings.append(ok("state", facts.path))
    free = f"{format_bytes(facts.free_bytes)} free"
    if facts.free_bytes < _LITTLE:
        findings.append(problem("disk", free, f"make room, or {choose}"))
    elif facts.free_bytes < _SOME:
        findings.append(note("disk", f"{free}: little for models and images"))
    else:
        findings.append(ok("disk", free))
    return findings


def check_journal(answer: str | None) -> Finding:
    """`answer`: SQLite's word on the journal, None where there is none yet, IN_USE where a running
    daemon keeps others out."""
    if answer is None:
        return ok("journal", "none yet")
    if answer == IN_USE:
        return ok("journal", "in use by the daemon, which has read it")
    if answer == "ok":
        return ok("journal", "whole")
    return problem(
        "journal",
        f"damaged: {answer}",
        "begin anew from the manifests with `kfsim up --fresh`, which forgets what is in it",
    )


def check_variables(environment: Mapping[str, str]) -> list[Finding]:
    """Variables of ours that are set, and those that look like one and are not."""
    findings = []
    for name in sorted(each for each in environment if each.startswith("KFSIM_")):
        if name in _VARIABLES:
            findings.append(note(name, environment[name] or "set, and empty"))
            continue
        near = difflib.get_close_matches(name, _VARIABLES, n=1)
        mend = f"did you mean {near[0]}?" if near else f"known are {', '.join(_VARIABLES)}"
        findings.append(note(name, "is not read by kfsim", mend))
    return findings


@dataclass(frozen=True, slots=True)
class DaemonFacts:
    """One state directory with a daemon.json; `answers` whether its API does."""

    project: str
    pid: int
    version: str
    running: bool
    answers: bool = True


def check_daemons(daemons: Iterable[DaemonFacts], *, version: str) -> list[Finding]:
    """`version` is this command's."""
    findings = []
    for each in daemons:
        subject = f"daemon {each.project}"
        if not each.running:
            found = f"pid {each.pid} is gone without a farewell"
            findings.append(note(subject, found, "`kfsim up` takes up what it left"))
        elif not each.answers:
            mend = f"look at its log (kfsim down stops it; kill {each.pid} where that hangs)"
            findings.append(problem(subject, f"pid {each.pid} does not answer", mend))
        elif each.version != version:
            found = f"pid {each.pid} is kfsim {each.version}, this command {version}"
            findings.append(note(subject, found, "`kfsim down` and `kfsim up` again"))
        else:
            findings.append(ok(subject, f"runs (pid {each.pid})"))
    return findings


def check_manifests(problems: Sequence[str], *, valid: int, paths: Sequence[str]) -> list[Finding]:
    """`problems` as `kfsim validate` says them; `paths` those that were read."""
    if not paths:
        return [note("manifests", "none were named", "name them: kfsim doctor PATH")]
    found = [problem("manifest", text, "") for text in problems]
    return found or [ok("manifests", f"{valid} valid in {', '.join(paths)}")]
