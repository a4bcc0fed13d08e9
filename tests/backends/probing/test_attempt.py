"""Which action a probe takes and where it goes."""

from collections.abc import Sequence

from kfsim.api.core import Probe
from kfsim.backends.probing import run_probe
from kfsim.replicas.addresses import Address
from tests.backends.probing.servers import answering, attempt, serving


async def test_ports_are_resolved_by_name_and_by_number() -> None:
    asked: list[int | str | None] = []

    def resolve(port: int | str | None) -> Address | None:
        asked.append(port)
        return None

    async def run(command: Sequence[str]) -> tuple[int, bytes]:
        return 0, b""

    for action in (
        {"httpGet": {"port": "http1"}},
        {"httpGet": {}},
        {"tcpSocket": {"port": 9000}},
        {"grpc": {"port": 9001}},
        {"exec": {"command": ["true"]}},
    ):
        result = await run_probe(Probe.model_validate(action), resolve=resolve, run=run)
        assert result.success == ("exec" in action)
    assert asked == ["http1", None, 9000, 9001]


async def test_host_of_the_probe_is_not_contacted() -> None:
    async with serving(answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) as address:
        result = await attempt({"httpGet": {"host": "elsewhere.invalid", "port": 80}}, address)
    assert result.success


async def test_probe_without_an_action_fails() -> None:
    result = await attempt({"periodSeconds": 1})
    assert result.message == "the probe names no action"
