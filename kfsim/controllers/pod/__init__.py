"""Pods become replicas: what kubelet does on a node.

`controller` says which writes wake a Pod, `reconcile` follows one Pod object and is the only writer
of its status. `kubelet` is what reconciles call: it holds the live replicas (`replica` is one) and
passes on what happens to them. Its parts, each knowing only those before it: `health` takes the
verdicts of probes, `starting` brings a replica to its start, `stopping` takes it down, `life`
follows what the backend tells in between.

Those lean on: `scheduler`, which finds GPUs; `environment`, `files`, `pull_secrets` and
`filled_secrets`, which resolve what a Pod takes from ConfigMaps, Secrets, ServiceAccounts and
itself; `prober` and `hooks`, which run probes and lifecycle hooks; `restarts`, which plans the next
attempts; `runner`, which makes the calls to the backend that take time.

All policy is here (start limits, restarts with back-off, drain before stop); the `ReplicaBackend`
does as it is told. Must not: write any object but Pods and Events, or start a process.
"""

from kfsim.controllers.pod.controller import make_controller
from kfsim.controllers.pod.filled_secrets import FilledSecrets
from kfsim.controllers.pod.kubelet import Kubelet
from kfsim.controllers.pod.scheduler import DeviceScheduler

__all__ = ["DeviceScheduler", "FilledSecrets", "Kubelet", "make_controller"]
