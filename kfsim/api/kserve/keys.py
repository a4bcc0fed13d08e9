"""Labels, annotations and fixed names of KServe (pkg/constants/constants.go) and of kfsim."""

from typing import Final

INFERENCE_SERVICE: Final = "serving.kserve.io/inferenceservice"
COMPONENT: Final = "component"
MODEL_CLASS: Final = "modelClass"
SERVICE_ENVELOPE: Final = "serviceEnvelope"
VISIBILITY: Final = "networking.kserve.io/visibility"
CLUSTER_LOCAL: Final = "cluster-local"

DEPLOYMENT_MODE: Final = "serving.kserve.io/deploymentMode"
AUTOSCALER_CLASS: Final = "serving.kserve.io/autoscalerClass"
ENABLE_TAG_ROUTING: Final = "serving.kserve.io/enable-tag-routing"
STOP: Final = "serving.kserve.io/stop"
SERVER_TYPE: Final = "serving.kserve.io/server-type"
STORAGE_READONLY: Final = "storage.kserve.io/readonly"
MODEL_FORMAT: Final = "modelFormat"
ROLLOUT_DURATION: Final = "serving.knative.dev/rollout-duration"
LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"

KFSIM_PREFIX: Final = "kfsim.dev/"
KFSIM_SOURCE: Final = "kfsim.dev/source"
KFSIM_RUNTIME: Final = "kfsim.dev/runtime"

KNATIVE: Final = "Knative"
STORAGE_SECRET: Final = "serving.kserve.io/storageSecretName"
STANDARD: Final = "Standard"
MODEL_MESH: Final = "ModelMesh"
LEGACY_DEPLOYMENT_MODES: Final = {"RawDeployment": STANDARD, "Serverless": KNATIVE}

SERVING_CONTAINER: Final = "kserve-container"
TRANSFORMER_CONTAINER: Final = "transformer-container"
STORAGE_INITIALIZER: Final = "storage-initializer"
PROVISION_VOLUME: Final = "kserve-provision-location"
PVC_VOLUME: Final = "kserve-pvc-source"
MODEL_MOUNT: Final = "/mnt/models"
STORAGE_URI_ENV: Final = "STORAGE_URI"
PROTOCOL_ENV: Final = "PROTOCOL"
NAME_ENV: Final = "INFERENCE_SERVICE_NAME"
NAME_HEADER: Final = "KServe-Isvc-Name"
NAMESPACE_HEADER: Final = "KServe-Isvc-Namespace"
