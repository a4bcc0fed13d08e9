"""Kubernetes Events about objects, repeated ones counted (client-go's event correlator)."""

import logging

from kfsim.api.core import Event, EventSource, ObjectReference
from kfsim.api.meta import Object, ObjectMeta
from kfsim.base.clock import Clock, format_timestamp
from kfsim.base.entropy import Entropy
from kfsim.base.errors import Forbidden
from kfsim.store import Store

NORMAL = "Normal"
WARNING = "Warning"
_KEPT_PER_OBJECT = 64
_logger = logging.getLogger(__name__)


class Recorder:
    """Writes Events for one component; equal ones on one object raise `count` instead."""

    def __init__(self, *, store: Store, clock: Clock, entropy: Entropy, component: str) -> None:
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._component = component
        self._names: dict[str, dict[tuple[str, str, str], str]] = {}

    def for_component(self, component: str) -> "Recorder":
        """A recorder with another source."""
        return Recorder(
            store=self._store, clock=self._clock, entropy=self._entropy, component=component
        )

    def event(self, about: Object, *, type: str, reason: str, message: str) -> None:  # noqa: A002  # Kubernetes' own word
        """Record one Event; `type` is Normal or Warning."""
        now = format_timestamp(self._clock.wall())
        identity = (type, reason, message)
        mine = self._names.setdefault(about.metadata.uid, {})
        namespace = about.metadata.namespace or "default"
        name = mine.get(identity)
        known = self._store.find(Event, name, namespace) if name is not None else None
        if known is not None:
            self._store.update(known.replaced(count=(known.count or 1) + 1, last_timestamp=now))
            return
        name = f"{about.metadata.name}.{self._entropy.suffix(16)}"
        if len(mine) >= _KEPT_PER_OBJECT:
            del mine[next(iter(mine))]
        mine[identity] = name
        try:
            self._store.create(self._describe(about, name, namespace, now, identity))
        except Forbidden as error:  # an Event is told to nobody rather than fail its reconcile
            _logger.info("no Event %r of %s: %s", reason, about.metadata.name, error.message)

    def _describe(
        self, about: Object, name: str, namespace: str, now: str, identity: tuple[str, str, str]
    ) -> Event:
        type_, reason, message = identity
        return Event(
            metadata=ObjectMeta(name=name, namespace=namespace),
            involved_object=ObjectReference(
                api_version=about.api_version,
                kind=about.kind,
                namespace=about.metadata.namespace or None,
                name=about.metadata.name,
                uid=about.metadata.uid,
                resource_version=about.metadata.resource_version,
            ),
            type=type_,
            reason=reason,
            message=message,
            count=1,
            source=EventSource(component=self._component),
            first_timestamp=now,
            last_timestamp=now,
            reporting_component=self._component,
        )

    def normal(self, about: Object, reason: str, message: str) -> None:
        self.event(about, type=NORMAL, reason=reason, message=message)

    def warning(self, about: Object, reason: str, message: str) -> None:
        self.event(about, type=WARNING, reason=reason, message=message)
