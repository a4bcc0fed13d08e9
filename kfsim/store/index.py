"""Where entries are kept: by kind and name in order, by label, by owner, by uid.

Keys of a kind are a sorted list, so a list of one namespace costs what it returns. Only the labels
by which controllers look children up are indexed; every other label is compared entry by entry.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping
from typing import Final, TypeVar

from kfsim.api.meta import Object
from kfsim.store.entry import Entry

_G = TypeVar("_G")
_M = TypeVar("_M")
Key = tuple[str, str]
Place = tuple[type[Object], str, str]
"""Model, namespace and name."""

INDEXED_LABELS: Final = (
    "serving.knative.dev/revision",
    "serving.knative.dev/revisionUID",
    "serving.knative.dev/configuration",
    "serving.knative.dev/route",
    "serving.knative.dev/service",
    "serving.kserve.io/inferenceservice",
)


class Index:
    """All current entries of a store."""

    def __init__(self) -> None:
        self._kinds: dict[type[Object], dict[Key, Entry]] = {}
        self._order: dict[type[Object], list[Key]] = {}
        self._labelled: dict[type[Object], dict[str, dict[str, dict[Key, None]]]] = {}
        self._owned: dict[str, dict[Place, None]] = {}
        self._places: dict[str, Place] = {}

    def find(self, model: type[Object], name: str, namespace: str) -> Entry | None:
        kept = self._kinds.get(model)
        return None if kept is None else kept.get((namespace, name))

    def entries(self, model: type[Object], namespace: str | None = None) -> list[Entry]:
        """Entries of a kind in the order of namespace and name."""
        kept = self._kinds.get(model)
        if not kept:
            return []
        order = self._order[model]
        if namespace is None:
            return [kept[key] for key in order]
        first = bisect_left(order, (namespace, ""))
        last = bisect_left(order, (namespace + "\0", ""))
        return [kept[key] for key in order[first:last]]

    def count(self, api_version: str, kind: str) -> int:
        """How many entries there are of a kind by its stored apiVersion and name."""
        return sum(
            len(kept)
            for model, kept in self._kinds.items()
            if (api_version, kind) == (model.API_VERSION, model.KIND)
        )

    def labelled(
        self, model: type[Object], namespace: str | None, labels: Mapping[str, str]
    ) -> list[Entry]:
        """Entries of a kind with all of `labels`, in the order of namespace and name."""
        candidates: Iterable[Entry]
        indexed = next((label for label in INDEXED_LABELS if label in labels), None)
        if indexed is None:
            candidates = self.entries(model, namespace)
        else:
            kept = self._kinds.get(model, {})
            keys = self._label_index(model, indexed).get(labels[indexed], {})
            candidates = [
                kept[key] for key in sorted(keys) if namespace is None or key[0] == namespace
            ]
        wanted = labels.items()
        return [entry for entry in candidates if wanted <= entry.labels.items()]

    def _label_index(self, model: type[Object], label: str) -> dict[str, dict[Key, None]]:
        """The keys of a kind by the label's value; made at the first question, kept from then on,
        because of all pairs of kind and label few are ever asked for."""
        indexes = self._labelled.setdefault(model, {})
        found = indexes.get(label)
        if found is None:
            found = indexes[label] = {}
            for entry in self._kinds.get(model, {}).values():
                if (value := entry.labels.get(label)) is not None:
                    found.setdefault(value, {})[entry.key] = None
        return found

    def owned_by(self, uid: str) -> list[Entry]:
        """Entries with an owner reference to `uid`, sorted by kind, namespace and name."""
        places = sorted(self._owned.get(uid, ()), key=lambda place: (place[0].KIND, *place[1:]))
        return [self._kinds[model][(namespace, name)] for model, namespace, name in places]

    def holds_uid(self, uid: str) -> bool:
        return uid in self._places

    def by_uid(self, uid: str) -> Entry | None:
        place = self._places.get(uid)
        return None if place is None else self.find(place[0], place[2], place[1])

    def in_namespace(self, namespace: str) -> list[Entry]:
        """Every namespaced entry of a namespace, kind by kind in the order of first use."""
        return [entry for model in self._kinds for entry in self.entries(model, namespace)]

    def everything(self) -> list[Entry]:
        return [entry for model in self._kinds for entry in self.entries(model)]

    def __len__(self) -> int:
        return len(self._places)

    def put(self, entry: Entry, old: Entry | None) -> None:
        """Store an entry in the place of `old` (None: there was none of that key)."""
        model, key = entry.model, entry.key
        self._kinds.setdefault(model, {})[key] = entry
        if old is None:
            insort(self._order.setdefault(model, []), key)
        elif old.labels != entry.labels or old.owner_uids != entry.owner_uids:
            self._unlink(old)
        else:
            return
        place = (model, *key)
        self._places[entry.uid] = place
        for uid in entry.owner_uids:
            self._owned.setdefault(uid, {})[place] = None
        for label, index in self._labelled.get(model, {}).items():
            if (value := entry.labels.get(label)) is not None:
                index.setdefault(value, {})[key] = None

    def remove(self, entry: Entry) -> None:
        model, key = entry.model, entry.key
        del self._kinds[model][key]
        order = self._order[model]
        del order[bisect_left(order, key)]
        self._unlink(entry)

    def _unlink(self, entry: Entry) -> None:
        model, key = entry.model, entry.key
        place = (model, *key)
        self._places.pop(entry.uid, None)
        for uid in entry.owner_uids:
            _drop(self._owned, uid, place)
        for label, index in self._labelled.get(model, {}).items():
            if (value := entry.labels.get(label)) is not None:
                _drop(index, value, key)


def _drop(groups: dict[_G, dict[_M, None]], group: _G, member: _M) -> None:
    members = groups.get(group)
    if members is not None:
        members.pop(member, None)
        if not members:
            del groups[group]
