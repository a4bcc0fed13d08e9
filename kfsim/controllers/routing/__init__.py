"""Ingress, VirtualService, ServerlessService, Endpoints and Revision → the live routing table.

This is kfsim's ingress controller: what net-istio programs into Envoy, it gives to the data plane
through `RouteSink`, whole and at most once per slice of work, with unchanged entries kept
identical. An Ingress is Ready once a table that holds it is published.
"""

from kfsim.controllers.routing.controller import make_controller

__all__ = ["make_controller"]
