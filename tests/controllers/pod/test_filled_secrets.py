"""Keys that the project fills, over those that the store has."""

from kfsim.api.core import Secret
from kfsim.api.meta import ObjectMeta
from kfsim.controllers.pod.environment import secret_values
from kfsim.controllers.pod.filled_secrets import lay_over

FILLED = {("ns", "creds"): {"b": "project", "c": "new"}}
STORED = Secret(metadata=ObjectMeta(name="creds", namespace="ns"), data={"a": "YQ==", "b": "Yg=="})


def test_the_projects_values_win_and_other_keys_stay() -> None:
    seen = lay_over(STORED, FILLED, namespace="ns", name="creds")
    assert seen is not None
    assert secret_values(seen) == {"a": b"a", "b": b"project", "c": b"new"}
    assert secret_values(STORED) == {"a": b"a", "b": b"b"}


def test_a_secret_may_be_the_projects_alone() -> None:
    seen = lay_over(None, FILLED, namespace="ns", name="creds")
    assert seen is not None
    assert (seen.metadata.namespace, seen.metadata.name) == ("ns", "creds")
    assert secret_values(seen) == {"b": b"project", "c": b"new"}


def test_what_the_project_does_not_fill_is_as_it_is() -> None:
    assert lay_over(STORED, FILLED, namespace="other", name="creds") is STORED
    assert lay_over(None, FILLED, namespace="ns", name="other") is None
