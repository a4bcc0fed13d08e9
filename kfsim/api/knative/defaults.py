"""Defaulting of serving.knative.dev/v1, as Knative's mutating webhook does it.

Sources: pkg/apis/serving/v1/{service,configuration,revision,route}_defaults.go with the default
config-features; `defaults` is config-defaults. Defaulting twice changes nothing. An object written
by a controller has not passed a webhook, so controllers default what they copy.
"""

from collections.abc import Sequence

from kfsim.api.config.defaults import DefaultsConfig
from kfsim.api.core import (
    Container,
    Probe,
    ResourceRequirements,
    TCPSocketAction,
    Volume,
    VolumeMount,
)
from kfsim.api.knative.serving import (
    Configuration,
    ConfigurationSpec,
    Revision,
    RevisionSpec,
    RevisionTemplateSpec,
    Route,
    Service,
    TrafficTarget,
)

_USER_CONTAINER = "user-container"
_INIT_CONTAINER = "init-container"
_PERIOD_FAILURE_THRESHOLD = 3


_DEFAULTS = DefaultsConfig()


def default_service(
    service: Service, old: Service | None = None, *, defaults: DefaultsConfig = _DEFAULTS
) -> Service:
    """Default template and traffic; without traffic, all goes to the latest revision."""
    spec = service.spec
    template = _defaulted_template(
        spec.template, old.spec.template if old is not None else None, defaults
    )
    traffic = default_traffic(spec.traffic) or (TrafficTarget(latest_revision=True, percent=100),)
    if template is spec.template and traffic is spec.traffic:
        return service
    return service.replaced(spec=spec.replaced(template=template, traffic=traffic))


def default_configuration(
    configuration: Configuration,
    old: Configuration | None = None,
    *,
    defaults: DefaultsConfig = _DEFAULTS,
) -> Configuration:
    spec = configuration.spec
    template = _defaulted_template(
        spec.template, old.spec.template if old is not None else None, defaults
    )
    if template is spec.template:
        return configuration
    return configuration.replaced(spec=ConfigurationSpec(template=template))


def default_revision(
    revision: Revision, old: Revision | None = None, *, defaults: DefaultsConfig = _DEFAULTS
) -> Revision:
    """A Revision's spec is immutable, so only a new one is defaulted."""
    if old is not None:
        return revision
    spec = default_revision_spec(revision.spec, defaults=defaults)
    return revision if spec is revision.spec else revision.replaced(spec=spec)


def default_route(route: Route, old: Route | None = None) -> Route:
    traffic = default_traffic(route.spec.traffic)
    if traffic is route.spec.traffic:
        return route
    return route.replaced(spec=route.spec.replaced(traffic=traffic))


def default_traffic(traffic: tuple[TrafficTarget, ...]) -> tuple[TrafficTarget, ...]:
    """A target without a revision floats with the latest; a missing percent is 0."""
    if all(each.latest_revision is not None and each.percent is not None for each in traffic):
        return traffic
    return tuple(
        target.replaced(
            latest_revision=not target.revision_name
            if target.latest_revision is None
            else target.latest_revision,
            percent=target.percent or 0,
        )
        for target in traffic
    )


def default_revision_spec(
    spec: RevisionSpec, *, defaults: DefaultsConfig = _DEFAULTS
) -> RevisionSpec:
    """Timeouts, concurrency, container names, probes and read-only mounts."""
    timeout = spec.timeout_seconds or defaults.timeout
    taken = {each.name for each in (*spec.containers, *spec.init_containers)}
    wanted = {
        "timeout_seconds": timeout,
        "response_start_timeout_seconds": _bounded(
            spec.response_start_timeout_seconds, defaults.response_start_timeout, timeout
        ),
        "idle_timeout_seconds": _bounded(spec.idle_timeout_seconds, defaults.idle_timeout, timeout),
        "container_concurrency": defaults.container_concurrency
        if spec.container_concurrency is None
        else spec.container_concurrency,
        "enable_service_links": defaults.enable_service_links
        if spec.enable_service_links is None
        else spec.enable_service_links,
        "containers": _defaulted_containers(
            _named(spec.containers, _USER_CONTAINER, taken), spec.volumes, defaults
        ),
        "init_containers": _named(spec.init_containers, _INIT_CONTAINER, taken),
    }
    changes = {name: value for name, value in wanted.items() if getattr(spec, name) != value}
    return spec.replaced(**changes) if changes else spec


