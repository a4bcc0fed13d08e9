"""Which names count as Services: from the manifest's arrival on, and no longer than it."""

import pytest

from kfsim.api.core import Service
from kfsim.api.knative.serving import Route
from kfsim.api.knative.serving import Service as KnativeService
from kfsim.api.kserve.types import InferenceService
from kfsim.api.meta import Object, ObjectMeta
from kfsim.base.entropy import SeededEntropy
from kfsim.base.types import ServiceName
from kfsim.daemon.directory import StoreDirectory
from kfsim.store import Store
from kfsim.testing.clock import FakeClock


def metadata(**labels: str) -> ObjectMeta:
    named = {f"serving.knative.dev/{key}": value for key, value in labels.items()}
    return ObjectMeta(name="iris", namespace="default", labels=named)


@pytest.mark.parametrize(
    ("obj", "known"),
    [
        (InferenceService(metadata=metadata()), True),
        (KnativeService(metadata=metadata()), True),
        (Route(metadata=metadata()), True),
        (Service(metadata=metadata(route="iris-predictor")), True),
        (Service(metadata=metadata(revision="iris")), False),
        (Service(metadata=metadata()), False),
    ],
    ids=["isvc", "ksvc", "route", "tag of a route", "revision", "any other"],
)
def test_services(obj: Object, known: bool) -> None:
    store = Store(clock=FakeClock(), entropy=SeededEntropy(1))
    directory = StoreDirectory(store)
    name = ServiceName("default", "iris")
    assert not directory.knows(name)
    store.create(obj)
    assert directory.knows(name) is known
    assert not directory.knows(ServiceName("elsewhere", "iris"))
    store.delete(type(obj), "iris", "default")
    assert not directory.knows(name)
