"""What the gateway says by itself: plain text that names what was asked, found, and to do."""

from collections.abc import Sequence
from dataclasses import dataclass

from kfsim.base.types import ReplicaKey
from kfsim.dataplane.heads import RawHeader
from kfsim.flow import Rejection

_MOST_HOSTS = 50


@dataclass(frozen=True, slots=True)
class Answer:
    """A response that no replica gave; `fields` are headers besides those of its body."""

    status: int
    text: str
    fields: tuple[RawHeader, ...] = ()


def make_rejection(rejection: Rejection) -> Answer:
    """As Go's http.Error writes it: the text and a newline; a timeout's text has none."""
    ending = "" if rejection.status == 504 else "\n"
    return Answer(rejection.status, rejection.reason + ending)


def make_not_found(asked_host: bytes, target: bytes, known: Sequence[str], api: str) -> Answer:
    """No route: list the known hosts, or point a lost Kubernetes client to the API."""
    host, path = asked_host.decode("latin-1"), target.decode("latin-1")
    if path.startswith(("/api", "/openapi")):
        return Answer(
            404,
            f"{path} was asked of kfsim's gateway, which serves models only.\n"
            f"The Kubernetes API is at {api}: use `kubectl --server {api}`.\n",
        )
    lines = [f"No service answers for host {host!r} and path {path!r}."]
    if known:
        lines.append("Known hosts (any domain may follow the first two labels):")
        lines += (f"  {name}" for name in known[:_MOST_HOSTS])
        if len(known) > _MOST_HOSTS:
            lines.append(f"  ... and {len(known) - _MOST_HOSTS} more")
        lines.append("Or use the path form /serving/NAMESPACE/NAME/... on any host.")
    else:
        lines.append("There is no service yet: apply an InferenceService first.")
    return Answer(404, "\n".join(lines) + "\n")


def make_overload(limit: int) -> Answer:
    """The gateway would hold too much: whoever brings more has to come again."""
    return Answer(
        503,
        f"the gateway holds {limit} bytes of requests and responses that nobody takes, the most it "
        "may; try again later, or raise limits.totalBufferedBytes in kfsim.yaml\n",
    )


def make_bad_gateway(replica: str, reason: str) -> Answer:
    """The replica did not answer properly."""
    return Answer(502, f"replica {replica}: {reason}\n")


def make_needs_http2(replica: ReplicaKey) -> Answer:
    """gRPC for a container that was not declared to speak it."""
    return Answer(
        501,
        f"replica {replica} is served by HTTP/1.1, which cannot carry gRPC; name the container's "
        "port h2c (ports: [{name: h2c, containerPort: ...}])\n",
    )
