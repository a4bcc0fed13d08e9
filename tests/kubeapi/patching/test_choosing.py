"""Which patch a content type means, and for which kinds."""

import pytest

from kfsim.api.apps import Deployment
from kfsim.api.kserve.types import InferenceService
from kfsim.api.scheme import kind_of
from kfsim.base.errors import BadRequest
from kfsim.kubeapi.patching import parse_patch
from kfsim.kubeapi.status import UnsupportedMediaType

BUILT_IN, CUSTOM = kind_of(Deployment), kind_of(InferenceService)
STRATEGIC = "application/strategic-merge-patch+json"


@pytest.mark.parametrize(
    ("body", "content_type", "patched"),
    [
        (
            b'[{"op":"add","path":"/b","value":2}]',
            "application/json-patch+json",
            {"a": [1], "b": 2},
        ),
        (b'{"a":[2]}', "application/merge-patch+json", {"a": [2]}),
        (b'{"a":null,"b":2}', STRATEGIC, {"b": 2}),
    ],
)
def test_patches(body: bytes, content_type: str, patched: dict[str, object]) -> None:
    assert parse_patch(body, content_type, BUILT_IN)({"a": [1]}) == patched


def test_custom_kinds_take_no_strategic_merge_patch() -> None:
    with pytest.raises(UnsupportedMediaType) as caught:
        parse_patch(b"{}", STRATEGIC, CUSTOM)
    assert "application/merge-patch+json" in caught.value.message
    assert STRATEGIC not in caught.value.message
    with pytest.raises(UnsupportedMediaType, match=r"strategic-merge-patch\+json"):
        parse_patch(b"{}", "text/plain", BUILT_IN)


@pytest.mark.parametrize("body", [b"{}", b"[", b'"x"'])
def test_a_json_patch_is_a_list(body: bytes) -> None:
    with pytest.raises(BadRequest):
        parse_patch(body, "application/json-patch+json", BUILT_IN)
