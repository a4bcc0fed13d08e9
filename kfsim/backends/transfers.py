"""Bytes on their way to this host: a model or an image."""

from typing import NamedTuple


class Transfer(NamedTuple):
    """`what` names it for the user, without secrets; `total` is None where nobody knows it."""

    what: str
    current: int
    total: int | None
