"""Configuration → Revision (knative pkg/reconciler/configuration).

Each generation of a Configuration has one Revision, named by the generation unless the template
names it. `latestCreated` is the current generation's; `latestReady` is the newest ready one, and
never goes back behind the one it was.
"""

from kfsim.controllers.configuration.controller import make_controller

__all__ = ["make_controller"]
