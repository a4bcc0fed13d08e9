from kfsim.base.types import Endpoint, ReplicaKey, RevisionKey
from kfsim.dataplane.provenance import Provenance
from kfsim.flow import Ticket


def test_block_names_revision_replica_and_start():
    ticket = Ticket(None, RevisionKey("default", "r-00001"), 0.0, None, None)
    ticket.endpoint = Endpoint(ReplicaKey("default", "pod-1"), "h", 1)
    provenance = Provenance()
    warm = provenance.lines(ticket)
    assert warm == b"kfsim-revision: r-00001\r\nkfsim-replica: pod-1\r\nkfsim-start: warm\r\n"
    assert provenance.lines(ticket) is warm
    ticket.cold = True
    assert provenance.lines(ticket).endswith(b"kfsim-start: cold\r\n")
