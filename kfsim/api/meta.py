"""meta.k8s.io/v1: what every object carries.

Field names are Python's, wire names are Kubernetes' (`alias_generator`); models are frozen and
their lists are tuples, so a decoded view can be shared and cached.
"""

from collections.abc import Callable
from typing import Any, ClassVar, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Model(BaseModel):
    """Base of every API value: camelCase on the wire, frozen, unknown fields dropped."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        frozen=True,
        extra="ignore",
        protected_namespaces=(),
    )

    def __eq__(self, other: object) -> bool:
        """By fields. Models here have neither private attributes nor extra fields, which pydantic's
        own comparison also goes through; the store compares and encodes at every write."""
        if self is other:
            return True
        if type(self) is not type(other):
            return NotImplemented
        return self.__dict__ == other.__dict__

    __hash__ = BaseModel.__hash__

    def replaced(self, **changes: Any) -> Self:
        """A copy with the given fields (Python names) set; the values are not validated."""
        return self.model_copy(update=changes)


_M = TypeVar("_M", bound=Model)


def shared(model: type[_M]) -> Callable[[], _M]:
    """A default factory that always gives the same empty value.

    Encoding leaves defaults out, and finds them by making and comparing them: with one shared,
    frozen value that is a comparison by identity.
    """
    value: list[_M] = []

    def make() -> _M:
        if not value:
            value.append(model())
        return value[0]

    return make


class OwnerReference(Model):
    """Who owns this object; `controller` marks the managing one."""

    api_version: str
    kind: str
    name: str
    uid: str
    controller: bool | None = None
    block_owner_deletion: bool | None = None


class ObjectMeta(Model):
    """Identity and bookkeeping. Times are RFC 3339 texts."""

    name: str = ""
    generate_name: str | None = None
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    deletion_grace_period_seconds: int | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)
    owner_references: tuple[OwnerReference, ...] = ()
    finalizers: tuple[str, ...] = ()
    self_link: str | None = None
    managed_fields: tuple[Any, ...] = ()


class Condition(Model):
    """One knative.dev/pkg condition; `status` is True, False or Unknown."""

    type: str
    status: str
    severity: str | None = None
    reason: str | None = None
    message: str | None = None
    last_transition_time: str | None = None
    last_probe_time: str | None = None
    last_update_time: str | None = None


class LabelSelectorRequirement(Model):
    """One matchExpressions row: operator In, NotIn, Exists or DoesNotExist."""

    key: str
    operator: str
    values: tuple[str, ...] = ()


class LabelSelector(Model):
    """Both parts must match."""

    match_labels: dict[str, str] = Field(default_factory=dict)
    match_expressions: tuple[LabelSelectorRequirement, ...] = ()


class Object(Model):
    """Base of all kinds. Subclasses add `spec` and `status` and set the two constants."""

    API_VERSION: ClassVar[str] = ""
    KIND: ClassVar[str] = ""

    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = Field(default_factory=shared(ObjectMeta))

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)

    def model_post_init(self, context: Any, /) -> None:
        if not self.kind and self.KIND:
            object.__setattr__(self, "kind", self.KIND)
            object.__setattr__(self, "api_version", self.API_VERSION)
            self.__pydantic_fields_set__.update(("kind", "api_version"))

    def encode(self) -> bytes:
        """Canonical JSON: wire names, unset and null fields left out."""
        return self.model_dump_json(
            by_alias=True, exclude_none=True, exclude_defaults=True
        ).encode()


def owner_reference(owner: Object) -> OwnerReference:
    """The controller reference that makes `owner`'s deletion delete the child."""
    return OwnerReference(
        api_version=owner.api_version,
        kind=owner.kind,
        name=owner.metadata.name,
        uid=owner.metadata.uid,
        controller=True,
        block_owner_deletion=True,
    )


def is_controlled_by(child: Object, owner: Object) -> bool:
    """Whether `owner` is the child's managing owner."""
    uid = owner.metadata.uid
    return any(each.controller and each.uid == uid for each in child.metadata.owner_references)
