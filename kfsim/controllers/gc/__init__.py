"""Removes Revisions that get no traffic and are old or too many (knative pkg/reconciler/gc).

`rules` decides which, by config-gc; `reconcile` looks at one Configuration's Revisions and comes
back when the next one may have become stale.
"""

from kfsim.controllers.gc.controller import make_controller

__all__ = ["make_controller"]
