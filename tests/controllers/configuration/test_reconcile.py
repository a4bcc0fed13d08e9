"""One Configuration and its Revisions."""

import pytest

from kfsim.api.conditions import find_condition
from kfsim.api.core import Container
from kfsim.api.knative import keys
from kfsim.api.knative.serving import (
    Configuration,
    ConfigurationSpec,
    Revision,
    RevisionSpec,
    RevisionTemplateSpec,
)
from kfsim.api.meta import Condition, ObjectMeta
from kfsim.controllers.configuration.reconcile import ConfigurationReconciler
from kfsim.controllers.runtime import ClusterConfig
from kfsim.testing.reconciling import ReconcilerBench


@pytest.fixture
def bench():
    bench = ReconcilerBench(
        lambda it: ConfigurationReconciler(
            store=it.store,
            clock=it.clock,
            recorder=it.recorder,
            config=ClusterConfig(store=it.store, recorder=it.recorder),
        )
    )
    bench.given(
        Configuration(
            metadata=ObjectMeta(
                name="iris",
                namespace="default",
                labels={keys.SERVICE: "iris"},
                annotations={keys.ROUTES: "iris"},
            ),
            spec=spec("one"),
        )
    )
    return bench


def spec(image, name=""):
    return ConfigurationSpec(
        template=RevisionTemplateSpec(
            metadata=ObjectMeta(name=name, labels={"mine": "yes"}, annotations={"a": "b"}),
            spec=RevisionSpec(containers=(Container(image=image),)),
        )
    )


def get(bench):
    return bench.store.get(Configuration, "iris", "default")


def read(bench):
    found = find_condition(get(bench).status.conditions, "Ready")
    return (found.status, found.reason)


def change(bench, image, name=""):
    bench.store.update(get(bench).replaced(spec=spec(image, name)))
    bench.reconcile("iris")


def report(bench, name, status="True", message=None):
    revision = bench.store.get(Revision, name, "default")
    ready = Condition(type="Ready", status=status, message=message)
    bench.put_status(
        revision.replaced(
            status=revision.status.replaced(observed_generation=1, conditions=(ready,))
        )
    )
    bench.reconcile("iris")


def names(bench):
    status = get(bench).status
    return (status.latest_created_revision_name, status.latest_ready_revision_name)


def test_the_first_generation_makes_the_first_revision(bench):
    bench.reconcile("iris")
    revision = bench.store.get(Revision, "iris-00001", "default")
    labels, annotations = revision.metadata.labels, revision.metadata.annotations
    assert labels[keys.CONFIGURATION] == labels[keys.SERVICE] == "iris"
    assert labels[keys.CONFIGURATION_GENERATION] == "1"
    assert labels[keys.ROUTING_STATE] == "active"
    assert labels["mine"] == "yes"
    assert annotations[keys.ROUTES] == "iris"
    assert annotations["a"] == "b"
    assert revision.metadata.owner_references[0].name == "iris"
    assert revision.spec.container_concurrency == 0
    assert names(bench) == ("iris-00001", None)
    assert read(bench) == ("Unknown", None)


def test_a_ready_revision_makes_it_ready(bench):
    bench.reconcile("iris")
    report(bench, "iris-00001")
    assert names(bench) == ("iris-00001", "iris-00001")
    assert read(bench) == ("True", None)
    assert 'LatestReadyUpdate: LatestReadyRevisionName updated to "iris-00001"' in bench.events()


def test_a_failed_revision_keeps_the_ready_one(bench):
    bench.reconcile("iris")
    report(bench, "iris-00001")
    change(bench, "two")
    assert read(bench) == ("Unknown", None)
    report(bench, "iris-00002", "False", "boom")
    assert names(bench) == ("iris-00002", "iris-00001")
    assert read(bench) == ("False", "RevisionFailed")
    found = find_condition(get(bench).status.conditions, "Ready")
    assert found.message == 'Revision "iris-00002" failed with message: boom.'
    assert 'LatestCreatedFailed: Latest created revision "iris-00002" has failed' in bench.events()


@pytest.mark.parametrize(
    ("reason", "shown"), [("EngineUnavailable", "EngineUnavailable"), ("Deploying", None)]
)
def test_only_an_engine_that_is_away_is_told_before_the_revision_is_decided(bench, reason, shown):
    bench.reconcile("iris")
    revision = bench.store.get(Revision, "iris-00001", "default")
    waits = Condition(type="Ready", status="Unknown", reason=reason, message="start it")
    bench.put_status(revision.replaced(status=revision.status.replaced(conditions=(waits,))))
    bench.reconcile("iris")
    assert read(bench) == ("Unknown", shown)


def test_the_newest_ready_revision_counts(bench):
    bench.reconcile("iris")
    change(bench, "two")
    change(bench, "three")
    report(bench, "iris-00002")
    assert names(bench) == ("iris-00003", "iris-00002")
    report(bench, "iris-00001")
    assert names(bench) == ("iris-00003", "iris-00002")
    report(bench, "iris-00003")
    assert names(bench) == ("iris-00003", "iris-00003")


def test_a_deleted_latest_revision_is_made_again(bench):
    bench.reconcile("iris")
    bench.store.delete(Revision, "iris-00001", "default")
    bench.reconcile("iris")
    assert bench.store.find(Revision, "iris-00001", "default") is not None


def test_the_template_may_name_the_revision(bench):
    bench.reconcile("iris")
    change(bench, "two", name="iris-mine")
    assert names(bench)[0] == "iris-mine"
    report(bench, "iris-mine")
    assert read(bench) == ("True", None)


def test_a_name_of_anothers_revision_is_refused(bench):
    bench.given(Revision(metadata=ObjectMeta(name="iris-00001", namespace="default")))
    bench.reconcile("iris")
    assert read(bench) == ("False", "RevisionFailed")
    found = find_condition(get(bench).status.conditions, "Ready")
    assert found.message.endswith('"iris-00001" already exists.')
