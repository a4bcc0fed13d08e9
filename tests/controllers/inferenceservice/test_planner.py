"""Plans are made again exactly when something that goes into them changed."""

import pytest

from kfsim.api.kserve.builtin_runtimes import builtin_runtimes
from kfsim.api.kserve.types import ClusterServingRuntime, InferenceService
from kfsim.api.substitution import LocalMaps, MapRule
from kfsim.base.clock import RealClock
from kfsim.base.entropy import SeededEntropy
from kfsim.controllers.inferenceservice import planner
from kfsim.controllers.inferenceservice.planner import Planner
from kfsim.store import Store


@pytest.fixture
def store() -> Store:
    store = Store(clock=RealClock(), entropy=SeededEntropy(1))
    for runtime in builtin_runtimes():
        store.create(runtime)
    return store


def make_service(store: Store, name: str = "iris") -> InferenceService:
    return store.create(
        InferenceService.model_validate(
            {
                "metadata": {"name": name, "namespace": "default"},
                "spec": {
                    "predictor": {"model": {"modelFormat": {"name": "sklearn"}, "storageUri": "/m"}}
                },
            }
        )
    )


def test_a_changed_status_keeps_the_plan(store: Store) -> None:
    isvc, plans = make_service(store), Planner(store)
    first = plans.plan(isvc)
    assert first.selection is not None
    changed = store.update_status(isvc.replaced(status=isvc.status.replaced(url="http://x")))
    assert plans.plan(changed) is first


def test_a_changed_spec_label_or_annotation_makes_another(store: Store) -> None:
    isvc, plans = make_service(store), Planner(store)
    for changes in ({"labels": {"a": "b"}}, {"annotations": {"c": "d"}}):
        before = plans.plan(isvc)
        isvc = store.update(isvc.replaced(metadata=isvc.metadata.replaced(**changes)))
        assert plans.plan(isvc) is not before
    before = plans.plan(isvc)
    predictor = isvc.spec.predictor.replaced(timeout=7)
    isvc = store.update(isvc.replaced(spec=isvc.spec.replaced(predictor=predictor)))
    assert plans.plan(isvc) is not before
    assert plans.plan(isvc) is plans.plan(isvc)


def test_a_changed_runtime_makes_another(store: Store) -> None:
    isvc, plans = make_service(store), Planner(store)
    before = plans.plan(isvc)
    runtime = store.get(ClusterServingRuntime, "kserve-sklearnserver")
    store.update(runtime.replaced(spec=runtime.spec.replaced(disabled=True)))
    after = plans.plan(isvc)
    assert after.selection is not None
    assert before.selection is not None
    assert after.selection.chosen != before.selection.chosen


def test_only_the_latest_plans_are_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner, "_PLANS_KEPT", 2)
    plans = Planner(store)
    services = [make_service(store, name) for name in ("a", "b", "c")]
    first = [plans.plan(each) for each in services]
    assert plans.plan(services[2]) is first[2]
    assert plans.plan(services[0]) is not first[0]


def test_changed_maps_make_another(store: Store) -> None:
    isvc = make_service(store)
    now = LocalMaps()
    plans = Planner(store, lambda: now)
    before = plans.plan(isvc)
    assert plans.plan(isvc) is before
    now = LocalMaps(uris=((MapRule("/m", "/elsewhere", "--map"),),))
    after = plans.plan(isvc)
    assert [each.given for each in after.substitutions] == ["/elsewhere"]
    assert plans.plan(isvc) is after
