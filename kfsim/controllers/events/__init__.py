"""Events end by themselves: an hour after they were last written, as behind kube-apiserver."""

from kfsim.controllers.events.expiry import EventExpiry

__all__ = ["EventExpiry"]
