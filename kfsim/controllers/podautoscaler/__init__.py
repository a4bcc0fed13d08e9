"""PodAutoscalers scale Deployments: Knative's Pod Autoscaler (class kpa).

`scaling` is the live part: statistics come in every second, decisions are made every two (at once
for a poke), and those that matter wake a PodAutoscaler. `reconcile` then applies them through
`autoscaler.scale_to_zero`: the Deployment's replicas, the ServerlessService's mode and the status.
`settings` reads the ConfigMaps, `resources` makes ServerlessService and Metric.
"""

from kfsim.controllers.podautoscaler.controller import make_controller
from kfsim.controllers.podautoscaler.scaling import Scaling

__all__ = ["Scaling", "make_controller"]
