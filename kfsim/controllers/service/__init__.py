"""Knative Service → Configuration and Route (knative pkg/reconciler/service).

The Service owns one Configuration and one Route of its own name, keeps their specs equal to its
own, and copies their readiness, revisions, traffic and URL into its status. It never looks at
Revisions, except to see that a name the user gave to one is free.
"""

from kfsim.controllers.service.controller import make_controller

__all__ = ["make_controller"]
