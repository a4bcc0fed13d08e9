import json

from kfsim.api.kserve.types import InferenceService
from kfsim.api.meta import ObjectMeta
from kfsim.api.scheme import kind_of
from kfsim.kubeapi.encoding import CHUNK_BYTES, encode_entry, encode_list
from kfsim.store import Entry
from kfsim.store.entry import make_entry

OLD = "serving.kubeflow.org/v1beta1"
RESOURCE = kind_of(InferenceService)


def make(name: str, note: str = "") -> Entry:
    metadata = ObjectMeta(name=name, annotations={"note": note} if note else {})
    return make_entry(RESOURCE, InferenceService(metadata=metadata), 1)


def test_served_versions_replace_the_head_only() -> None:
    entry = make("a", '{"apiVersion":"serving.kserve.io/v1beta1"')
    obj = json.loads(encode_entry(entry, OLD))
    assert obj["apiVersion"] == OLD
    assert obj["metadata"]["annotations"]["note"] == '{"apiVersion":"serving.kserve.io/v1beta1"'
    assert encode_entry(entry, RESOURCE.api_version) is entry.raw


def test_lists_come_in_chunks() -> None:
    entries = [make(f"a{number}", "x" * 1000) for number in range(200)]
    chunks = list(encode_list(RESOURCE, OLD, entries, 5))
    assert len(chunks) > 2
    assert all(len(chunk) < CHUNK_BYTES + 3000 for chunk in chunks)
    listed = json.loads(b"".join(chunks))
    assert listed["metadata"] == {"resourceVersion": "5"}
    assert [item["metadata"]["name"] for item in listed["items"]] == [e.name for e in entries]
    assert json.loads(b"".join(encode_list(RESOURCE, OLD, [], 5)))["items"] == []
