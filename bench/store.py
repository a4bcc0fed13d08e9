"""What the store costs with 14,000 objects (1,000 services with 14 objects each).

Run: python -m bench.store. Prints microseconds per operation, the memory they take, and the time
of a restart from the journal.
"""

import asyncio
import gc
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from kfsim.api.core import Container, Pod, PodSpec
from kfsim.api.knative.serving import Configuration, Revision, RevisionSpec
from kfsim.api.meta import Condition, ObjectMeta, owner_reference
from kfsim.api.scheme import kind_of
from kfsim.base.clock import RealClock
from kfsim.base.entropy import SeededEntropy
from kfsim.kubeapi.encoding import encode_list
from kfsim.kubeapi.tables import TableWriter
from kfsim.store import Journal, Store
from kfsim.store.sqlite_journal import SqliteJournal

SERVICES = 1000
PER_SERVICE = 14


def make_revision(number: int, child: int, owner: Configuration) -> Revision:
    name = f"model-{number:04}-predictor-{child:05}"
    container = Container(
        name="kserve-container",
        image="kserve/sklearnserver:latest",
        args=("--model_name=iris", "--model_dir=/mnt/models", "--http_port=8080"),
    )
    labels = {
        "serving.knative.dev/service": owner.metadata.name,
        "serving.knative.dev/configuration": owner.metadata.name,
        "serving.kserve.io/inferenceservice": f"model-{number:04}",
        "component": "predictor",
    }
    return Revision(
        metadata=ObjectMeta(
            name=name,
            namespace="default",
            labels=labels,
            annotations={"autoscaling.knative.dev/min-scale": "0"},
            owner_references=(owner_reference(owner),),
        ),
        spec=RevisionSpec(containers=(container,), timeout_seconds=300),
    )


def timed(title: str, count: int, work: Callable[[], object]) -> None:
    begin = time.perf_counter()
    result = work()
    took = time.perf_counter() - begin
    if isinstance(result, float):
        took = result
    print(f"{title:<46}{took / count * 1e6:>10.1f} us each {took * 1e3:>9.1f} ms together")


def fill(store: Store) -> float:
    """Seconds inside `create` alone: building the models is their makers' cost."""
    took = 0.0
    for number in range(SERVICES):
        owner = store.create(
            Configuration(metadata=ObjectMeta(name=f"model-{number:04}", namespace="default"))
        )
        revisions = [make_revision(number, child, owner) for child in range(1, PER_SERVICE)]
        begin = time.perf_counter()
        for revision in revisions:
            store.create(revision)
        took += time.perf_counter() - begin
    return took


def mark_ready(store: Store) -> None:
    condition = Condition(type="Ready", status="True", last_transition_time="2024-01-01T00:00:00Z")
    for entry in store.entries(Revision):
        revision = store.view(Revision, entry)
        status = revision.status.replaced(conditions=(condition,), observed_generation=1)
        store.update_status(revision.replaced(status=status))


def rewrite(store: Store) -> None:
    for entry in store.entries(Revision):
        store.update(store.view(Revision, entry))


def look_up(store: Store) -> None:
    for number in range(SERVICES):
        labels = {"serving.kserve.io/inferenceservice": f"model-{number:04}"}
        assert len(store.list(Revision, "default", labels=labels)) == PER_SERVICE - 1


def encode(store: Store) -> int:
    kind = kind_of(Revision)
    entries = store.entries(Revision)
    return sum(len(c) for c in encode_list(kind, kind.api_version, entries, 1))


def print_table(store: Store) -> int:
    kind = kind_of(Revision)
    writer = TableWriter(kind, kind.api_version, wall=RealClock().wall(), include="Metadata")
    return sum(len(chunk) for chunk in writer.table(store.entries(Revision), 1))


def make_store(journal: Journal | None) -> Store:
    return Store(clock=RealClock(), entropy=SeededEntropy(1), journal=journal)


def longest_collection() -> float:
    begin = time.perf_counter()
    gc.collect()
    return (time.perf_counter() - begin) * 1e3


async def measure(store: Store) -> None:
    revisions = SERVICES * (PER_SERVICE - 1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    timed("create", revisions, lambda: fill(store))
    begin = time.perf_counter()
    await store.committed()
    print(f"{'until all is committed':<46}{(time.perf_counter() - begin) * 1e3:>29.1f} ms")
    timed("update_status (decode, change, write)", revisions, lambda: mark_ready(store))
    timed("update without a change (decode, compare)", revisions, lambda: rewrite(store))
    timed("list by indexed label, 13 found", SERVICES, lambda: look_up(store))
    timed("entries of the kind", revisions, lambda: store.entries(Revision))
    timed("list as JSON from bytes", revisions, lambda: encode(store))
    timed("list as Table", revisions, lambda: print_table(store))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"memory grew by {grown:.0f} MiB; a full gc pause takes {longest_collection():.0f} ms")
    pod = store.create(Pod(metadata=ObjectMeta(name="p"), spec=PodSpec(hostname="h")))
    begin = time.perf_counter()
    for number in range(200):
        pod = store.update(pod.replaced(spec=PodSpec(hostname=f"h{number}")))
        await store.committed()
    took = (time.perf_counter() - begin) / 200
    print(f"{'write and wait for the commit':<46}{took * 1e6:>10.1f} us each")
    await store.close()


async def main() -> None:
    print("-- in memory")
    await measure(make_store(None))
    print("-- with the SQLite journal")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.db"
        await measure(make_store(SqliteJournal(path)))
        restarted = []
        timed(
            "restart",
            SERVICES * PER_SERVICE,
            lambda: restarted.append(make_store(SqliteJournal(path))),
        )
        await restarted[0].close()


if __name__ == "__main__":
    asyncio.run(main())
