"""Labels and annotations of Knative Serving (pkg/apis/serving/register.go and friends)."""

from typing import Final

CONFIGURATION: Final = "serving.knative.dev/configuration"
CONFIGURATION_GENERATION: Final = "serving.knative.dev/configurationGeneration"
CONFIGURATION_UID: Final = "serving.knative.dev/configurationUID"
REVISION: Final = "serving.knative.dev/revision"
REVISION_UID: Final = "serving.knative.dev/revisionUID"
ROUTE: Final = "serving.knative.dev/route"
ROUTE_NAMESPACE: Final = "serving.knative.dev/routeNamespace"
SERVICE: Final = "serving.knative.dev/service"
SERVICE_UID: Final = "serving.knative.dev/serviceUID"
DEPLOYMENT_HASH: Final = "serving.knative.dev/deployment-hash"
APP: Final = "app"

ROUTES: Final = "serving.knative.dev/routes"
ROUTING_STATE: Final = "serving.knative.dev/routingState"
ROUTING_STATE_MODIFIED: Final = "serving.knative.dev/routingStateModified"
LAST_PINNED: Final = "serving.knative.dev/lastPinned"
NO_GC: Final = "serving.knative.dev/no-gc"
CREATOR: Final = "serving.knative.dev/creator"
LAST_MODIFIER: Final = "serving.knative.dev/lastModifier"
PROGRESS_DEADLINE: Final = "serving.knative.dev/progress-deadline"
ROLLOUT_DURATION: Final = (
    "serving.knative.dev/rollout-duration",
    "serving.knative.dev/rolloutDuration",
)

VISIBILITY: Final = "networking.knative.dev/visibility"
CLUSTER_LOCAL: Final = "cluster-local"
INGRESS_CLASS: Final = "networking.knative.dev/ingress.class"

AUTOSCALING_PREFIX: Final = "autoscaling.knative.dev"
AUTOSCALING_CLASS: Final = "autoscaling.knative.dev/class"
AUTOSCALING_METRIC: Final = "autoscaling.knative.dev/metric"
INITIAL_SCALE: Final = (
    "autoscaling.knative.dev/initial-scale",
    "autoscaling.knative.dev/initialScale",
)
KPA_CLASS: Final = "kpa.autoscaling.knative.dev"
HPA_CLASS: Final = "hpa.autoscaling.knative.dev"

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
DEFAULT_CONTAINER: Final = "kubectl.kubernetes.io/default-container"

ROUTING_STATE_PENDING: Final = "pending"
ROUTING_STATE_ACTIVE: Final = "active"
ROUTING_STATE_RESERVE: Final = "reserve"
