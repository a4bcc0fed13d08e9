"""The table checks a small reconciler that keeps a ConfigMap named after each Pod."""

from collections.abc import Callable

import pytest

from kfsim.api.core import ConfigMap, Pod, PodStatus
from kfsim.api.meta import ObjectMeta, owner_reference
from kfsim.base.errors import Invalid
from kfsim.controllers.runtime import Key, Result
from kfsim.testing.table import (
    Created,
    Deleted,
    Harness,
    Row,
    StatusUpdated,
    Updated,
    check_row,
)


def make_pod(phase: str | None = None, **labels: str) -> Pod:
    return Pod(
        metadata=ObjectMeta(namespace="default", name="iris", labels=labels),
        status=PodStatus(phase=phase),
    )


def make_record(pod: Pod, data: str = "1") -> ConfigMap:
    return ConfigMap(
        metadata=ObjectMeta(
            namespace="default", name="iris-record", owner_references=(owner_reference(pod),)
        ),
        data={"seen": data},
    )


class RecordKeeper:
    """Correct on purpose; the tests below bend it."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        self.store = harness.store

    def reconcile(self, key: Key) -> Result:
        pod = self.store.find(Pod, key.name, key.namespace)
        record = self.store.find(ConfigMap, f"{key.name}-record", key.namespace)
        if pod is None:
            if record is not None:
                self.store.delete(ConfigMap, record.metadata.name, key.namespace)
            return Result()
        if pod.metadata.labels.get("bad"):
            raise Invalid("bad label")
        if record is None:
            self.store.create(make_record(pod))
            self.harness.recorder.normal(pod, "Created", "Created the record")
        elif record.data != {"seen": "1"}:
            self.store.update(record.replaced(data={"seen": "1"}))
        self.store.update_status(pod.replaced(status=PodStatus(phase="Running")))
        return Result(requeue_after=30)


KEY = Key("default", "iris")
ROWS = [
    Row(
        "creates what is missing",
        KEY,
        given=(make_pod(),),
        writes=(Created(make_record(make_pod())), StatusUpdated(make_pod("Running"))),
        events=("Normal Created Created the record",),
        requeue_after=30,
    ),
    Row(
        "mends what differs",
        KEY,
        given=(make_pod("Running"), make_record(make_pod(), "2")),
        writes=(Updated(make_record(make_pod())),),
        requeue_after=30,
    ),
    Row(
        "leaves what is right alone",
        KEY,
        given=(make_pod("Running"), make_record(make_pod())),
        requeue_after=30,
    ),
    Row(
        "deletes what is left over",
        KEY,
        given=(make_record(make_pod()),),
        writes=(Deleted(ConfigMap, "iris-record"),),
    ),
    Row("refuses a bad label", KEY, given=(make_pod(bad="yes"),), raises=Invalid),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_rows_of_a_correct_reconciler_pass(row: Row) -> None:
    check_row(row, RecordKeeper)


def test_prepare_may_set_up_ports_and_clock() -> None:
    def prepare(harness: Harness) -> None:
        harness.clock.advance(5)

    row = Row("clock", KEY, prepare=prepare)
    assert check_row(row, RecordKeeper).clock.now() == 5


def replaced(row: Row, **changes: object) -> Row:
    values = {name: getattr(row, name) for name in Row.__dataclass_fields__}
    return Row(**{**values, **changes})


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (replaced(ROWS[0], writes=()), "write 1 differs (0 expected, 2 found)"),
        (replaced(ROWS[2], writes=ROWS[1].writes), "found\nnothing more"),
        (replaced(ROWS[1], writes=(Updated(make_record(make_pod(), "3")),)), '"seen": "3"'),
        (replaced(ROWS[0], events=()), "event 1 differs"),
        (replaced(ROWS[2], requeue_after=None), "expected to requeue after None, was 30"),
        (replaced(ROWS[2], raises=Invalid), "expected Invalid, nothing was raised"),
    ],
)
def test_a_row_that_expects_something_else_says_what_differs(row: Row, text: str) -> None:
    with pytest.raises(AssertionError) as caught:
        check_row(row, RecordKeeper)
    assert text in str(caught.value)


def test_an_unexpected_error_is_raised_as_it_is() -> None:
    with pytest.raises(Invalid, match="bad label"):
        check_row(replaced(ROWS[4], raises=None), RecordKeeper)


def test_a_reconciler_that_writes_on_every_run_fails() -> None:
    class Busy(RecordKeeper):
        def reconcile(self, key: Key) -> Result:
            pod = self.store.get(Pod, key.name, key.namespace)
            labels = {"runs": str(int(pod.metadata.labels.get("runs", "0")) + 1)}
            self.store.update(pod.replaced(metadata=pod.metadata.replaced(labels=labels)))
            return Result()

    make: Callable[[Harness], Busy] = Busy
    row = Row("busy", KEY, given=(make_pod(),), writes=(Updated(make_pod(runs="1")),))
    with pytest.raises(AssertionError, match="a second run must write nothing") as caught:
        check_row(row, make)
    assert '"runs": "2"' in str(caught.value)
