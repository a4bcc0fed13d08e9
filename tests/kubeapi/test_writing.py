"""What the verbs' tests over a socket do not reach."""

import pytest

from kfsim.base.errors import BadRequest
from kfsim.kubeapi.writing import DeleteOptions, parse_delete_options
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
