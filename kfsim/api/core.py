"""core/v1: Pods and what they need, Services, Endpoints, configuration objects, Events.

PodSpec is a closed list. Scheduling fields (nodeSelector, tolerations, affinity, …) are kept as
given and have no effect on a single host.
"""

from typing import Any, ClassVar

from pydantic import Field

from kfsim.api.meta import Condition, Model, Object, shared

Quantity = str | int | float
IntOrString = int | str


class KeySelector(Model):
    """configMapKeyRef and secretKeyRef."""

    name: str = ""
    key: str
    optional: bool | None = None


class FieldRef(Model):
    """Downward API: a field of the Pod."""

    api_version: str | None = None
    field_path: str


class ResourceFieldRef(Model):
    """Downward API: a container's resource."""

    container_name: str | None = None
    resource: str
    divisor: Quantity | None = None


class EnvVarSource(Model):
    config_map_key_ref: KeySelector | None = None
    secret_key_ref: KeySelector | None = None
    field_ref: FieldRef | None = None
    resource_field_ref: ResourceFieldRef | None = None


class EnvVar(Model):
    name: str
    value: str | None = None
    value_from: EnvVarSource | None = None


class EnvFromRef(Model):
    name: str = ""
    optional: bool | None = None


class EnvFromSource(Model):
    prefix: str | None = None
    config_map_ref: EnvFromRef | None = None
    secret_ref: EnvFromRef | None = None


class ContainerPort(Model):
    name: str | None = None
    container_port: int
    host_port: int | None = None
    host_ip: str | None = Field(default=None, alias="hostIP")
    protocol: str | None = None


class ResourceRequirements(Model):
    limits: dict[str, Quantity] = Field(default_factory=dict)
    requests: dict[str, Quantity] = Field(default_factory=dict)
    claims: tuple[Any, ...] = ()


class VolumeMount(Model):
    name: str
    mount_path: str
    sub_path: str | None = None
    sub_path_expr: str | None = None
    read_only: bool | None = None
    mount_propagation: str | None = None


class ExecAction(Model):
    command: tuple[str, ...] = ()


class HTTPHeader(Model):
    name: str
    value: str = ""


class HTTPGetAction(Model):
    path: str | None = None
    port: IntOrString | None = None
    host: str | None = None
    scheme: str | None = None
    http_headers: tuple[HTTPHeader, ...] = ()


class TCPSocketAction(Model):
    port: IntOrString | None = None
    host: str | None = None


class GRPCAction(Model):
    port: int
    service: str | None = None


class Probe(Model):
    """Timing in whole seconds; Kubernetes' defaults are applied by the reader."""

    exec: ExecAction | None = None
    http_get: HTTPGetAction | None = None
    tcp_socket: TCPSocketAction | None = None
    grpc: GRPCAction | None = None
    initial_delay_seconds: int | None = None
    timeout_seconds: int | None = None
    period_seconds: int | None = None
    success_threshold: int | None = None
    failure_threshold: int | None = None
    termination_grace_period_seconds: int | None = None


class SleepAction(Model):
    seconds: int


class LifecycleHandler(Model):
    exec: ExecAction | None = None
    http_get: HTTPGetAction | None = None
    tcp_socket: TCPSocketAction | None = None
    sleep: SleepAction | None = None


class Lifecycle(Model):
    post_start: LifecycleHandler | None = None
    pre_stop: LifecycleHandler | None = None


class Container(Model):
    name: str = ""
    image: str | None = None
    image_pull_policy: str | None = None
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    working_dir: str | None = None
    env: tuple[EnvVar, ...] = ()
    env_from: tuple[EnvFromSource, ...] = ()
    ports: tuple[ContainerPort, ...] = ()
    resources: ResourceRequirements | None = None
    volume_mounts: tuple[VolumeMount, ...] = ()
    volume_devices: tuple[Any, ...] = ()
    startup_probe: Probe | None = None
    readiness_probe: Probe | None = None
    liveness_probe: Probe | None = None
    lifecycle: Lifecycle | None = None
    security_context: dict[str, Any] | None = None
    termination_message_path: str | None = None
    termination_message_policy: str | None = None
    restart_policy: str | None = None
    stdin: bool | None = None
    stdin_once: bool | None = None
    tty: bool | None = None


class KeyToPath(Model):
    key: str
    path: str
    mode: int | None = None


class ConfigMapVolume(Model):
    name: str = ""
    items: tuple[KeyToPath, ...] = ()
    optional: bool | None = None
    default_mode: int | None = None


