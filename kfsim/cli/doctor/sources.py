"""Checks of models: is it there, may we have it, was it saved with what loads it?"""

from dataclasses import dataclass

from kfsim.cli.doctor.finding import Finding, note, ok, problem


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """One model of one service. `failure` says why it cannot be had, with the mend; `found` what
    is there."""

    service: str
    uri: str
    found: str = ""
    failure: str = ""


def check_source(facts: SourceFacts) -> Finding:
    subject = f"model of {facts.service}"
    if facts.failure:
        return problem(subject, facts.failure, "")
    return ok(subject, f"{facts.uri}: {facts.found}")


@dataclass(frozen=True, slots=True)
class PickleFacts:
    """A model file of scikit-learn; versions are empty where they are not known."""

    path: str
    pickled: str
    installed: str


def check_pickle(facts: PickleFacts) -> Finding | None:
    """None where the file does not tell."""
    if not facts.pickled:
        return None
    subject = f"versions of {facts.path}"
    if facts.pickled == facts.installed:
        return ok(subject, f"scikit-learn {facts.pickled}, as installed")
    return note(
        subject,
        f"pickled with scikit-learn {facts.pickled}, and {facts.installed or 'none'} is installed: "
        "predictions may differ, or loading may fail",
        f"install scikit-learn=={facts.pickled} beside kfsim, or save the model again",
    )
