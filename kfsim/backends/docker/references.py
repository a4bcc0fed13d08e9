"""Image references: reading, and the one spelling under which they are compared.

Pure. The grammar is distribution's (reference/regexp.go, reference/normalize.go): `busybox`,
`docker.io/library/busybox:latest` and `index.docker.io/busybox` name one image.
"""

import re
from dataclasses import dataclass

_DEFAULT_DOMAIN = "docker.io"
_OFFICIAL = "library"
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?")
_TAG = re.compile(r"[\w][\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}")
_IDENTIFIER = re.compile(r"[a-f0-9]{64}")
_MOST_NAME = 255


class InvalidReference(ValueError):
    """The text is no image reference; the message is distribution's."""


@dataclass(frozen=True, slots=True)
class Reference:
    """`tag` is `latest` where neither tag nor digest was given."""

    domain: str
    path: str
    tag: str = ""
    digest: str = ""

    @property
    def repository(self) -> str:
        """`docker.io/library/busybox`."""
        return f"{self.domain}/{self.path}"

    @property
    def canonical(self) -> str:
        """The same for every spelling of one image; a digest decides alone."""
        if self.digest:
            return f"{self.repository}@{self.digest}"
        return f"{self.repository}:{self.tag}"

    @property
    def version(self) -> str:
        """What to ask a registry for: the digest, else the tag."""
        return self.digest or self.tag


def parse_reference(text: str) -> Reference:
    """Read and complete a reference. Raises InvalidReference."""
    if _IDENTIFIER.fullmatch(text):
        raise InvalidReference(
            f"invalid repository name ({text}), cannot specify 64-byte hexadecimal strings"
        )
    name, _, digest = text.partition("@")
    head, slash, last = name.rpartition("/")
    last, colon, tag = last.partition(":")
    domain, path = _split_domain(head + slash + last)
    if path != path.lower():
        raise InvalidReference(
            f"invalid reference format: repository name ({path}) must be lowercase"
        )
    if (
        not _DOMAIN.fullmatch(domain)
        or not _PATH.fullmatch(path)
        or (colon and not _TAG.fullmatch(tag))
        or ("@" in text and not _DIGEST.fullmatch(digest))
    ):
        raise InvalidReference("invalid reference format")
    if len(path) > _MOST_NAME:
        raise InvalidReference("repository name must not be more than 255 characters")
    return Reference(domain, path, tag or ("" if digest else "latest"), digest)


def _split_domain(name: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    is_domain = slash and (
        "." in first or ":" in first or first == "localhost" or first.lower() != first
    )
    domain, path = (first, rest) if is_domain else (_DEFAULT_DOMAIN, name)
    if domain == "index.docker.io":
        domain = _DEFAULT_DOMAIN
    if domain == _DEFAULT_DOMAIN and "/" not in path:
        path = f"{_OFFICIAL}/{path}"
    return domain, path
