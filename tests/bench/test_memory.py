"""The table of idle services: what a request for each of their names would meet."""

from bench.memory import make_table
from kfsim.base.entropy import SeededEntropy
from kfsim.base.types import ServiceMode
from kfsim.dataplane.routing import Router


def test_each_service_is_reached_by_its_hosts_and_paths():
    router = Router()
    router.publish(table := make_table(3))
    assert len(table.revisions) == 3
    for number in range(3):
        found = [
            router.resolve(host, target)[0]
            for name in (f"iris-{number:05}", f"iris-{number:05}-predictor")
            for host, target in (
                (f"{name}.default.example.com".encode(), b"/"),
                (b"localhost", f"/serving/default/{name}/".encode()),
            )
        ]
        (revision,) = {route.pick(SeededEntropy(1)) for route in found}
        assert table.revisions[revision].mode is ServiceMode.PROXY
