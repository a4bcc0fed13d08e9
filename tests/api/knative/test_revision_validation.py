"""Revision specs are checked as Knative's webhook does it."""

import pytest

from kfsim.api.core import (
    Container,
    ContainerPort,
    EnvFromSource,
    EnvVar,
    ExecAction,
    HTTPGetAction,
    Probe,
    TCPSocketAction,
    VolumeMount,
)
from kfsim.api.knative.revision_validation import validate_revision_spec
from kfsim.api.knative.serving import RevisionSpec

_OK = Container(name="c", image="i")


def _spec(container: Container, **changes: object) -> RevisionSpec:
    return RevisionSpec(containers=(container,)).replaced(**changes)


@pytest.mark.parametrize(
    ("spec", "field", "message"),
    [
        pytest.param(RevisionSpec(), "containers", "missing field(s)", id="no-container"),
        pytest.param(
            _spec(_OK.replaced(image=None)), "containers[0].image", "missing field(s)", id="image"
        ),
        pytest.param(
            _spec(_OK, timeout_seconds=601), "timeoutSeconds", "expected 0 <= 601 <= 600", id="long"
        ),
        pytest.param(
            _spec(_OK, container_concurrency=-1),
            "containerConcurrency",
            "expected 0 <= -1 <= 1000",
            id="concurrency",
        ),
        pytest.param(
            _spec(_OK.replaced(ports=(ContainerPort(container_port=8012),))),
            "containers[0].ports.containerPort",
            "8012 is a reserved port",
            id="reserved-port",
        ),
        pytest.param(
            _spec(_OK.replaced(ports=(ContainerPort(name="grpc", container_port=1),))),
            "containers[0].ports",
            "Port name grpc is not allowed",
            id="port-name",
        ),
        pytest.param(
            _spec(_OK.replaced(env=(EnvVar(name="PORT"),))),
            "containers[0].env[0].name",
            '"PORT" is a reserved environment variable',
            id="reserved-env",
        ),
        pytest.param(
            _spec(_OK.replaced(env_from=(EnvFromSource(),))),
            "containers[0].envFrom[0]",
            "expected exactly one, got neither",
            id="env-from",
        ),
        pytest.param(
            _spec(_OK.replaced(name="queue-proxy")),
            "containers[0].name",
            "reserved container name",
            id="reserved-name",
        ),
        pytest.param(
            _spec(_OK.replaced(volume_mounts=(VolumeMount(name="v", mount_path="/v"),))),
            "containers[0].volumeMounts[0].name",
            "no matching volume",
            id="no-volume",
        ),
        pytest.param(
            _spec(_OK.replaced(readiness_probe=Probe(exec=ExecAction(), timeout_seconds=1))),
            "containers[0].readinessProbe.timeoutSeconds",
            "timeoutSeconds is disallowed when periodSeconds is zero",
            id="fast-probe-timeout",
        ),
        pytest.param(
            _spec(
                _OK.replaced(liveness_probe=Probe(exec=ExecAction(), tcp_socket=TCPSocketAction()))
            ),
            "containers[0].livenessProbe",
            "expected exactly one, got both",
            id="two-handlers",
        ),
        pytest.param(
            _spec(_OK.replaced(readiness_probe=Probe(http_get=HTTPGetAction(port="metrics")))),
            "containers[0].readinessProbe.httpGet.port",
            "Probe port must match container port",
            id="probe-port",
        ),
    ],
)
def test_bad_specs(spec: RevisionSpec, field: str, message: str) -> None:
    causes = validate_revision_spec(spec)
    assert [cause.field for cause in causes] == [field]
    assert message in causes[0].message


def test_one_port_over_all_containers() -> None:
    ported = _OK.replaced(ports=(ContainerPort(container_port=1),))
    side = _OK.replaced(name="side")
    assert validate_revision_spec(RevisionSpec(containers=(ported, side))) == []
    none = validate_revision_spec(RevisionSpec(containers=(_OK, side)))
    two = validate_revision_spec(RevisionSpec(containers=(ported, ported.replaced(name="side"))))
    assert none[0].field == two[0].field == "containers[*].ports"


def test_container_names_are_unique() -> None:
    ported = _OK.replaced(ports=(ContainerPort(container_port=1),))
    causes = validate_revision_spec(RevisionSpec(containers=(ported, _OK)))
    assert causes[0].message == 'duplicate container name "c"'


def test_init_containers_have_no_probes() -> None:
    spec = _spec(_OK, init_containers=(Container(name="i", image="x", readiness_probe=Probe()),))
    assert [cause.field for cause in validate_revision_spec(spec)] == [
        "initContainers[0].readinessProbe"
    ]
