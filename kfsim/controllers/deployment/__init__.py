"""Deployments become Pods, without a ReplicaSet between.

`resources` makes Pods, `rollout` decides how many of the new and the old template there should be,
`victims` which ones go first, `status` what the Deployment shows; `reconcile` acts. All but the
last are pure.
"""

from kfsim.controllers.deployment.controller import make_controller

__all__ = ["make_controller"]
