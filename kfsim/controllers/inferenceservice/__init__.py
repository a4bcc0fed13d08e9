"""InferenceService → Knative Service per component, VirtualService and placeholder Service.

`plan` decides purely what the components are (runtime chosen and merged, model mounted) or why
they cannot be; `resources` makes the children; `canary` decides traffic; `status`, `ingress` and
`model_status` read the children back; `reconcile` puts the four together; `causes` finds
what is wrong, `explain` answers `why`.
Traffic, revisions and replicas are other controllers' business: this one sees them as the status
of its Knative Services and, for modelStatus, as Pods.
"""

from kfsim.controllers.inferenceservice.controller import make_controller
from kfsim.controllers.inferenceservice.explain import explain, explain_wait, find_substitutions
from kfsim.controllers.inferenceservice.seeding import seed_runtimes

__all__ = ["explain", "explain_wait", "find_substitutions", "make_controller", "seed_runtimes"]
