"""Tells Configurations and Revisions which Routes send them traffic.

The annotation `serving.knative.dev/routes` lists the Routes; a Revision's label
`serving.knative.dev/routingState` says active with a Route and reserve without, from which the
Revision controller decides whether it may be kept at its minimal scale. The Route itself is only
read. After knative pkg/reconciler/labeler.
"""

from kfsim.controllers.labeler.controller import make_controller

__all__ = ["make_controller"]
