"""Which release's names, rules and quirks a project asks for (`kfsim up --compat`)."""

from enum import StrEnum


class Compat(StrEnum):
    """Both API groups are accepted either way."""

    KSERVE = "kserve"
    """Current KServe."""
    KFSERVING = "kfserving"
    """KFServing 0.5 and 0.6."""