class SecretVolume(Model):
    secret_name: str = ""
    items: tuple[KeyToPath, ...] = ()
    optional: bool | None = None
    default_mode: int | None = None


class PersistentVolumeClaimVolume(Model):
    claim_name: str
    read_only: bool | None = None


class EmptyDirVolume(Model):
    medium: str | None = None
    size_limit: Quantity | None = None


class HostPathVolume(Model):
    path: str
    type: str | None = None


class Volume(Model):
    name: str
    empty_dir: EmptyDirVolume | None = None
    config_map: ConfigMapVolume | None = None
    secret: SecretVolume | None = None
    persistent_volume_claim: PersistentVolumeClaimVolume | None = None
    host_path: HostPathVolume | None = None
    projected: dict[str, Any] | None = None
    downward_api: dict[str, Any] | None = Field(default=None, alias="downwardAPI")
    csi: dict[str, Any] | None = None
    ephemeral: dict[str, Any] | None = None
    image: dict[str, Any] | None = None
    nfs: dict[str, Any] | None = None


class LocalObjectReference(Model):
    name: str = ""


class PodSpec(Model):
    containers: tuple[Container, ...] = ()
    init_containers: tuple[Container, ...] = ()
    volumes: tuple[Volume, ...] = ()
    service_account_name: str | None = None
    service_account: str | None = None
    automount_service_account_token: bool | None = None
    image_pull_secrets: tuple[LocalObjectReference, ...] = ()
    termination_grace_period_seconds: int | None = None
    restart_policy: str | None = None
    security_context: dict[str, Any] | None = None
    enable_service_links: bool | None = None
    node_selector: dict[str, str] | None = None
    node_name: str | None = None
    affinity: dict[str, Any] | None = None
    tolerations: tuple[Any, ...] = ()
    topology_spread_constraints: tuple[Any, ...] = ()
    priority_class_name: str | None = None
    priority: int | None = None
    preemption_policy: str | None = None
    runtime_class_name: str | None = None
    scheduler_name: str | None = None
    scheduling_gates: tuple[Any, ...] = ()
    dns_policy: str | None = None
    dns_config: dict[str, Any] | None = None
    host_aliases: tuple[Any, ...] = ()
    host_network: bool | None = None
    host_ipc: bool | None = Field(default=None, alias="hostIPC")
    host_pid: bool | None = Field(default=None, alias="hostPID")
    host_users: bool | None = None
    hostname: str | None = None
    subdomain: str | None = None
    set_hostname_as_fqdn: bool | None = Field(default=None, alias="setHostnameAsFQDN")
    share_process_namespace: bool | None = None
    active_deadline_seconds: int | None = None
    overhead: dict[str, Any] | None = None
    os: dict[str, Any] | None = None
    readiness_gates: tuple[Any, ...] = ()
    resource_claims: tuple[Any, ...] = ()
    resources: ResourceRequirements | None = None


class ContainerStateWaiting(Model):
    reason: str | None = None
    message: str | None = None


class ContainerStateRunning(Model):
    started_at: str | None = None


class ContainerStateTerminated(Model):
    exit_code: int
    signal: int | None = None
    reason: str | None = None
    message: str | None = None
    started_at: str | None = None
    finished_at: str | None = None
    container_id: str | None = Field(default=None, alias="containerID")


class ContainerState(Model):
    """Exactly one member is set."""

    waiting: ContainerStateWaiting | None = None
    running: ContainerStateRunning | None = None
    terminated: ContainerStateTerminated | None = None


class ContainerStatus(Model):
    name: str
    # Defaults are always written: kubectl reads `ready` and `restartCount` without a nil check.
    ready: bool | None = None
    started: bool | None = None
    restart_count: int | None = None
    image: str | None = None
    image_id: str | None = Field(default=None, alias="imageID")
    container_id: str | None = Field(default=None, alias="containerID")
    state: ContainerState | None = None
    last_state: ContainerState | None = None


class PodIP(Model):
    ip: str


class PodStatus(Model):
    """phase is Pending, Running, Succeeded, Failed or Unknown."""

    phase: str | None = None
    conditions: tuple[Condition, ...] = ()
    reason: str | None = None
    message: str | None = None
    host_ip: str | None = Field(default=None, alias="hostIP")
    pod_ip: str | None = Field(default=None, alias="podIP")
    pod_ips: tuple[PodIP, ...] = Field(default=(), alias="podIPs")
    start_time: str | None = None
    init_container_statuses: tuple[ContainerStatus, ...] = ()
    container_statuses: tuple[ContainerStatus, ...] = ()
    qos_class: str | None = None


