"""Which cluster-local Services there are, as the store has it."""

from kfsim.api.core import Service
from kfsim.api.knative import keys
from kfsim.api.knative.serving import Route
from kfsim.api.knative.serving import Service as KnativeService
from kfsim.api.kserve.types import InferenceService
from kfsim.base.types import ServiceName
from kfsim.store import Store

_ROUTED = (InferenceService, KnativeService, Route)


class StoreDirectory:
    """The ServiceDirectory of a cluster: InferenceServices, their components, Routes and tags.

    An object counts from its creation on, before anything is routed to it: the containers that
    name it may start first. Services of single revisions take no requests here.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def knows(self, service: ServiceName) -> bool:
        """See `replicas.addresses.ServiceDirectory`."""
        namespace, name = service
        if any(self._store.entry(model, name, namespace) is not None for model in _ROUTED):
            return True
        placeholder = self._store.entry(Service, name, namespace)
        return placeholder is not None and keys.ROUTE in placeholder.labels
