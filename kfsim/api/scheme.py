"""Which kinds exist, under which groups, versions and names (apimachinery's scheme).

A `ResourceKind` is stored once; `served` lists every apiVersion that clients may use for it, the
stored one first. Both InferenceService groups are one stored kind: the group is rewritten on the
way in and out, and v1alpha2, whose fields differ, has a conversion.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from kfsim.api import apps, core, istio
from kfsim.api.conversion import Conversion
from kfsim.api.knative import internal as knative_internal
from kfsim.api.knative import serving as knative_serving
from kfsim.api.kserve import alpha as kserve_alpha
from kfsim.api.kserve import types as kserve
from kfsim.api.kserve import v1alpha2_conversion as kserve_v1alpha2_conversion
from kfsim.api.meta import Object

# Kubernetes' own groups with a dot in their names.
_BUILT_IN_GROUPS: Final = frozenset(
    f"{name}.k8s.io"
    for name in (
        "admissionregistration",
        "apiextensions",
        "apiregistration",
        "authentication",
        "authorization",
        "certificates",
        "coordination",
        "discovery",
        "events",
        "flowcontrol.apiserver",
        "networking",
        "node",
        "rbac.authorization",
        "scheduling",
        "storage",
    )
)


@dataclass(frozen=True, slots=True)
class ResourceKind:
    """One kind: its Go-style name, REST name and model."""

    model: type[Object]
    plural: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    also_served: tuple[str, ...] = ()
    has_status: bool = True
    simulated: bool = True
    """Whether anything acts on its objects."""
    conversions: Mapping[str, Conversion] = field(default_factory=dict, compare=False)
    """By apiVersion, for served ones whose fields differ from the stored one's."""

    @property
    def api_version(self) -> str:
        return self.model.API_VERSION

    @property
    def kind(self) -> str:
        return self.model.KIND

    @property
    def group(self) -> str:
        """Empty for core."""
        return group_of(self.api_version)

    @property
    def version(self) -> str:
        return self.api_version.rpartition("/")[2]

    @property
    def custom(self) -> bool:
        """Whether a cluster has the kind by a CustomResourceDefinition."""
        return is_custom_group(self.group)

    @property
    def has_path_names(self) -> bool:
        """RBAC's names may hold what a segment of a URL's path may (`system:node`)."""
        return self.group == "rbac.authorization.k8s.io"

    @property
    def singular(self) -> str:
        return self.kind.lower()

    @property
    def served(self) -> tuple[str, ...]:
        return (self.api_version, *self.also_served)

    def model_of(self, api_version: str) -> type[Object]:
        """The fields of a served version."""
        conversion = self.conversions.get(api_version)
        return self.model if conversion is None else conversion.model

    @property
    def resource(self) -> str:
        """`plural.group`, as errors and `kubectl get -o name` write it; plural for core."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


def group_of(api_version: str) -> str:
    """The group of an apiVersion: empty for `v1`."""
    return api_version.rpartition("/")[0]


def is_custom_group(group: str) -> bool:
    """Whether a cluster has the group's kinds by CustomResourceDefinitions."""
    return "." in group and group not in _BUILT_IN_GROUPS


_KNATIVE: Final = ("all", "knative", "serving")

