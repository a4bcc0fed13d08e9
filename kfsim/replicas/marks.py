"""The marks that kfsim's controllers leave on objects, and Knative's labels that they read.

Imports nothing, because the command line needs some of them.
"""

# Keeps a deleted Pod's record until its replica is drained and gone.
REPLICA_FINALIZER = "kfsim.dev/replica"
# On Pods for which a request may be waiting; they start before others.
WAKE_UP_ANNOTATION = "kfsim.dev/wake-up"
NODE_NAME = "kfsim"
NODE_ADDRESS = "127.0.0.1"

REVISION_LABEL = "serving.knative.dev/revision"

AUTO, DOCKER, PROCESS = "auto", "docker", "process"
# What runs a service's replicas: what the user asks for, what was decided, and why.
WANTED_ANNOTATION = "kfsim.dev/runtime"
BACKEND_ANNOTATION = "kfsim.dev/backend"
REASON_ANNOTATION = "kfsim.dev/backend-reason"
