"""Knative's probes: which hop answers what, and that nothing else is touched."""

import pytest

from kfsim.base.types import RevisionKey, ServiceMode
from kfsim.dataplane.answers import Answer
from kfsim.dataplane.counters import Outcome
from kfsim.dataplane.probes import find_probe
from kfsim.dataplane.requests import RequestHead, parse_request_head
from tests.dataplane.worlds import REVISION, Replica, running

KUBELET = (b"User-Agent", b"kube-probe/1.33")
ACTIVATOR_AGENT = (b"User-Agent", b"Knative-Activator-Probe")
SCALER_AGENT = (b"User-Agent", b"Knative-Autoscaling-Probe")
HASH = (b"K-Network-Hash", b"abc")


def header(value: bytes) -> tuple[bytes, bytes]:
    return b"K-Network-Probe", value


def make_head(*fields: tuple[bytes, bytes]) -> RequestHead:
    host = (b"Host", b"iris.default")
    return parse_request_head(b"GET", b"/", "1.1", (host, *fields), keep_alive=True)


NEEDS_HASH = Answer(400, 'a probe request must contain a non-empty "K-Network-Hash" header\n')
OF_THE_NETWORK = Answer(200, "", fields=(HASH,))


def unexpected(value: str) -> Answer:
    return Answer(400, f"unexpected probe header value: {value}\n")


@pytest.mark.parametrize(
    ("fields", "activator", "queue_proxy"),
    [
        ((header(b"probe"), HASH), OF_THE_NETWORK, OF_THE_NETWORK),
        ((header(b"probe"),), NEEDS_HASH, NEEDS_HASH),
        ((header(b"activator"),), Answer(200, "activator"), None),
        ((header(b"activator"), SCALER_AGENT), Answer(200, "activator"), unexpected("activator")),
        ((header(b"queue"), ACTIVATOR_AGENT), unexpected('"queue"'), Answer(200, "queue")),
        ((header(b"queue"), SCALER_AGENT), unexpected('"queue"'), Answer(200, "queue")),
        ((header(b"queue"),), unexpected('"queue"'), None),
        ((header(b"<x>"),), unexpected('"&lt;x&gt;"'), None),
        ((KUBELET,), Answer(200, ""), unexpected("")),
        ((KUBELET, header(b"queue")), Answer(200, ""), Answer(200, "queue")),
        (((b"K-Kubelet-Probe", b"1"), header(b"queue")), Answer(200, ""), Answer(200, "queue")),
        ((ACTIVATOR_AGENT,), None, unexpected("")),
    ],
)
def test_each_hop_answers_its_own(fields, activator, queue_proxy):
    probe = find_probe(make_head(*fields))
    assert probe.answer(via_activator=True) == activator
    assert probe.answer(via_activator=False) == queue_proxy


@pytest.mark.parametrize(
    "fields",
    [
        (),
        (HASH,),
        (header(b""),),
        ((b"User-Agent", b"curl/8 probe"),),
        ((b"X-Probe", b"probe"),),
        ((b"X-Agent", b"kube-probe/1.33"),),
    ],
)
def test_other_requests_are_no_probes(fields):
    assert find_probe(make_head(*fields)) is None


@pytest.mark.parametrize("name", [b"k-network-probe", b"K-NETWORK-PROBE"])
def test_names_are_known_in_whatever_case_and_protocol(name):
    head = RequestHead(b"GET", b"/", http11=False, keep_alive=True)
    head.fields = [(name, b"probe"), (b"k-network-hash", b"abc")]
    assert find_probe(head).answer(via_activator=True) == OF_THE_NETWORK


MORE = "K-Network-Probe: {}\r\nUser-Agent: Knative-Activator-Probe\r\n"


async def test_a_probe_at_zero_wakes_nothing_and_waits_for_nothing():
    async with running() as world:
        pokes: list[RevisionKey] = []
        world.gateway.on_poke(lambda revision, stat: pokes.append(revision))
        world.route(mode=ServiceMode.PROXY)
        client = await world.connect()
        for _ in range(3):  # repeated heads too
            client.send("/", more=MORE.format("activator"))
            reply = await client.reply()
            assert (reply.status, reply.text) == (200, "activator")
        client.close()
        assert pokes == []
        assert world.flow.collect(1e9) == []
        assert world.gateway.counters.ended[Outcome.ANSWERED] == 3


async def test_a_probe_reaches_the_hop_that_is_in_the_path_and_no_container():
    replica = Replica(1)
    async with running(replica) as world:
        client = await world.connect()
        for mode, expected in (
            (ServiceMode.SERVE, (200, "queue")),
            (ServiceMode.PROXY, (400, 'unexpected probe header value: "queue"\n')),
            (ServiceMode.SERVE, (200, "queue")),
        ):
            world.route(replica, mode=mode)
            client.send("/", more=MORE.format("queue"))
            reply = await client.reply()
            assert (reply.status, reply.text) == expected
        assert replica.received == []
        assert sum(stat.request_count for stat in world.flow.collect(1e9)) == 0

        client.send("/", more="K-Network-Probe: queue\r\n")  # no component's agent
        assert (await client.reply()).status == 200
        assert replica.received[0].headers["k-network-probe"] == "queue"
        client.close()


async def test_the_networks_probe_is_told_the_hash():
    async with running() as world:
        world.route(mode=ServiceMode.PROXY)
        reply = await world.ask("/", more="K-Network-Probe: probe\r\nK-Network-Hash: abc\r\n")
        assert (reply.status, reply.text, reply.headers["k-network-hash"]) == (200, "", "abc")
        assert world.flow.held(REVISION) == 0
