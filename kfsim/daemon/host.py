"""This host as the one node of a strict cluster."""

import os
import platform

from kfsim.replicas.marks import NODE_NAME
from kfsim.replicas.node import Node, make_node


def find_host() -> Node:
    """Everything that the host has is allocatable: nothing is kept back for system daemons."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return make_node(
        NODE_NAME,
        cores=os.cpu_count() or 1,
        memory=pages * size,
        system=platform.system(),
        machine=platform.machine(),
    )