def _defaulted_template(
    template: RevisionTemplateSpec, old: RevisionTemplateSpec | None, defaults: DefaultsConfig
) -> RevisionTemplateSpec:
    name = template.metadata.name
    if old is not None and name and name == old.metadata.name:
        return template  # new defaults must not look like a change under the same name
    spec = default_revision_spec(template.spec, defaults=defaults)
    return template if spec is template.spec else template.replaced(spec=spec)


def _bounded(given: int | None, default: int, timeout: int) -> int | None:
    """A default counts only below the revision's own timeout."""
    if given is None and 0 < default < timeout:
        return default
    return given


def _named(
    containers: tuple[Container, ...], default: str, taken: set[str]
) -> tuple[Container, ...]:
    if all(container.name for container in containers):
        return containers
    named: list[Container] = []
    suffix = 0
    for container in containers:
        name = container.name
        if not name:
            name = default
            while len(containers) > 1 or name in taken:
                name = f"{default}-{suffix}"
                suffix += 1
                if name not in taken:
                    break
        named.append(container.replaced(name=name))
    return tuple(named)


def _defaulted_containers(
    containers: tuple[Container, ...], volumes: Sequence[Volume], defaults: DefaultsConfig
) -> tuple[Container, ...]:
    writable = {
        volume.name
        for volume in volumes
        if volume.empty_dir is not None
        or volume.persistent_volume_claim is not None
        or volume.ephemeral is not None
    }
    return tuple(
        _with_resources(
            _defaulted_container(
                container, serving=len(containers) == 1 or bool(container.ports), writable=writable
            ),
            defaults,
        )
        for container in containers
    )


def _defaulted_container(container: Container, *, serving: bool, writable: set[str]) -> Container:
    wanted = {
        "readiness_probe": _defaulted_readiness(container.readiness_probe, serving=serving),
        "liveness_probe": _with_grpc_service(container.liveness_probe),
        "startup_probe": _with_grpc_service(container.startup_probe),
        "volume_mounts": tuple(
            _defaulted_mount(each, writable) for each in container.volume_mounts
        ),
    }
    changes = {name: value for name, value in wanted.items() if getattr(container, name) != value}
    return container.replaced(**changes) if changes else container


def _with_resources(container: Container, defaults: DefaultsConfig) -> Container:
    if not defaults.requests and not defaults.limits:
        return container
    given = container.resources or ResourceRequirements()
    resources = given.replaced(
        requests={**defaults.requests, **given.requests},
        limits={**defaults.limits, **given.limits},
    )
    return container if resources == given else container.replaced(resources=resources)


def _defaulted_mount(mount: VolumeMount, writable: set[str]) -> VolumeMount:
    if mount.name in writable or mount.read_only:
        return mount
    return mount.replaced(read_only=True)


def _defaulted_readiness(probe: Probe | None, *, serving: bool) -> Probe | None:
    """The serving container is at least probed for an open port."""
    if probe is None:
        if not serving:
            return None
        probe = Probe()
    changes: dict[str, object] = {}
    if serving and not (probe.tcp_socket or probe.http_get or probe.exec or probe.grpc):
        changes["tcp_socket"] = TCPSocketAction()
    if not probe.success_threshold:
        changes["success_threshold"] = 1
    if probe.period_seconds:
        if not probe.failure_threshold:
            changes["failure_threshold"] = _PERIOD_FAILURE_THRESHOLD
        if not probe.timeout_seconds:
            changes["timeout_seconds"] = 1
    return _with_grpc_service(probe.replaced(**changes) if changes else probe)


def _with_grpc_service(probe: Probe | None) -> Probe | None:
    if probe is None or probe.grpc is None or probe.grpc.service is not None:
        return probe
    return probe.replaced(grpc=probe.grpc.replaced(service=""))
