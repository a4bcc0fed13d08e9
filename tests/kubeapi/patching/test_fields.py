"""Sets of fields as managedFields has them."""

from kfsim.kubeapi.patching.fields import contains, fields_of, paths, value_at, without

DOCUMENT = {
    "a": {"b": 1, "c": {}},
    "containers": [{"name": "x", "image": "1"}],
    "finalizers": ["f"],
    "args": ["1", "2"],
}
ITEM = 'k:{"name":"x"}'


def test_all_fields_have_a_path_and_a_value() -> None:
    fields = fields_of(DOCUMENT)
    assert {path: value_at(DOCUMENT, path) for path in paths(fields)} == {
        ("f:a", "f:b"): 1,
        ("f:a", "f:c"): {},
        ("f:containers", ITEM, "f:name"): "x",
        ("f:containers", ITEM, "f:image"): "1",
        ("f:finalizers", 'v:"f"'): "f",
        ("f:args",): ["1", "2"],
    }


def test_a_path_is_contained_with_what_is_below() -> None:
    fields = fields_of(DOCUMENT)
    assert contains(fields, ("f:a",))
    assert contains(fields, ("f:a", "f:b"))
    assert not contains(fields, ("f:args", "f:any"))
    assert not contains(fields, ("f:a", "f:d"))
    assert value_at(DOCUMENT, ("f:a", "f:b", "f:c")) is None
    assert value_at(DOCUMENT, ("f:args", ITEM)) is None


def test_a_path_is_taken_out_with_what_becomes_empty() -> None:
    fields = {"f:a": {"f:b": {}}, "f:l": {ITEM: {".": {}, "f:i": {}}}}
    assert without(fields, ("f:a", "f:b")) == {"f:l": {ITEM: {".": {}, "f:i": {}}}}
    assert without(fields, ("f:l", ITEM, "f:i")) == {"f:a": {"f:b": {}}}
    assert without(fields, ("f:x",)) == fields
