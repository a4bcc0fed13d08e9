from hypothesis import given
from hypothesis import strategies as st

from kfsim.api.core import ConfigMap, Pod
from kfsim.store.packing import Templates, pack, unpack

RAW = b'{"apiVersion":"v1","kind":"Pod","metadata":{"name":"%d","uid":"%d"},"spec":{"a":"%s"}}'


@given(st.binary(max_size=20_000), st.binary(max_size=8192))
def test_unpacking_gives_back_what_was_packed(raw: bytes, template: bytes) -> None:
    assert unpack(pack(raw, template), template) == raw


def test_a_like_object_leaves_little() -> None:
    template = RAW % (1, 11, b"text" * 100)
    packed = pack(RAW % (2, 22, b"text" * 100), template)
    assert len(packed) < 30


def test_the_first_object_of_a_kind_is_its_template() -> None:
    templates = Templates()
    assert templates.choose(Pod, b"first") == b"first"
    assert templates.choose(ConfigMap, b"other") == b"other"
    assert templates.choose(Pod, b"second") == b"first"


def test_a_template_is_no_longer_than_the_window() -> None:
    assert len(Templates().choose(Pod, b"x" * 100_000)) == 8192
