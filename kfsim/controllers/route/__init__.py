"""Route → Ingress and placeholder Services (knative pkg/reconciler/route).

The traffic of the spec is resolved to revisions (`kfsim.traffic`); while it cannot be, the Ingress
stays as it was, so the last good traffic goes on. The URL carries the gateway's port.
"""

from kfsim.controllers.route.controller import make_controller

__all__ = ["make_controller"]
