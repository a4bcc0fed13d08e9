"""Why a route's traffic cannot be assigned, in Knative's words (route/traffic/errors.go).

A failure is final until somebody changes something (status False); otherwise the target is still
on its way (status Unknown). A failure outweighs what is on its way.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TargetProblem:
    """What AllTrafficAssigned is to say."""

    reason: str
    message: str
    is_failure: bool


def missing_target(kind: str, name: str) -> TargetProblem:
    """The Configuration or Revision does not exist."""
    return TargetProblem(
        f"{kind}Missing", f'{kind} "{name}" referenced in traffic not found.', is_failure=True
    )


def unready_configuration(name: str, *, failed: bool) -> TargetProblem:
    if failed:
        message = f'Configuration "{name}" does not have any ready Revision.'
    else:
        message = f'Configuration "{name}" is waiting for a Revision to become ready.'
    return TargetProblem("RevisionMissing", message, is_failure=failed)


def unready_revision(name: str, *, failed: bool) -> TargetProblem:
    if failed:
        message = f'Revision "{name}" failed to become ready.'
    else:
        message = f'Revision "{name}" is not yet ready.'
    return TargetProblem("RevisionMissing", message, is_failure=failed)


def foreign_revision(name: str, *, expected: str, actual: str) -> TargetProblem:
    """A Service's Route names a Revision of another Service (or of none)."""
    if actual:
        message = f'Revision "{name}" belongs to Service "{actual}", not Service "{expected}".'
    else:
        message = f'Revision "{name}" does not belong to Service "{expected}".'
    return TargetProblem("RevisionNotOwned", message, is_failure=True)
