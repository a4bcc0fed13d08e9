"""The fidelity of what was applied: `GET /kfsim/v1/fidelity`.

`workloads` finds what runs for an object, `remarks` what happened to it, `reporting` joins both
with what the document says (`kfsim.api.fidelity.report`). The document is the one that was last
applied, which kubectl and kfsim keep in an annotation: what a user wrote, not what defaulting made
of it.
"""

from kfsim.daemon.fidelity.reporting import FidelityReporter

__all__ = ["FidelityReporter"]
