"""What one query gets: tables of names and types, and bytes that are no query."""

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfsim.base.types import ServiceName
from kfsim.dataplane.resolver.answers import TTL, Verdict, Zone, answer


class Directory:
    def knows(self, service: ServiceName) -> bool:
        return service == ServiceName("default", "iris-predictor")


ZONE = Zone(Directory(), "172.30.0.1")
FULL = "iris-predictor.default.svc.cluster.local."


def ask(name: str, type_: str = "A") -> dns.message.Message | Verdict:
    query = dns.message.make_query(name, type_)
    found = answer(query.to_wire(), ZONE)
    if isinstance(found, Verdict):
        return found
    response = dns.message.from_wire(found)
    assert query.is_response(response)
    assert response.flags & dns.flags.RA
    return response


@pytest.mark.parametrize(
    "name",
    [
        FULL,
        "IRIS-Predictor.Default.svc.cluster.LOCAL.",
        "iris-predictor.default.svc.",
        "iris-predictor.default.",
    ],
)
def test_a_known_service_has_the_gateways_address(name: str) -> None:
    response = ask(name)
    assert response.rcode() == dns.rcode.NOERROR
    assert response.flags & dns.flags.AA
    (record,) = response.answer
    assert record.to_text() == f"{name} {TTL} IN A 172.30.0.1"


@pytest.mark.parametrize("type_", ["AAAA", "SRV", "HTTPS", "TXT", "MX"])
def test_a_known_service_has_no_other_record(type_: str) -> None:
    response = ask(FULL, type_)
    assert (response.rcode(), response.answer) == (dns.rcode.NOERROR, [])


@pytest.mark.parametrize("type_", ["A", "AAAA"])
@pytest.mark.parametrize(
    "name",
    [
        "ghost.default.svc.cluster.local.",
        "iris-predictor.default.default.svc.cluster.local.",
        "iris-predictor.default.cluster.local.",
        "www.example.com.default.svc.cluster.local.",
        "cluster.local.",
        "a\\.b.default.svc.cluster.local.",
    ],
)
def test_other_names_of_the_cluster_do_not_exist(name: str, type_: str) -> None:
    response = ask(name, type_)
    assert (response.rcode(), response.answer) == (dns.rcode.NXDOMAIN, [])


@pytest.mark.parametrize(
    "name", ["example.com.", "ghost.default.", "iris-predictor.", "notcluster.local.", "."]
)
def test_names_of_others_are_forwarded(name: str) -> None:
    assert ask(name) is Verdict.FORWARD


def test_reverse_names_are_forwarded() -> None:
    assert ask("1.0.30.172.in-addr.arpa.", "PTR") is Verdict.FORWARD


def test_an_extended_query_gets_an_extended_response() -> None:
    query = dns.message.make_query(FULL, "A", use_edns=0, payload=1232)
    found = answer(query.to_wire(), ZONE)
    assert isinstance(found, bytes)
    assert dns.message.from_wire(found).edns == 0


@pytest.mark.parametrize("data", [b"", b"\x00" * 11, b"\x12\x34\x81\x80" + bytes(8)])
def test_what_is_no_query_is_ignored(data: bytes) -> None:
    assert answer(data, ZONE) is Verdict.IGNORE


def _notify() -> bytes:
    message = dns.message.make_query(FULL, "SOA")
    message.set_opcode(dns.opcode.NOTIFY)
    return message.to_wire()


def _two_questions() -> bytes:
    message = dns.message.make_query(FULL, "A")
    message.question += dns.message.make_query("example.com.", "A").question
    return message.to_wire()


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (dns.message.make_query(FULL, "A").to_wire()[:-3], dns.rcode.FORMERR),
        (dns.message.make_query(FULL, "A").to_wire()[:12], dns.rcode.FORMERR),
        (b"\x12\x34\x01\x00\x00\x01" + bytes(6) + b"\xc0\x0c\x00\x01\x00\x01", dns.rcode.FORMERR),
        (b"\x12\x34\x01\x00" + bytes(8), dns.rcode.FORMERR),
        (_two_questions(), dns.rcode.FORMERR),
        (_notify(), dns.rcode.NOTIMP),
    ],
    ids=["cut", "head only", "name points at itself", "no question", "two questions", "notify"],
)
def test_what_cannot_be_answered_is_refused(query: bytes, code: dns.rcode.Rcode) -> None:
    found = answer(query, ZONE)
    assert isinstance(found, bytes)
    response = dns.message.from_wire(found)
    assert (response.id, response.rcode()) == (int.from_bytes(query[:2]), code)
    assert response.flags & dns.flags.QR
    assert response.opcode() == (query[2] >> 3) & 0xF


VALID = [dns.message.make_query(FULL, type_).to_wire() for type_ in ("A", "AAAA", "OPT", "SIG")]


@given(
    query=st.sampled_from(VALID), at=st.integers(0, 60), length=st.integers(0, 9), new=st.binary()
)
def test_no_bytes_break_it(query: bytes, at: int, length: int, new: bytes) -> None:
    query = query[:at] + new + query[at + length :]
    found = answer(query, ZONE)
    if isinstance(found, bytes):
        response = dns.message.from_wire(found)
        assert response.id == int.from_bytes(query[:2])
        assert response.flags & dns.flags.QR
