"""What the verbs' tests over a socket do not reach."""

import pytest

from kfsim.api.core import Namespace
from kfsim.api.kserve import InferenceService
from kfsim.api.meta import Object, ObjectMeta
from kfsim.api.scheme import kind_of
from kfsim.base.errors import BadRequest, Invalid
from kfsim.kubeapi.writing import DeleteOptions, check_name, parse_delete_options
from kfsim.store import Propagation


@pytest.mark.parametrize(
    ("data", "query", "options"),
    [
        ({}, {}, DeleteOptions()),
        ({"propagationPolicy": "Orphan"}, {}, DeleteOptions(Propagation.ORPHAN)),
        ({"orphanDependents": True}, {}, DeleteOptions(Propagation.ORPHAN)),
        (
            {"propagationPolicy": "Orphan"},
            {"propagationPolicy": "Foreground"},
            DeleteOptions(Propagation.FOREGROUND),
        ),
        ({"dryRun": ["All"]}, {}, DeleteOptions(dry_run=True)),
        (
            {"preconditions": {"uid": "u", "resourceVersion": "3"}},
            {},
            DeleteOptions(uid="u", resource_version="3"),
        ),
    ],
)
def test_delete_options(
    data: dict[str, object], query: dict[str, str], options: DeleteOptions
) -> None:
    assert parse_delete_options(data, query) == options


def test_unknown_propagation() -> None:
    with pytest.raises(BadRequest, match="expected Foreground, Background or Orphan"):
        parse_delete_options({"propagationPolicy": "None"}, {})


@pytest.mark.parametrize(
    ("model", "name", "good"),
    [
        (InferenceService, "a-1.b", True),
        (InferenceService, "-a", False),
        (InferenceService, "a..b", False),
        (InferenceService, "a" * 254, False),
        (Namespace, "a-1", True),
        (Namespace, "a.b", False),
    ],
)
def test_names(model: type[Object], name: str, good: bool) -> None:
    if good:
        check_name(kind_of(model), ObjectMeta(name=name))
    else:
        with pytest.raises(Invalid, match=r"metadata\.name: Invalid value"):
            check_name(kind_of(model), ObjectMeta(name=name))
