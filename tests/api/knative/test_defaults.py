"""Knative objects are defaulted as the webhook does it."""

from kfsim.api.config.defaults import DefaultsConfig
from kfsim.api.core import (
    Container,
    ContainerPort,
    EmptyDirVolume,
    Probe,
    ResourceRequirements,
    Volume,
    VolumeMount,
)
from kfsim.api.knative.defaults import (
    default_configuration,
    default_revision,
    default_revision_spec,
    default_route,
    default_service,
)
from kfsim.api.knative.serving import (
    Configuration,
    ConfigurationSpec,
    Revision,
    RevisionSpec,
    RevisionTemplateSpec,
    Route,
    RouteSpec,
    Service,
    ServiceSpec,
    TrafficTarget,
)
from kfsim.api.meta import ObjectMeta

_SPEC = RevisionSpec(containers=(Container(image="a"),))


def test_a_bare_service_gets_a_whole_spec() -> None:
    service = default_service(Service(spec=ServiceSpec(template=RevisionTemplateSpec(spec=_SPEC))))
    spec = service.spec.template.spec
    assert spec.timeout_seconds == 300
    assert spec.container_concurrency == 0
    assert spec.response_start_timeout_seconds is None  # the default is not below the timeout
    assert spec.containers[0].name == "user-container"
    probe = spec.containers[0].readiness_probe
    assert probe is not None
    assert probe.tcp_socket is not None
    assert probe.success_threshold == 1
    assert service.spec.traffic == (TrafficTarget(latest_revision=True, percent=100),)


def test_defaulting_twice_changes_nothing() -> None:
    once = default_service(Service(spec=ServiceSpec(template=RevisionTemplateSpec(spec=_SPEC))))
    assert default_service(once) is once


def test_traffic_is_completed() -> None:
    route = default_route(
        Route(
            spec=RouteSpec(
                traffic=(
                    TrafficTarget(revision_name="r", percent=100),
                    TrafficTarget(configuration_name="c"),
                )
            )
        )
    )
    assert [(each.latest_revision, each.percent) for each in route.spec.traffic] == [
        (False, 100),
        (True, 0),
    ]


def test_several_nameless_containers_are_numbered() -> None:
    spec = default_revision_spec(
        RevisionSpec(
            containers=(
                Container(image="a", ports=(ContainerPort(container_port=1),)),
                Container(image="b", name="user-container-0"),
                Container(image="c"),
            )
        )
    )
    assert [each.name for each in spec.containers] == [
        "user-container-1",
        "user-container-0",
        "user-container-2",
    ]
    assert [each.readiness_probe is not None for each in spec.containers] == [True, False, False]


def test_a_timed_probe_gets_kubernetes_thresholds() -> None:
    spec = default_revision_spec(
        RevisionSpec(containers=(Container(readiness_probe=Probe(period_seconds=5)),))
    )
    probe = spec.containers[0].readiness_probe
    assert probe is not None
    assert (probe.failure_threshold, probe.timeout_seconds) == (3, 1)


def test_mounts_are_read_only_unless_the_volume_is_for_writing() -> None:
    mounts = (VolumeMount(name="scratch", mount_path="/s"), VolumeMount(name="x", mount_path="/x"))
    spec = default_revision_spec(
        RevisionSpec(
            volumes=(Volume(name="scratch", empty_dir=EmptyDirVolume()), Volume(name="x")),
            containers=(Container(volume_mounts=mounts),),
        )
    )
    assert [each.read_only for each in spec.containers[0].volume_mounts] == [None, True]


def test_a_kept_revision_name_is_not_defaulted_again() -> None:
    template = RevisionTemplateSpec(metadata=ObjectMeta(name="a-one"), spec=_SPEC)
    configuration = Configuration(spec=ConfigurationSpec(template=template))
    assert default_configuration(configuration, configuration) is configuration
    assert default_configuration(configuration).spec.template.spec.timeout_seconds == 300


def test_only_a_new_revision_is_defaulted() -> None:
    revision = Revision(spec=_SPEC)
    assert default_revision(revision, revision) is revision
    assert default_revision(revision).spec.timeout_seconds == 300


def test_config_defaults_fill_in_what_is_not_said() -> None:
    defaults = DefaultsConfig.parse(
        {
            "revision-timeout-seconds": "60",
            "revision-idle-timeout-seconds": "10",
            "enable-service-links": "true",
            "revision-cpu-request": "400m",
            "revision-memory-limit": "1Gi",
        }
    )
    spec = default_revision_spec(_SPEC, defaults=defaults)
    assert (spec.timeout_seconds, spec.idle_timeout_seconds) == (60, 10)
    assert spec.enable_service_links is True
    assert spec.containers[0].resources == ResourceRequirements(
        requests={"cpu": "400m"}, limits={"memory": "1Gi"}
    )
    given = ResourceRequirements(requests={"cpu": "1"})
    own = _SPEC.replaced(containers=(_SPEC.containers[0].replaced(resources=given),))
    resources = default_revision_spec(own, defaults=defaults).containers[0].resources
    assert resources is not None
    assert resources.requests == {"cpu": "1"}