class Pod(Object):
    """The record of one replica."""

    API_VERSION: ClassVar[str] = "v1"
    KIND: ClassVar[str] = "Pod"

    spec: PodSpec = Field(default_factory=shared(PodSpec))
    status: PodStatus = Field(default_factory=shared(PodStatus))


class ServicePort(Model):
    name: str | None = None
    protocol: str | None = None
    app_protocol: str | None = None
    port: int
    target_port: IntOrString | None = None
    node_port: int | None = None


class ServiceSpec(Model):
    type: str | None = None
    cluster_ip: str | None = Field(default=None, alias="clusterIP")
    cluster_ips: tuple[str, ...] = Field(default=(), alias="clusterIPs")
    external_name: str | None = None
    external_ips: tuple[str, ...] = Field(default=(), alias="externalIPs")
    selector: dict[str, str] = Field(default_factory=dict)
    ports: tuple[ServicePort, ...] = ()
    session_affinity: str | None = None
    internal_traffic_policy: str | None = None
    ip_families: tuple[str, ...] = ()
    ip_family_policy: str | None = None
    publish_not_ready_addresses: bool | None = None


class Service(Object):
    API_VERSION: ClassVar[str] = "v1"
    KIND: ClassVar[str] = "Service"

    spec: ServiceSpec = Field(default_factory=shared(ServiceSpec))
    status: dict[str, Any] = Field(default_factory=dict)


class ObjectReference(Model):
    api_version: str | None = None
    kind: str | None = None
    namespace: str | None = None
    name: str | None = None
    uid: str | None = None
    resource_version: str | None = None
    field_path: str | None = None


class EndpointAddress(Model):
    ip: str
    hostname: str | None = None
    node_name: str | None = None
    target_ref: ObjectReference | None = None


class EndpointPort(Model):
    name: str | None = None
    port: int
    protocol: str | None = None
    app_protocol: str | None = None


class EndpointSubset(Model):
    """Process replicas share 127.0.0.1 and differ by port, so each has a subset of its own."""

    addresses: tuple[EndpointAddress, ...] = ()
    not_ready_addresses: tuple[EndpointAddress, ...] = ()
    ports: tuple[EndpointPort, ...] = ()


class Endpoints(Object):
    API_VERSION: ClassVar[str] = "v1"
    KIND: ClassVar[str] = "Endpoints"

    subsets: tuple[EndpointSubset, ...] = ()


class ConfigMap(Object):
    API_VERSION: ClassVar[str] = "v1"
    KIND: ClassVar[str] = "ConfigMap"

    data: dict[str, str] = Field(default_factory=dict)
    binary_data: dict[str, str] = Field(default_factory=dict)
    immutable: bool | None = None


class Secret(Object):
    API_VERSION: ClassVar[str] = "v1"
    KIND: ClassVar[str] = "Secret"

    type: str | None = None
    data: dict[str, str] = Field(default_factory=dict)
    string_data: dict[str, str] = Field(default_factory=dict)
    immutable: bool | None = None


class Namespace(Object):
    API_VERSION: ClassVar[str] = "v1"
    KIND: ClassVar[str] = "Namespace"

    spec: dict[str, Any] = Field(default_factory=dict)
    status: dict[str, Any] = Field(default_factory=dict)


class ServiceAccount(Object):
    API_VERSION: ClassVar[str] = "v1"
    KIND: ClassVar[str] = "ServiceAccount"

    secrets: tuple[ObjectReference, ...] = ()
    image_pull_secrets: tuple[LocalObjectReference, ...] = ()
    automount_service_account_token: bool | None = None


class PersistentVolumeClaim(Object):
    """A claim is a folder of the host; see `docs/fidelity.md` for which one."""

    API_VERSION: ClassVar[str] = "v1"
    KIND: ClassVar[str] = "PersistentVolumeClaim"

    spec: dict[str, Any] = Field(default_factory=dict)
    status: dict[str, Any] = Field(default_factory=dict)


class EventSource(Model):
    component: str | None = None
    host: str | None = None


class Event(Object):
    """type is Normal or Warning."""

    API_VERSION: ClassVar[str] = "v1"
    KIND: ClassVar[str] = "Event"

    involved_object: ObjectReference = Field(default_factory=shared(ObjectReference))
    reason: str | None = None
    message: str | None = None
    type: str | None = None
    count: int | None = None
    source: EventSource | None = None
    first_timestamp: str | None = None
    last_timestamp: str | None = None
    event_time: str | None = None
    action: str | None = None
    reporting_component: str | None = None
    reporting_instance: str | None = None
