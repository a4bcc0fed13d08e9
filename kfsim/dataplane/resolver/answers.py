"""What is answered to one DNS query. Pure.

Names below `cluster.local` are ours: a known Service has one A record and no other, everything else
does not exist. The shorter forms are ours only where they name a known Service, for resolvers that
ask for a name as it stands before they try the search domains.
"""

from dataclasses import dataclass
from enum import Enum, auto

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from kfsim.base.local_hosts import parse_local_host
from kfsim.replicas.addresses import ServiceDirectory

TTL = 5
"""Seconds; what CoreDNS's kubernetes plugin gives (coredns plugin/kubernetes README, `ttl`)."""
_HEADER = 12
_ZONE = "cluster.local"


@dataclass(frozen=True, slots=True)
class Zone:
    """The Services there are, and the IPv4 address that stands for each of them."""

    directory: ServiceDirectory
    address: str


class Verdict(Enum):
    """Queries that are not answered here."""

    FORWARD = auto()
    """Somebody else's name."""
    IGNORE = auto()
    """No query at all: an answer could only start an exchange of errors."""


def answer(query: bytes, zone: Zone) -> bytes | Verdict:
    """The response to send, or what else to do."""
    if len(query) < _HEADER or query[2] & 0x80:  # the QR bit: a response
        return Verdict.IGNORE
    try:
        asked = dns.message.from_wire(query)
    except (dns.exception.DNSException, ValueError):
        return make_failure(query, dns.rcode.FORMERR)
    if asked.opcode() != dns.opcode.QUERY:
        return make_failure(query, dns.rcode.NOTIMP)
    if len(asked.question) != 1:
        return make_failure(query, dns.rcode.FORMERR)
    question = asked.question[0]
    name = question.name.to_text(omit_final_dot=True).lower()
    service = parse_local_host(name)
    known = service is not None and zone.directory.knows(service)
    if not known and name != _ZONE and not name.endswith(f".{_ZONE}"):
        return Verdict.FORWARD
    response = dns.message.make_response(asked, recursion_available=True)
    response.flags |= dns.flags.AA
    if not known:
        response.set_rcode(dns.rcode.NXDOMAIN)
    elif question.rdclass == dns.rdataclass.IN and question.rdtype in (
        dns.rdatatype.A,
        dns.rdatatype.ANY,
    ):
        record = dns.rrset.from_text(question.name, TTL, "IN", "A", zone.address)
        response.answer.append(record)
    return response.to_wire()


def make_failure(query: bytes, code: int) -> bytes:
    """A response without any section to a query that may be unreadable; `code` is an RCODE."""
    opcode_and_rd = query[2] & 0x79
    return query[:2] + bytes((0x80 | opcode_and_rd, 0x80 | code)) + bytes(8)
