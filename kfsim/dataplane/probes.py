"""Probes of Knative's own components: a hop answers them in the replica's place.

They are marked by a header or by their user agent, reach no container, wake nothing, and count for
no revision (networking/pkg/http/header). Which hop a probe reaches depends on where its revision's
requests go at present: that is what is asked. What a hop does not know as a probe of its own it
treats as a request.
"""

import html
from dataclasses import dataclass

from kfsim.dataplane.answers import Answer
from kfsim.dataplane.requests import RequestHead

_ACTIVATOR, _QUEUE, _NETWORK = b"activator", b"queue", b"probe"
_HASH = b"K-Network-Hash"
_KUBELET = b"kube-probe/"
# Of the health checks of queue-proxy, pkg/queue/sharedmain/handlers.go.
_COMPONENTS = (b"Knative-Activator-Probe", b"Knative-Autoscaling-Probe")


@dataclass(frozen=True, slots=True)
class Probe:
    """What marks a request as a probe: `value` is K-Network-Probe's, `hash` K-Network-Hash's."""

    value: bytes = b""
    hash: bytes = b""
    agent: bytes = b""
    from_kubelet: bool = False

    def answer(self, *, via_activator: bool) -> Answer | None:
        """What the hop says, None where it takes it for a request."""
        return self._at_activator() if via_activator else self._at_queue_proxy()

    def _at_activator(self) -> Answer | None:
        """cmd/activator/main.go: health, then the network's probe, then the activator's own."""
        if self.from_kubelet:
            return Answer(200, "")
        if self.value == _NETWORK:
            return self._of_network()
        if self.value == _ACTIVATOR:
            return Answer(200, "activator")
        return _make_unexpected(f'"{_escape(self.value)}"') if self.value else None

    def _at_queue_proxy(self) -> Answer | None:
        """pkg network/handlers/drain.go, pkg/queue/health/handler.go. A replica that requests are
        sent to is ready, and none that drains is."""
        if self.from_kubelet or self.agent.startswith(_COMPONENTS):
            expected = self.value == _QUEUE
            return Answer(200, "queue") if expected else _make_unexpected(_escape(self.value))
        return self._of_network() if self.value == _NETWORK else None

    def _of_network(self) -> Answer:
        """Tells by the hash which configuration of the network the probe has passed."""
        if not self.hash:
            name = _HASH.decode()
            return Answer(400, f'a probe request must contain a non-empty "{name}" header\n')
        return Answer(200, "", fields=((_HASH, self.hash),))


def _make_unexpected(value: str) -> Answer:
    return Answer(400, f"unexpected probe header value: {value}\n")


def _escape(value: bytes) -> str:
    return html.escape(value.decode("latin-1"))


def find_probe(head: RequestHead) -> Probe | None:
    """The marks of a probe; None for all that cannot be one, which is told at a glance."""
    if not head.mentions(b"probe"):
        return None
    fields = {name.lower(): value for name, value in reversed(head.fields)}
    agent = fields.get(b"user-agent", b"")
    probe = Probe(
        value=fields.get(b"k-network-probe", b""),
        hash=fields.get(b"k-network-hash", b""),
        agent=agent,
        from_kubelet=agent.startswith(_KUBELET) or bool(fields.get(b"k-kubelet-probe")),
    )
    marked = probe.value or probe.from_kubelet or agent.startswith(_COMPONENTS)
    return probe if marked else None
