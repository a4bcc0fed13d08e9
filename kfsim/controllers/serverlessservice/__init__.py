"""ServerlessServices become a public and a private Service with their Endpoints.

The private Endpoints list the revision's ready Pods, the public ones either the same (Serve) or the
activator, which is the gateway (Proxy, or nothing ready). `resources` makes the objects,
`reconcile` compares and writes them.
"""

from kfsim.controllers.serverlessservice.controller import make_controller

__all__ = ["make_controller"]
