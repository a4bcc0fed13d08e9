"""The marks that kfsim's controllers leave on Pods, and Knative's labels that they read."""

# Keeps a deleted Pod's record until its replica is drained and gone.
REPLICA_FINALIZER = "kfsim.dev/replica"
# On Pods for which a request may be waiting; they start before others.
WAKE_UP_ANNOTATION = "kfsim.dev/wake-up"
NODE_NAME = "kfsim"
NODE_ADDRESS = "127.0.0.1"

REVISION_LABEL = "serving.knative.dev/revision"