KINDS: Final[tuple[ResourceKind, ...]] = (
    ResourceKind(core.Namespace, "namespaces", namespaced=False, short_names=("ns",)),
    ResourceKind(core.Pod, "pods", short_names=("po",), categories=("all",)),
    ResourceKind(core.Service, "services", short_names=("svc",), categories=("all",)),
    ResourceKind(core.Endpoints, "endpoints", short_names=("ep",), has_status=False),
    ResourceKind(core.ConfigMap, "configmaps", short_names=("cm",), has_status=False),
    ResourceKind(core.Secret, "secrets", has_status=False),
    ResourceKind(core.ServiceAccount, "serviceaccounts", short_names=("sa",), has_status=False),
    ResourceKind(core.PersistentVolumeClaim, "persistentvolumeclaims", short_names=("pvc",)),
    ResourceKind(core.Event, "events", short_names=("ev",), has_status=False),
    ResourceKind(apps.Deployment, "deployments", short_names=("deploy",), categories=("all",)),
    ResourceKind(
        knative_serving.Service,
        "services",
        short_names=("kservice", "ksvc"),
        categories=_KNATIVE,
    ),
    ResourceKind(
        knative_serving.Configuration,
        "configurations",
        short_names=("config", "cfg"),
        categories=_KNATIVE,
    ),
    ResourceKind(knative_serving.Revision, "revisions", short_names=("rev",), categories=_KNATIVE),
    ResourceKind(knative_serving.Route, "routes", short_names=("rt",), categories=_KNATIVE),
    ResourceKind(knative_serving.Image, "images", short_names=("img",)),
    ResourceKind(knative_internal.PodAutoscaler, "podautoscalers", short_names=("kpa", "pa")),
    ResourceKind(knative_internal.Metric, "metrics"),
    ResourceKind(knative_internal.ServerlessService, "serverlessservices", short_names=("sks",)),
    ResourceKind(knative_internal.Ingress, "ingresses", short_names=("kingress", "king")),
    ResourceKind(
        istio.VirtualService,
        "virtualservices",
        short_names=("vs",),
        also_served=("networking.istio.io/v1", "networking.istio.io/v1alpha3"),
    ),
    ResourceKind(
        kserve.InferenceService,
        "inferenceservices",
        short_names=("isvc",),
        categories=("all", "kserve"),
        also_served=("serving.kubeflow.org/v1beta1", kserve_v1alpha2_conversion.V1ALPHA2),
        conversions={kserve_v1alpha2_conversion.V1ALPHA2: kserve_v1alpha2_conversion.CONVERSION},
    ),
    ResourceKind(kserve.ServingRuntime, "servingruntimes", categories=("kserve",)),
    ResourceKind(
        kserve.ClusterServingRuntime,
        "clusterservingruntimes",
        namespaced=False,
        categories=("kserve",),
    ),
    ResourceKind(kserve_alpha.TrainedModel, "trainedmodels", short_names=("tm",), simulated=False),
    ResourceKind(
        kserve_alpha.InferenceGraph, "inferencegraphs", short_names=("ig",), simulated=False
    ),
    ResourceKind(
        kserve_alpha.ClusterStorageContainer,
        "clusterstoragecontainers",
        namespaced=False,
        has_status=False,
        simulated=False,
    ),
)

_BY_MODEL: Final = {kind.model: kind for kind in KINDS}
_BY_TYPE: Final = {(api_version, kind.kind): kind for kind in KINDS for api_version in kind.served}
_BY_PATH: Final = {
    (api_version, kind.plural): kind for kind in KINDS for api_version in kind.served
}


def remember_kind(kind: ResourceKind) -> None:
    """Let `kind_of` know a kind whose model was made at run time (`kept_kinds`)."""
    _BY_MODEL[kind.model] = kind


def kind_of(model: type[Object]) -> ResourceKind:
    """The registration of a model class; KeyError for a class that is not a kind."""
    return _BY_MODEL[model]


def find_kind(api_version: str, kind: str) -> ResourceKind | None:
    """The kind that a manifest's apiVersion and kind name."""
    return _BY_TYPE.get((api_version, kind))


def find_resource(api_version: str, plural: str) -> ResourceKind | None:
    """The kind that a REST path's apiVersion and plural name."""
    return _BY_PATH.get((api_version, plural))


def find_by_name(name: str) -> ResourceKind | None:
    """The kind that a user's word names: plural, singular, kind, short name, or `plural.group`.

    As kubectl resolves it, core wins where two groups share a name (`services`).
    """
    word = name.lower()
    for kind in KINDS:
        if word in (kind.plural, kind.singular, *kind.short_names):
            return kind
    for kind in KINDS:
        for served in kind.served:
            group, _, version = served.rpartition("/")
            for base in (kind.plural, kind.singular, *kind.short_names):
                if group and word in (f"{base}.{group}", f"{base}.{version}.{group}"):
                    return kind
    return None
