"""The one place that says which fields kfsim accepts without effect, substitutes or refuses.

`docs/reference/fields.md` is made from it, the fidelity report reads it, and a test walks the
models so that a new field cannot be forgotten. Models without a table (probes, environment
variables, …) are honoured whole.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from kfsim.api import apps, core
from kfsim.api.fidelity.effects import Effect, FieldTable, NoteRule, Rule, Tables, When
from kfsim.api.knative import serving as knative_serving
from kfsim.api.kserve import types as kserve
from kfsim.api.meta import Model, Object, ObjectMeta


def _ignored(names: str, why: str, *, unless: tuple[object, ...] = ()) -> Rule:
    return Rule(tuple(names.split()), Effect.IGNORED, why, unless=unless)


def _as_process(names: str, why: str, *, unless: tuple[object, ...] = ()) -> Rule:
    return Rule(tuple(names.split()), Effect.IGNORED, why, When.PROCESS, unless=unless)


def _refused(names: str, why: str) -> Rule:
    return Rule(tuple(names.split()), Effect.REFUSED, why)


def _table(model: type[Model], honoured: str, *rules: Rule) -> FieldTable:
    return FieldTable(model, tuple(honoured.split()), rules)


_OWN_FILES: Final = "a process sees the host's own files"
_IN_IMAGE: Final = "a process has no container of its own"
_ONE_NODE: Final = "there is one node and no scheduler"
_NO_REQUESTS: Final = "requests never block on one host"

_POD: Final = _table(
    core.PodSpec,
    "containers initContainers volumes imagePullSecrets terminationGracePeriodSeconds "
    "restartPolicy securityContext dnsPolicy dnsConfig hostAliases hostIPC hostPID hostname "
    "subdomain shareProcessNamespace nodeSelector affinity topologySpreadConstraints",
    Rule(
        ("nodeSelector", "affinity", "topologySpreadConstraints"),
        Effect.IGNORED,
        _ONE_NODE,
        When.LENIENT,
    ),
    _ignored(
        "nodeName tolerations priorityClassName "
        "priority preemptionPolicy schedulerName schedulingGates runtimeClassName overhead os",
        _ONE_NODE,
    ),
    _ignored("readinessGates", "nothing here sets the conditions that they name"),
    _ignored("resourceClaims", "devices are nvidia.com/gpu limits alone"),
    _ignored("resources", "only containers have requests and limits here"),
    _ignored(
        "serviceAccountName serviceAccount",
        "a replica gets no identity; pull secrets and field references alone count",
        unless=("default",),
    ),
    _ignored("automountServiceAccountToken", "a replica gets no API token", unless=(False,)),
    _ignored("enableServiceLinks", "no variables for Services are set", unless=(False,)),
    _ignored("hostNetwork", "a container has a network of its own", unless=(False,)),
    _ignored("hostUsers", "the engine's own setting holds", unless=(True,)),
    _ignored("setHostnameAsFQDN", "the host name is the short one", unless=(False,)),
    _ignored("activeDeadlineSeconds", "no Pod is ended for its age"),
    _as_process("securityContext", _IN_IMAGE, unless=({},)),
    _as_process("imagePullSecrets", "no image is pulled"),
    _as_process("dnsPolicy", _IN_IMAGE, unless=("ClusterFirst",)),
    _as_process("dnsConfig hostAliases hostname subdomain", _IN_IMAGE),
    _as_process("hostIPC hostPID shareProcessNamespace", _IN_IMAGE, unless=(False,)),
    _ignored(
        "securityContext.seLinuxOptions securityContext.windowsOptions "
        "securityContext.appArmorProfile securityContext.fsGroupChangePolicy "
        "securityContext.supplementalGroupsPolicy securityContext.seLinuxChangePolicy",
        "the engine is not told",
    ),
)
_CONTAINER: Final = _table(
    core.Container,
    "name imagePullPolicy command args workingDir env envFrom ports resources volumeMounts "
    "startupProbe readinessProbe livenessProbe lifecycle securityContext terminationMessagePath "
    "restartPolicy stdin stdinOnce tty",
    Rule(
        ("image",),
        Effect.SUBSTITUTED,
        "it runs as a process",
        When.PROCESS,
        given="a process of this host",
    ),
    _ignored("volumeDevices", "there are no block devices"),
    _ignored(
        "terminationMessagePolicy", "the last log lines stand in for a missing message, always"
    ),
    Rule(
        ("restartPolicy",),
        Effect.REFUSED,
        "init containers that stay need Docker",
        When.PROCESS,
        only=("Always",),
    ),
    _as_process("imagePullPolicy", "no image is pulled"),
    _as_process("securityContext", _IN_IMAGE, unless=({},)),
    _as_process("stdin stdinOnce tty", _IN_IMAGE, unless=(False,)),
    _as_process("terminationMessagePath", "the file is the one that KFSIM_TERMINATION_LOG names"),
    _ignored(
        "securityContext.seLinuxOptions securityContext.windowsOptions "
        "securityContext.appArmorProfile securityContext.procMount",
        "the engine is not told",
    ),
)
_RESOURCES: Final = _table(
    core.ResourceRequirements,
    "limits requests",
    Rule(
        ("limits.nvidia.com/gpu", "requests.nvidia.com/gpu"),
        Effect.SUBSTITUTED,
        "gpu: fake in kfsim.yaml",
        When.FAKE_GPUS,
        given="devices that are not there",
    ),
    Rule(
        ("limits.nvidia.com/gpu", "requests.nvidia.com/gpu"),
        Effect.IGNORED,
        "gpu: ignore in kfsim.yaml",
        When.NO_GPUS,
    ),
    _ignored("claims", "devices are nvidia.com/gpu limits alone"),
    _ignored("requests.memory requests.ephemeral-storage requests.hugepages-*", _NO_REQUESTS),
    _ignored("limits.ephemeral-storage limits.hugepages-*", "the engine has no such limit"),
    _as_process("limits.cpu limits.memory", "a process is not limited"),
    _as_process("requests.cpu", _NO_REQUESTS),
)
_VOLUMES: Final = (
    _table(
        core.Volume,
        "name emptyDir configMap secret persistentVolumeClaim hostPath projected downwardAPI",
        _refused("csi ephemeral image nfs", "kfsim has no such volumes; the Pod says so"),
    ),
    _table(
        core.EmptyDirVolume,
        "medium sizeLimit",
        _as_process("medium sizeLimit", "it is a folder of this host"),
        Rule(
            ("sizeLimit",),
            Effect.IGNORED,
            "only a volume in memory has a size",
            void_beside=("medium", "Memory"),
        ),
    ),
    _table(
        core.ConfigMapVolume,
        "name items optional defaultMode",
        _as_process("defaultMode", "its files are for your user alone"),
    ),
    _table(
        core.SecretVolume,
        "secretName items optional defaultMode",
        _as_process("defaultMode", "its files are for your user alone"),
    ),
    _table(
        core.PersistentVolumeClaimVolume,
        "claimName readOnly",
        _as_process("readOnly", _OWN_FILES, unless=(False,)),
    ),
    _table(
        core.HostPathVolume,
        "path type",
        _as_process("type", "the path must exist, whatever it is", unless=("",)),
    ),
    _table(
        core.VolumeMount,
        "name mountPath subPath subPathExpr readOnly",
        _ignored("mountPropagation", "mounts are private", unless=("None",)),
        _as_process("readOnly", _OWN_FILES, unless=(False,)),
        _as_process("subPathExpr", "the whole volume is given"),
    ),
    _table(
        core.ContainerPort,
        "name containerPort protocol",
        _ignored("hostPort hostIP", "replicas are reached through the gateway"),
        _as_process("protocol", "a process gets TCP ports alone", unless=("TCP",)),
    ),
)
_COMPONENT: Final = _table(
    kserve.ComponentSpec,
    "minReplicas maxReplicas scaleTarget scaleMetric containerConcurrency timeout "
    "canaryTrafficPercent labels annotations",
    _ignored("logger", "requests are not logged yet"),
    _ignored("batcher", "requests are not batched yet"),
    _ignored("autoScaling scaleMetricType", "the autoscaler is Knative's, class kpa"),
    Rule(
        ("scaleMetric",),
        Effect.IGNORED,
        "the autoscaler is Knative's, class kpa, which knows concurrency and rps",
        unless=("concurrency", "rps"),
    ),
    _ignored("deploymentStrategy", "it is for Standard mode, which is served as Knative"),
)
_FRAMEWORKS: Final = " ".join(kserve.FRAMEWORKS)
_INFERENCE_SERVICE: Final = (
    _table(
        kserve.InferenceServiceSpec,
        "predictor transformer explainer",
        _ignored("canary", "canaryTrafficPercent is what splits traffic"),
    ),
    _table(
        kserve.CanarySpec,
        "",
        _ignored("predictor trafficPercent", "canaryTrafficPercent is what splits traffic"),
    ),
    _COMPONENT,
    _table(
        kserve.PredictorSpec,
        f"{_FRAMEWORKS} model name storageUris",
        _ignored("storageContainerName", "models are fetched by kfsim itself"),
        _ignored("confidential", "nothing is attested here"),
        _refused("workerSpec", "multi-node predictors are not simulated"),
    ),
    _table(
        kserve.TransformerSpec,
        "",
        _ignored("storageUris", "models are fetched for predictors alone"),
    ),
    _table(
        kserve.ExplainerSpec,
        "",
        _ignored("storageUris", "models are fetched for predictors alone"),
        _refused("art alibi aix", "built-in explainers are not simulated; give containers"),
    ),
    _table(
        kserve.PredictorExtension,
        "storageUri runtimeVersion protocolVersion",
        _refused("storage", "key, path and parameters are not simulated; give a storageUri"),
        _ignored("modelClassName", "only KFServing's PyTorch server reads it"),
        _ignored("confidential", "nothing is attested here"),
    ),
    _table(kserve.ModelSpec, "modelFormat runtime"),
    _table(kserve.StorageUri, "uri mountPath"),
    _table(
        kserve.ServingRuntimeSpec,
        "supportedModelFormats multiModel disabled protocolVersions annotations labels workerSpec",
        _ignored(
            "grpcEndpoint grpcDataEndpoint httpDataEndpoint storageHelper builtInAdapter replicas",
            "ModelMesh is not simulated",
        ),
    ),
)
_KNATIVE: Final = (
    _table(knative_serving.ServiceSpec, "template traffic"),
    _table(knative_serving.ConfigurationSpec, "template"),
    _table(knative_serving.RevisionTemplateSpec, "metadata spec"),
    _table(
        knative_serving.RevisionSpec,
        "containerConcurrency timeoutSeconds responseStartTimeoutSeconds idleTimeoutSeconds",
    ),
    _table(
        apps.DeploymentSpec,
        "replicas selector template strategy progressDeadlineSeconds minReadySeconds paused",
        _ignored("revisionHistoryLimit", "there is no history to roll back to"),
    ),
    _table(apps.PodTemplateSpec, "metadata spec"),
)
_CORE: Final = (
    _table(
        core.ServiceAccount,
        "imagePullSecrets",
        _ignored("secrets", "a replica gets no identity"),
        _ignored("automountServiceAccountToken", "a replica gets no API token", unless=(False,)),
    ),
    _table(
        core.ConfigMap,
        "data binaryData",
        _ignored("immutable", "it can be changed all the same", unless=(False,)),
    ),
    _table(
        core.Secret,
        "type data stringData",
        _ignored("immutable", "it can be changed all the same", unless=(False,)),
    ),
    _table(
        core.PersistentVolumeClaim,
        "status",
        Rule(
            ("spec",),
            Effect.SUBSTITUTED,
            "claims are folders of this host, without a class or a size",
            given="the folder volumes/NAMESPACE/CLAIM of the state directory",
        ),
    ),
)
_METADATA: Final = _table(
    ObjectMeta,
    "name generateName namespace uid resourceVersion generation creationTimestamp "
    "deletionTimestamp deletionGracePeriodSeconds labels annotations ownerReferences finalizers "
    "selfLink managedFields",
    Rule(
        ("annotations.serving.kserve.io/deploymentMode",),
        Effect.SUBSTITUTED,
        "there is no Standard mode: no HPA, Ingress or plain Deployment is made",
        only=("Standard", "RawDeployment"),
        given="Knative with at least one replica",
    ),
    Rule(
        ("annotations.serving.kserve.io/deploymentMode",),
        Effect.REFUSED,
        "ModelMesh is not simulated",
        only=("ModelMesh",),
    ),
    _ignored(
        "annotations.sidecar.istio.io/* annotations.traffic.sidecar.istio.io/* "
        "annotations.proxy.istio.io/* annotations.networking.istio.io/* annotations.istio.io/*",
        "there is no Istio, and no sidecar is injected",
    ),
    _ignored(
        "annotations.prometheus.io/* annotations.prometheus.kserve.io/* "
        "annotations.serving.kserve.io/enable-prometheus-scraping "
        "annotations.serving.kserve.io/enable-metric-aggregation",
        "nothing scrapes replicas",
    ),
    _ignored(
        "annotations.serving.knative.dev/rollout-duration "
        "annotations.serving.knative.dev/rolloutDuration",
        "traffic moves at once",
    ),
    _ignored(
        "annotations.autoscaling.knative.dev/class",
        "replicas stay as they are: the autoscaler is Knative's, class kpa",
        unless=("kpa.autoscaling.knative.dev",),
    ),
    _ignored(
        "annotations.serving.kserve.io/autoscalerClass",
        "it is for Standard mode, which is served as Knative",
    ),
    _ignored("annotations.serving.kserve.io/s3-*", "object stores are not there yet"),
    _ignored(
        "annotations.queue.sidecar.serving.knative.dev/*",
        "the queue-proxy is a record; its work is the gateway's",
    ),
    _ignored("annotations.cluster-autoscaler.kubernetes.io/*", _ONE_NODE),
)
TABLES: Final[Tables] = MappingProxyType(
    {
        table.model: table
        for table in (
            _POD,
            _CONTAINER,
            _RESOURCES,
            *_VOLUMES,
            *_INFERENCE_SERVICE,
            *_KNATIVE,
            *_CORE,
            _METADATA,
        )
    }
)

CONFIG_MAPS: Final = MappingProxyType(
    {
        "config-network": ("domain-template", "tag-template"),
        "config-deployment": ("progress-deadline", "queue-sidecar-image"),
        "config-defaults": (
            "revision-timeout-seconds",
            "max-revision-timeout-seconds",
            "revision-response-start-timeout-seconds",
            "revision-idle-timeout-seconds",
            "container-concurrency",
            "container-concurrency-max-limit",
            "allow-container-concurrency-zero",
            "enable-service-links",
            "revision-*-request",
            "revision-*-limit",
        ),
        "config-features": (),
        "config-logging": (),
        "config-observability": (),
        "config-tracing": (),
        "config-leader-election": (),
        "config-certmanager": (),
        "config-istio": (),
        "inferenceservice-config": ("deploy", "inferenceService", "security"),
    }
)
"""The cluster's own ConfigMaps that are not read whole, and their keys that are read."""

KINDS_WITHOUT_EFFECT: Final[Mapping[type[Object], str]] = MappingProxyType(
    {
        core.Service: "only the Services that Routes and InferenceServices have are routed to",
        core.Endpoints: "only the endpoints of kfsim's own replicas are routed to",
    }
)
"""Kinds that are kept and shown while nothing follows from them, unless kfsim made the object."""

NOTES: Final = MappingProxyType(
    {
        "ImageSubstituted": NoteRule(Effect.SUBSTITUTED, "image"),
        "ImageNotRefreshed": NoteRule(Effect.SUBSTITUTED, "imagePullPolicy"),
        "LimitClamped": NoteRule(
            Effect.SUBSTITUTED,
            "resources.limits",
            r"has the (?P<key>\S+) limit (?P<asked>\S+), .*limited to (?P<given>\S+)$",
        ),
        "ModelNotRevalidated": NoteRule(Effect.SUBSTITUTED, "storageUri"),
        "AmbientCredentials": NoteRule(Effect.SUBSTITUTED, "serviceAccountName"),
        "SeccompProfileIgnored": NoteRule(Effect.IGNORED, "securityContext.seccompProfile"),
    }
)
"""Events that tell at run time what no manifest shows, by reason."""
