"""The whole chain in virtual time: a manifest comes up, is edited, split, promoted, rolled back."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from kfsim.api.admission import admit
from kfsim.api.conditions import find_condition, is_true
from kfsim.api.core import Pod
from kfsim.api.knative.serving import Revision
from kfsim.api.kserve.types import ClusterServingRuntime, InferenceService
from kfsim.api.scheme import kind_of
from kfsim.base.entropy import SeededEntropy
from kfsim.base.types import ReplicaKey, RevisionKey
from kfsim.cluster import Cluster
from kfsim.controllers.inferenceservice import explain
from kfsim.controllers.runtime import Key
from kfsim.simulation.backend import SimulatedBackend
from kfsim.simulation.loop import run_virtual, running_loop
from kfsim.simulation.scripts import ReplicaScript, StartFailure
from kfsim.store import Store
from kfsim.testing.ports import FakeDrainGate, RecordingRouteSink, ScriptedStatSource

V1, V2, V3 = (f"iris-predictor-0000{number}" for number in (1, 2, 3))


class Chain:
    """One InferenceService over all controllers and a simulated backend."""

    def __init__(self) -> None:
        clock = running_loop().clock
        entropy = SeededEntropy(1)
        self.store = Store(clock=clock, entropy=entropy)
        self.backend = SimulatedBackend(
            clock=clock, entropy=entropy, default=ReplicaScript(load=0.5)
        )
        self.routes = RecordingRouteSink()
        self.cluster = Cluster(
            store=self.store,
            clock=clock,
            entropy=entropy,
            backend=self.backend,
            route_sink=self.routes,
            stat_source=ScriptedStatSource(),
            drain_gate=DrainedAtOnce(),
            gateway_port=lambda: 8080,
            start_limit=4,
        )

    async def apply(self, uri: str, **predictor: Any) -> InferenceService:
        """As the API surface does it; then a while passes."""
        model = {"modelFormat": {"name": "sklearn"}, "storageUri": uri}
        wanted = InferenceService.model_validate(
            {
                "metadata": {"name": "iris", "namespace": "default"},
                "spec": {"predictor": {"model": model, "minReplicas": 1, **predictor}},
            }
        )
        old = self.store.find(InferenceService, "iris", "default")
        admitted = admit(kind_of(InferenceService), wanted, old)
        if old is None:
            self.store.create(admitted)
        else:
            self.store.update(admitted)
        return await self.passes(20)

    async def passes(self, seconds: float) -> InferenceService:
        await asyncio.sleep(seconds)
        await self.cluster.dispatcher.until_idle()
        return self.isvc

    @property
    def isvc(self) -> InferenceService:
        return self.store.get(InferenceService, "iris", "default")

    def shares(self) -> list[tuple[str | None, int | None]]:
        traffic = self.isvc.status.components["predictor"].traffic
        return [(target.revision_name, target.percent) for target in traffic]

    def routed(self) -> dict[str, int]:
        """What the data plane does with the InferenceService's own host."""
        split = self.routes.table.hosts["iris.default"].split
        return {share.revision.name: share.percent for share in split if share.percent}


