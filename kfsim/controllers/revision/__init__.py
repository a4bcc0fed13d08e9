"""Revision → Deployment, PodAutoscaler and Images (knative pkg/reconciler/revision).

The Deployment's replicas belong to the autoscaler once it exists; everything else of it follows
the Revision. Readiness comes from two sides: what the Deployment and its Pods report, and whether
the PodAutoscaler's target was ever up (`ScaleTargetInitialized`). A Revision at zero is Ready.
"""

from kfsim.controllers.revision.controller import make_controller

__all__ = ["make_controller"]
