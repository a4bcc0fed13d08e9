"""What is served in place of what a manifest asks for: a project's own maps of URIs and images.

A map is a list of rules, from `--map` and from kfsim.yaml; those of `--map` come first, whatever
the file says. Of one origin's URI rules the longest prefix wins, and a prefix ends where a path
segment ends: `gs://bucket/models` covers `gs://bucket/models/iris`, not `gs://bucket/models-old`.
Of its image rules a whole reference wins over a repository, which wins over a glob. What a rule
gives is not mapped again. Pure.
"""

import posixpath
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

_SCHEME: Final = "://"
_GLOB: Final = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Substitution:
    """`field` is the path in the user's object, such as `spec.predictor.model.storageUri`; `given`
    is empty where only `why` can say it."""

    field: str
    asked: str
    given: str
    why: str


@dataclass(frozen=True, slots=True)
class MapRule:
    """`origin` is where the user said so: `--map` or `kfsim.yaml`."""

    pattern: str
    target: str
    origin: str

    @property
    def why(self) -> str:
        return f"{self.origin} maps {self.pattern} to {self.target}"


@dataclass(frozen=True, slots=True)
class LocalMaps:
    """A project's maps, by origin, those that win first; targets are URIs or absolute paths."""

    uris: tuple[tuple[MapRule, ...], ...] = ()
    images: tuple[MapRule, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything is mapped."""
        return any(self.uris) or bool(self.images)

    def uri(self, asked: str, *, field: str) -> Substitution | None:
        """What stands in for a URI; None where no rule covers it."""
        for rules in self.uris:
            found = [each for each in rules if _rest(asked, each) is not None]
            if found:
                rule = max(found, key=lambda each: len(each.pattern))
                given = _join(rule.target, _rest(asked, rule) or "")
                return Substitution(field, asked, given, rule.why)
        return None

    def image(self, asked: str, *, field: str) -> Substitution | None:
        """What stands in for an image; None where no rule covers it."""
        ranks = {each: rank for each in self.images if (rank := _image_rank(asked, each))}
        if not ranks:
            return None
        rule = max(ranks, key=lambda each: ranks[each])
        return Substitution(field, asked, rule.target, rule.why)


class Substitutor:
    """Applies maps while a plan is made, and remembers what it put in place of what."""

    def __init__(self, maps: LocalMaps) -> None:
        self._maps = maps
        self._made: list[Substitution] = []

    @property
    def made(self) -> tuple[Substitution, ...]:
        """All so far, in the order in which they were made."""
        return tuple(self._made)

    def uri(self, asked: str, *, field: str) -> str:
        """The URI to serve."""
        return self._note(asked, self._maps.uri(asked, field=field))

    def image(self, asked: str, *, field: str) -> str:
        """The image to run."""
        return self._note(asked, self._maps.image(asked, field=field))

    def note(self, substitution: Substitution) -> None:
        """Remember one that was decided elsewhere."""
        self._made.append(substitution)

    def _note(self, asked: str, made: Substitution | None) -> str:
        if made is None or made.given == asked:
            return asked
        self._made.append(made)
        return made.given


def _rest(uri: str, rule: MapRule) -> str | None:
    """What follows the prefix; None where it does not cover the URI. A prefix that is a scheme
    alone (`s3://`) covers all of its URIs."""
    whole_scheme = rule.pattern.endswith(_SCHEME)
    prefix = rule.pattern if whole_scheme else rule.pattern.rstrip("/")
    if not uri.startswith(prefix):
        return None
    rest = uri[len(prefix) :]
    return rest if whole_scheme or not rest or rest[0] in "/?#" else None


def _join(target: str, rest: str) -> str:
    """A local path has no query, and is written in its plain form."""
    if _SCHEME in target:
        slash = "" if not rest or rest[0] in "/?#" else "/"
        return target.rstrip("/") + slash + rest if rest else target
    path = rest.partition("?")[0].partition("#")[0].strip("/")
    return posixpath.normpath(posixpath.join(target, path))


def _image_rank(image: str, rule: MapRule) -> tuple[int, int] | None:
    """How closely a rule fits: (3, …) reference, (2, …) repository, (1, length) glob."""
    asked, pattern = _plain(image), _plain(rule.pattern)
    if _GLOB & set(pattern):
        return (1, len(pattern)) if fnmatchcase(asked, pattern) else None
    if asked == pattern:
        return 3, 0
    return (2, 0) if _repository(asked) == pattern else None


def _plain(image: str) -> str:
    """Without the registry that is meant where none is written."""
    return image.removeprefix("docker.io/").removeprefix("library/")


def _repository(image: str) -> str:
    """Without tag and digest: the port of a registry is no tag."""
    name = image.partition("@")[0]
    folder, slash, last = name.rpartition("/")
    return folder + slash + last.partition(":")[0]