class DrainedAtOnce(FakeDrainGate):
    def begin(self, replica: ReplicaKey, *, grace: float, done: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_soon(done)


@pytest.fixture
def tell() -> Callable[[Callable[[Chain], Awaitable[None]]], None]:
    """Run a story on a started chain."""

    def run(story: Callable[[Chain], Awaitable[None]]) -> None:
        async def main() -> None:
            chain = Chain()
            await chain.cluster.start()
            try:
                await story(chain)
            finally:
                await chain.cluster.close()

        run_virtual(main())

    return run


def test_a_manifest_becomes_a_ready_service(tell):
    async def story(chain):
        isvc = await chain.apply("gs://m/1")

        assert is_true(isvc.status.conditions), isvc.status.conditions
        assert isvc.status.url == "http://iris.default.localhost:8080"
        assert isvc.status.model_status.transition_status == "UpToDate"
        assert isvc.status.model_status.copies.total_copies == 1
        assert chain.routed() == {V1: 100}
        headers = dict(chain.routes.table.hosts["iris.default"].append_headers)
        assert headers["KServe-Isvc-Name"] == "iris"
        (pod,) = chain.store.list(Pod)
        names = [c.name for c in pod.spec.containers]
        assert names[0] == "kserve-container"
        assert [c.name for c in pod.spec.init_containers] == ["storage-initializer"]

    tell(story)


def test_reconciling_again_writes_nothing(tell):
    async def story(chain):
        await chain.apply("gs://m/1")
        version = chain.store.resource_version
        chain.cluster.dispatcher.enqueue("inferenceservice", Key("default", "iris"))
        await chain.cluster.dispatcher.until_idle()

        assert chain.store.resource_version == version

    tell(story)


def test_every_step_of_a_canary(tell):
    async def story(chain):
        await chain.apply("gs://m/1", canaryTrafficPercent=10)
        assert {name for name, _ in chain.shares()} == {V1}

        await chain.apply("gs://m/2", canaryTrafficPercent=10)
        assert chain.shares() == [(V2, 10), (V1, 90)]
        assert chain.routed() == {V2: 10, V1: 90}

        await chain.apply("gs://m/2", canaryTrafficPercent=50)
        assert chain.shares() == [(V2, 50), (V1, 50)]
        assert len(chain.store.list(Revision)) == 2

        await chain.apply("gs://m/2")
        assert chain.shares() == [(V2, 100)]

        await chain.apply("gs://m/2", canaryTrafficPercent=0)
        assert chain.shares() == [(V2, 0), (V1, 100)]
        assert chain.routed() == {V1: 100}

        await chain.apply("gs://m/1", canaryTrafficPercent=30)
        assert chain.shares() == [(V3, 30), (V1, 70)]
        assert is_true(chain.isvc.status.conditions)

    tell(story)


def test_promotion_and_edit_in_one_write_do_not_roll_back(tell):
    async def story(chain):
        await chain.apply("gs://m/1")
        await chain.apply("gs://m/2")
        assert chain.isvc.status.components["predictor"].previous_rolledout_revision == V1

        await chain.apply("gs://m/3", canaryTrafficPercent=10)
        assert chain.shares() == [(V3, 10), (V2, 90)]

    tell(story)


def _first(chain, **script):
    """What replicas of the first revision do."""
    chain.backend.script(RevisionKey("default", V1), ReplicaScript(load=0.5, **script))


def _not_ready(obj, type_="Ready"):
    found = find_condition(obj.status.conditions, type_)
    return found.status, found.reason, found.message or ""


def test_an_image_that_cannot_be_pulled_is_told_up_the_chain_in_the_registrys_words(tell):
    async def story(chain):
        words = "manifest for registry.example/iris:9 not found: manifest unknown"
        _first(chain, start_failure=StartFailure("ErrImagePull", words))
        isvc = await chain.apply("gs://m/1")

        failure = isvc.status.model_status.last_failure_info
        assert failure.reason == "RuntimeUnhealthy"
        assert failure.message.startswith(("ErrImagePull: ", "ImagePullBackOff: "))
        assert words in failure.message
        assert isvc.status.model_status.transition_status == "BlockedByFailedLoad"
        status, reason, message = _not_ready(chain.store.get(Revision, V1, "default"))
        assert (status, reason) == ("False", "ContainerMissing")
        assert message.startswith("Unable to fetch image ")
        status, reason, message = _not_ready(isvc, "PredictorConfigurationReady")
        assert status == "False"
        assert words in message

    tell(story)


def test_a_container_killed_for_memory_is_told_up_the_chain(tell):
    async def story(chain):
        _first(
            chain,
            crashes_after=(0.2,) * 9,
            crash_exit_code=137,
            crash_message="",
            crash_reason="OOMKilled",
        )
        isvc = await chain.apply("gs://m/1")

        failure = isvc.status.model_status.last_failure_info
        assert (failure.reason, failure.message) == ("ModelLoadFailed", "OOMKilled")
        assert failure.exit_code == 137
        status, reason, message = _not_ready(chain.store.get(Revision, V1, "default"))
        assert (status, reason) == ("False", "ExitCode137")
        assert message == "Container failed with: OOMKilled"
        status, reason, message = _not_ready(isvc, "PredictorConfigurationReady")
        assert status == "False"
        assert "Container failed with: OOMKilled" in message

    tell(story)


def test_an_engine_that_is_away_is_told_up_the_chain_until_it_is_back(tell):
    async def story(chain):
        words = "no Docker engine answers; start it"
        _first(chain, start_failure=StartFailure("EngineUnavailable", words))
        isvc = await chain.apply("gs://m/1")

        failure = isvc.status.model_status.last_failure_info
        assert failure.message == f"EngineUnavailable: {words}"
        assert isvc.status.model_status.transition_status == "InProgress"
        revision = chain.store.get(Revision, V1, "default")
        assert _not_ready(revision) == ("Unknown", "EngineUnavailable", words)
        status, reason, message = _not_ready(isvc, "PredictorConfigurationReady")
        assert (status, reason, message) == ("Unknown", "EngineUnavailable", words)

        isvc = await chain.passes(200)
        (key,) = chain.backend.replicas  # kept, and not tried again from here
        chain.backend._replicas[key].script = ReplicaScript(load=0.5)
        await chain.backend.restart_container(key, "kserve-container")  # it goes on by itself
        isvc = await chain.passes(5)
        assert is_true(isvc.status.conditions)
        assert isvc.status.model_status.transition_status == "UpToDate"
        assert is_true(chain.store.get(Revision, V1, "default").status.conditions)

    tell(story)


def test_a_revision_that_fails_to_load_gets_no_traffic(tell):
    async def story(chain):
        await chain.apply("gs://m/1")
        chain.backend.script(
            RevisionKey("default", V2), ReplicaScript(load=0.5, failing_loads=1000)
        )
        isvc = await chain.apply("gs://m/2")

        assert chain.routed() == {V1: 100}
        assert isvc.status.url is not None
        status = isvc.status.model_status
        assert status.transition_status == "BlockedByFailedLoad"
        assert status.last_failure_info.reason == "ModelLoadFailed"
        assert status.last_failure_info.model_revision_name == V2
        assert status.states.active_model_state == "Loaded"
        answer = explain(chain.store, "default", "iris")
        assert [revision["name"] for revision in answer["revisions"]] == [V1, V2]
        assert "kserve-container" in answer["revisions"][1]["pods"][0]["containers"][0]
        assert answer["notReady"][0]["type"] == "PredictorReady"
        assert answer["traffic"][0]["reason"] == f"{V2} is not ready, so the last ready one"

    tell(story)


def test_a_failing_download_is_told_in_the_model_status(tell):
    async def story(chain):
        chain.backend.script(
            RevisionKey("default", V1), ReplicaScript(failing_initializations=1000)
        )
        isvc = await chain.apply("gs://m/1")

        assert isvc.status.model_status.transition_status == "BlockedByFailedLoad"
        assert isvc.status.model_status.states.target_model_state == "FailedToLoad"
        assert not is_true(isvc.status.conditions)

    tell(story)


def test_a_changed_runtime_makes_a_revision(tell):
    async def story(chain):
        await chain.apply("gs://m/1")
        runtime = chain.store.get(ClusterServingRuntime, "kserve-sklearnserver")
        (container,) = runtime.spec.containers
        changed = container.replaced(image="kserve/sklearnserver:other")
        chain.store.update(runtime.replaced(spec=runtime.spec.replaced(containers=(changed,))))
        isvc = await chain.passes(20)

        assert isvc.status.components["predictor"].latest_ready_revision == V2

    tell(story)


def test_stop_and_resume(tell):
    async def story(chain):
        isvc = await chain.apply("gs://m/1")
        key = "serving.kserve.io/stop"
        stopped = isvc.metadata.replaced(annotations={**isvc.metadata.annotations, key: "true"})
        chain.store.update(isvc.replaced(metadata=stopped))
        isvc = await chain.passes(60)
        assert find_condition(isvc.status.conditions, "Stopped").status == "True"
        assert chain.store.list(Pod) == ()
        assert "iris.default" not in chain.routes.table.hosts

        running = isvc.metadata.replaced(annotations={**isvc.metadata.annotations, key: "false"})
        chain.store.update(isvc.replaced(metadata=running))
        isvc = await chain.passes(20)
        assert is_true(isvc.status.conditions)

    tell(story)
