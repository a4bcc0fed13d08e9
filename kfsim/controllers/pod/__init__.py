"""Pods become replicas: what kubelet does on a node.

`reconcile` follows one Pod object, `kubelet` holds the live replicas and turns backend events and
probe outcomes into their state, `prober` runs probes, `environment` and `files` resolve what a Pod
takes from ConfigMaps, Secrets and itself, `scheduler` finds GPUs for it. All policy is here (start
limits, restarts with back-off, drain before stop); the `ReplicaBackend` does as it is told.
"""

from kfsim.controllers.pod.controller import make_controller
from kfsim.controllers.pod.kubelet import Kubelet
from kfsim.controllers.pod.scheduler import DeviceScheduler

__all__ = ["DeviceScheduler", "Kubelet", "make_controller"]
