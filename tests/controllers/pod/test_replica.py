import pytest

from kfsim.api.core import (
    ConfigMapVolume,
    Container,
    ContainerPort,
    EnvVar,
    EnvVarSource,
    FieldRef,
    Pod,
    PodSpec,
    Volume,
)
from kfsim.api.meta import ObjectMeta
from kfsim.base.types import ReplicaKey, RevisionKey
from kfsim.controllers.pod.environment import MissingReference
from kfsim.controllers.pod.replica import Replica, Stage, all_ended, make_replica_spec
from kfsim.replicas import lifecycle
from kfsim.replicas.backend import ReplicaEvent, ReplicaEventKind

NAME = EnvVar(name="N", value_from=EnvVarSource(field_ref=FieldRef(field_path="metadata.name")))
POD = Pod(
    metadata=ObjectMeta(
        name="iris",
        namespace="default",
        uid="u",
        labels={"serving.knative.dev/revision": "iris-00001"},
    ),
    spec=PodSpec(
        init_containers=(Container(name="fetch", env=(NAME,)),),
        containers=(
            Container(name="c", env=(NAME,), ports=(ContainerPort(container_port=9000),)),
            Container(name="queue-proxy"),
        ),
    ),
)


class Nothing:
    def config_map(self, name):
        return None

    def secret(self, name):
        return None


def test_a_spec_has_plain_values_and_no_queue_proxy():
    spec = make_replica_spec(POD, Nothing())
    assert spec.key == ReplicaKey("default", "iris")
    assert spec.revision == RevisionKey("default", "iris-00001")
    assert (spec.serving_container, spec.serving_port) == ("c", 9000)
    assert [each.name for each in spec.pod.spec.containers] == ["c"]
    assert spec.pod.spec.containers[0].env[0].value == "iris"
    assert spec.pod.spec.init_containers[0].env[0].value == "iris"


def test_a_missing_volume_is_raised():
    volumes = (Volume(name="v", config_map=ConfigMapVolume(name="none")),)
    with pytest.raises(MissingReference):
        make_replica_spec(POD.replaced(spec=POD.spec.replaced(volumes=volumes)), Nothing())


def make_replica(**spec):
    pod = POD.replaced(spec=POD.spec.replaced(**spec))
    state = lifecycle.begin_replica(pod, wall=0.0)
    return Replica(ReplicaKey("default", "iris"), "u", pod, state, Stage.LIVE)


def test_defaults_of_a_pod():
    replica = make_replica()
    assert (replica.grace, replica.restart_policy, replica.ending) == (30.0, "Always", False)
    assert replica.where == "iris_default(u)"
    assert make_replica(termination_grace_period_seconds=0).grace == 0.0


def test_only_real_containers_count_as_running():
    replica = make_replica()
    assert list(replica.running_containers()) == []
    started = ReplicaEvent(replica.key, "u", ReplicaEventKind.STARTED, "c")
    replica.state = lifecycle.observe(replica.state, started, wall=1.0, now=1.0)
    assert [each.name for each in replica.running_containers()] == ["c"]
    assert replica.container("queue-proxy") is None


def test_what_ran_was_killed_with_the_replica():
    replica = make_replica()
    started = ReplicaEvent(replica.key, "u", ReplicaEventKind.STARTED, "c")
    state = all_ended(lifecycle.observe(replica.state, started, wall=1.0, now=1.0), wall=9.0)
    phase = state.find("c").phase
    assert (phase.exit_code, phase.started, phase.finished) == (137, 1.0, 9.0)
    assert isinstance(state.find("fetch").phase, lifecycle.Waiting)
