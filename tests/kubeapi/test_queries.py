import pytest

from kfsim.api.core import Event, ObjectReference, Pod
from kfsim.api.decoding import FieldValidation
from kfsim.api.meta import ObjectMeta
from kfsim.api.scheme import kind_of
from kfsim.base.errors import BadRequest
from kfsim.kubeapi.queries import (
    Form,
    parse_dry_run,
    parse_flag,
    parse_form,
    parse_number,
    parse_selection,
    parse_validation,
)
from kfsim.store.entry import make_entry


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", Form.OBJECT),
        ("*/*", Form.OBJECT),
        ("application/json", Form.OBJECT),
        (
            (
                "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;"
                "g=meta.k8s.io,application/json"
            ),
            Form.TABLE,
        ),
        ("application/json; as=Table; v=v1; g=meta.k8s.io", Form.TABLE),
        ("application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json", Form.OBJECT),
        ("application/json,application/json;as=Table;v=v1;g=meta.k8s.io", Form.OBJECT),
        ("application/vnd.kubernetes.protobuf,application/json", Form.OBJECT),
    ],
)
def test_forms(accept: str, form: Form) -> None:
    assert parse_form(accept) is form


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        ("involvedObject.name=iris", True),
        ("involvedObject.name=iris,involvedObject.kind=InferenceService", True),
        ("involvedObject.uid=other", False),
        ("metadata.name=e,metadata.namespace!=m", True),
        ("type!=Warning,reason=", True),
    ],
)
def test_events_are_selected_by_what_they_are_about(selector: str, matches: bool) -> None:
    event = Event(
        metadata=ObjectMeta(name="e", namespace="n"),
        involved_object=ObjectReference(kind="InferenceService", name="iris"),
        type="Normal",
    )
    entry = make_entry(kind_of(Event), event, 1)
    selection = parse_selection("v1", "Event", "n", {"fieldSelector": selector})
    assert selection.matches(entry) is matches


def test_selection_by_namespace_and_label() -> None:
    pod = Pod(metadata=ObjectMeta(name="p", namespace="n", labels={"a": "b"}))
    entry = make_entry(kind_of(Pod), pod, 1)
    assert parse_selection("v1", "Pod", None, {"labelSelector": "a=b"}).matches(entry)
    assert not parse_selection("v1", "Pod", "m", {}).matches(entry)
    assert not parse_selection("v1", "Pod", "n", {"labelSelector": "!a"}).matches(entry)


def test_fields_that_a_kind_lacks_are_refused() -> None:
    with pytest.raises(BadRequest, match=r"field label not supported: status\.phase"):
        parse_selection("v1", "Secret", None, {"fieldSelector": "status.phase=x"})


def test_parameters() -> None:
    assert parse_validation({}) is FieldValidation.WARN
    assert parse_dry_run({"dryRun": "All"})
    assert parse_flag({"watch": "true"}, "watch")
    assert not parse_flag({"watch": "0"}, "watch")
    assert parse_number({"n": "12"}, "n") == 12
    assert parse_number({}, "n") is None
    for call in (
        lambda: parse_validation({"fieldValidation": "Maybe"}),
        lambda: parse_dry_run({"dryRun": "Some"}),
        lambda: parse_number({"n": "-1"}, "n"),
    ):
        with pytest.raises(BadRequest):
            call()
