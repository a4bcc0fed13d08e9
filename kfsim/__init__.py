"""kfsim: KServe on one host, without Kubernetes.

One asyncio daemon reads InferenceService manifests, runs the predictors as local processes (or
containers) and embeds its own gateway, canary router, activator, queue-proxy and KPA-style
autoscaler. `docs/architecture.md` shows how a manifest and a request travel through the packages.
"""

__version__ = "0.1.0"
