"""Kubernetes Events about objects, repeated ones counted (client-go's event correlator)."""

import logging
from collections import OrderedDict
from dataclasses import dataclass

from kfsim.api.core import Event, EventSource, ObjectReference
from kfsim.api.meta import Object, ObjectMeta
from kfsim.base.clock import Clock, format_timestamp
from kfsim.base.entropy import Entropy
from kfsim.base.errors import Forbidden
from kfsim.store import Store

NORMAL = "Normal"
WARNING = "Warning"
REMEMBERED = 4096
"""As many Events are known again when they repeat (client-go's maxLruCacheEntries)."""
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Told:
    """The latest of a row of equal Events."""

    name: str
    count: int
    first: str


@dataclass(frozen=True, slots=True)
class _Identity:
    """What makes two Events equal."""

    component: str
    uid: str
    type: str
    reason: str
    message: str


class Recorder:
    """Writes Events for one component; equal ones on one object raise `count` instead, also where
    the Event itself has expired meanwhile."""

    def __init__(self, *, store: Store, clock: Clock, entropy: Entropy, component: str) -> None:
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._component = component
        self._told: OrderedDict[_Identity, _Told] = OrderedDict()  # the latest told last

    def for_component(self, component: str) -> "Recorder":
        """A recorder with another source; both remember no more than one alone."""
        other = Recorder(
            store=self._store, clock=self._clock, entropy=self._entropy, component=component
        )
        other._told = self._told  # its own kind
        return other

    def event(self, about: Object, *, type: str, reason: str, message: str) -> None:  # noqa: A002  # Kubernetes' own word
        """Record one Event; `type` is Normal or Warning."""
        now = format_timestamp(self._clock.wall())
        identity = _Identity(self._component, about.metadata.uid, type, reason, message)
        namespace = about.metadata.namespace or "default"
        told = self._repeat(identity, self._told.get(identity), about.metadata.name, now)
        known = self._store.find(Event, told.name, namespace)
        if known is not None:
            self._store.update(known.replaced(count=told.count, last_timestamp=now))
            return
        try:
            self._store.create(self._describe(about, identity, told, namespace, now))
        except Forbidden as error:  # an Event is told to nobody rather than fail its reconcile
            _logger.info("no Event %r of %s: %s", reason, about.metadata.name, error.message)

    def _repeat(self, identity: _Identity, before: _Told | None, about: str, now: str) -> _Told:
        """Remember that it is told once more."""
        if before is None:
            told = _Told(f"{about}.{self._entropy.suffix(16)}", 1, now)
        else:
            told = _Told(before.name, before.count + 1, before.first)
        self._told[identity] = told
        self._told.move_to_end(identity)
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        return told

    def _describe(
        self, about: Object, identity: _Identity, told: _Told, namespace: str, now: str
    ) -> Event:
        return Event(
            metadata=ObjectMeta(name=told.name, namespace=namespace),
            involved_object=ObjectReference(
                api_version=about.api_version,
                kind=about.kind,
                namespace=about.metadata.namespace or None,
                name=about.metadata.name,
                uid=about.metadata.uid,
                resource_version=about.metadata.resource_version,
            ),
            type=identity.type,
            reason=identity.reason,
            message=identity.message,
            count=told.count,
            source=EventSource(component=self._component),
            first_timestamp=told.first,
            last_timestamp=now,
            reporting_component=self._component,
        )

    def normal(self, about: Object, reason: str, message: str) -> None:
        self.event(about, type=NORMAL, reason=reason, message=message)

    def warning(self, about: Object, reason: str, message: str) -> None:
        self.event(about, type=WARNING, reason=reason, message=message)
