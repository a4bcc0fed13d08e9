"""Names of child objects within a DNS label's 63 characters (knative.dev/pkg kmeta/names.go)."""

import hashlib

_LONGEST = 63
_HASH = 32


def child_name(parent: str, suffix: str) -> str:
    """`parent` + `suffix`; the part that does not fit is replaced by an MD5 in hexadecimal.

    A parent of 60 characters with the suffix `-deployment` (11) keeps 63 - 32 - 11 = 20 characters.
    """
    if len(parent) <= _LONGEST - len(suffix):
        return parent + suffix
    head = _LONGEST - _HASH - len(suffix)
    if head > 0:
        return parent[:head] + _digest(parent) + suffix
    name = parent[: _LONGEST - _HASH] + _digest(parent + suffix)
    return (name + suffix)[:_LONGEST].rstrip("-.")


def _digest(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
