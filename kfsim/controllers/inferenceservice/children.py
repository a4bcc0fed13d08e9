"""Create, update and remove the objects that an InferenceService owns."""

from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from kfsim.api.meta import Object, is_controlled_by
from kfsim.store import Store

T = TypeVar("T", bound=Object)


class NotOwned(ValueError):
    """An object of the wanted name exists and belongs to somebody else."""


class Children:
    """Writes only differences. Annotations that others put on a child stay."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def apply(self, owner: Object, desired: T, *, owned_annotations: Collection[str] = ()) -> T:
        """What is stored now. Raises NotOwned. `owned_annotations` go when not desired."""
        metadata = desired.metadata
        existing = self._store.find(type(desired), metadata.name, metadata.namespace)
        if existing is None:
            return self._store.create(desired)
        if not is_controlled_by(existing, owner):
            raise NotOwned(
                f'{desired.KIND} "{metadata.name}" exists and is not owned by {owner.KIND} '
                f'"{owner.metadata.name}"; delete it or choose another name'
            )
        kept = {
            key: value
            for key, value in existing.metadata.annotations.items()
            if key not in owned_annotations
        }
        changes: Mapping[str, Any] = {
            "spec": getattr(desired, "spec", None),
            "metadata": existing.metadata.replaced(
                labels=metadata.labels,
                annotations={**kept, **metadata.annotations},
                owner_references=metadata.owner_references,
            ),
        }
        return self._store.update(existing.replaced(**changes))

    def remove(self, owner: Object, model: type[Object], *, keep: Collection[str]) -> None:
        """Delete the owner's objects of a kind but those named in `keep`."""
        for child in self._store.owned(model, owner):
            if child.metadata.name not in keep:
                self._store.delete(model, child.metadata.name, child.metadata.namespace)
