import subprocess
import sys

import pytest

from kfsim.api.core import ConfigMap
from kfsim.api.meta import ObjectMeta
from kfsim.base.entropy import SeededEntropy
from kfsim.base.types import ReplicaKey
from kfsim.replicas.backend import ReplicaEvent, ReplicaEventKind
from kfsim.simulation.trace import Trace
from kfsim.store import Store
from kfsim.testing.clock import FakeClock
from tests.simulation.planes import SERVICE, make_table, make_target


def make_trace() -> tuple[Trace, FakeClock, Store]:
    clock = FakeClock()
    trace = Trace(clock)
    store = Store(clock=clock, entropy=SeededEntropy(1))
    store.subscribe(trace.observe_write)
    return trace, clock, store


def make_config(value: str) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(namespace="default", name="a"), data={"key": value})


def test_lines_tell_time_and_what_happened() -> None:
    trace, clock, store = make_trace()
    store.create(make_config("1"))
    clock.advance(1.5)
    key = ReplicaKey("default", "pod-1")
    trace.observe_replica(ReplicaEvent(key, "uid", ReplicaEventKind.EXITED, "main", exit_code=137))
    trace.observe_replica(ReplicaEvent(key, "uid", ReplicaEventKind.GONE))
    trace.observe_routes(make_table(3, make_target("pod-1", "pod-2")))
    first, *rest = map(str, trace.lines)
    assert first.startswith("0.000000 store ADDED ConfigMap default/a 1 ")
    shares = "iris-00001=100,iris-00002=0"
    splits = f"[{SERVICE[1]}.{SERVICE[0]} {shares}; {SERVICE[0]}/{SERVICE[1]} {shares}]"
    assert rest == [
        "1.500000 replica Exited default/pod-1 main exit 137",
        "1.500000 replica Gone default/pod-1",
        f"1.500000 routes 3 [default/iris-00001 Proxy pod-1,pod-2] {splits}",
    ]
    assert [line.text for line in trace.about("replica")] == [
        "Exited default/pod-1 main exit 137",
        "Gone default/pod-1",
    ]


def test_equal_histories_have_equal_digests() -> None:
    (one, _, store), (two, _, other) = make_trace(), make_trace()
    store.create(make_config("1"))
    other.create(make_config("1"))
    assert (one.digest(), one.first_difference(two)) == (two.digest(), None)


@pytest.mark.parametrize("value", ["1", "2"])
def test_the_first_difference_is_shown(value: str) -> None:
    (one, _, store), (two, _, other) = make_trace(), make_trace()
    store.create(make_config("1"))
    other.create(make_config(value))
    other.delete(ConfigMap, "a", "default")
    expected = "one has 1 lines" if value == "1" else "line 1:"
    assert expected in (one.first_difference(two) or "")
    assert one.digest() != two.digest()


def test_a_digest_does_not_depend_on_the_hash_seed() -> None:
    program = (
        "from tests.simulation.test_trace import make_config, make_trace\n"
        "trace, _, store = make_trace()\n"
        "store.create(make_config('1'))\n"
        "print(trace.digest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1
