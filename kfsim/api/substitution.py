"""What a user asked for and what kfsim gives instead, because a laptop lacks the first."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Substitution:
    """`field` is the path in the user's object, such as `spec.predictor.model.storageUri`; `given`
    is empty where only `why` can say it."""

    field: str
    asked: str
    given: str
    why: str
