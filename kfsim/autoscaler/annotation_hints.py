"""What Knative would pass over in silence: autoscaling annotations that are misspelt, of another
group, or in the older spelling beside the newer one.

Values are `validation`'s; here it is about keys.
"""

import difflib
from collections.abc import Iterable, Iterator

from kfsim.autoscaler.annotations import ALL, GROUP, Annotations

# Groups in which people put what belongs to autoscaling.knative.dev; empty: without any.
_CONFUSED_GROUPS = ("", "serving.knative.dev/", "serving.kserve.io/", "knative.dev/")
_SPELLINGS = {key: annotation.key for annotation in ALL for key in annotation.keys}
_NAMES = {key.rpartition("/")[2]: current for key, current in _SPELLINGS.items()}
# KServe's own, for Standard mode.
_OTHERS = frozenset({"serving.kserve.io/targetUtilizationPercentage"})


def explain_annotations(annotations: Annotations) -> Iterator[str]:
    """A sentence for each key that does not do what it seems to."""
    for key in annotations:
        current = _SPELLINGS.get(key)
        if current is not None and current != key:
            yield _older(key, current, given=current in annotations)
        elif current is None and (meant := _find_meant(key)):
            yield f"{key} means nothing and is passed over in silence; did you mean {meant}?"
        elif current is None and key.startswith(GROUP):
            yield (
                f"{key} means nothing and is passed over in silence; see "
                "docs/reference/configuration.md for what there is"
            )


def explain_labels(labels: Iterable[str]) -> Iterator[str]:
    """A sentence for each annotation that was written as a label."""
    for key in labels:
        if key in _SPELLINGS:
            yield f"{key} is given as a label, where nothing reads it; make it an annotation"


def _older(key: str, current: str, *, given: bool) -> str:
    if given:
        return f"{key} has no effect: {current} is given too, and the newer spelling counts"
    return f"{key} is the older spelling of {current}; it counts only where that is not given"


def _find_meant(key: str) -> str:
    """The annotation that an unknown key is near to; empty without one."""
    if key in _OTHERS:
        return ""
    group, slash, name = key.rpartition("/")
    if group + slash == GROUP:
        near = difflib.get_close_matches(name, _NAMES, n=1)
        return _NAMES[near[0]] if near else ""
    is_telling = "-" in name or name != name.lower()
    if group + slash in _CONFUSED_GROUPS and is_telling and GROUP + name in _SPELLINGS:
        return _SPELLINGS[GROUP + name]
    return ""
