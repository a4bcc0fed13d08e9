"""Who is woken by a runtime: its users, and those that found none."""

from kfsim.api.kserve.types import ClusterServingRuntime, ServingRuntime
from kfsim.api.meta import ObjectMeta
from kfsim.api.scheme import kind_of
from kfsim.controllers.inferenceservice.runtime_users import RuntimeName, RuntimeUsers
from kfsim.controllers.runtime import Key
from kfsim.store.store import make_entry

A, B = Key("one", "a"), Key("two", "b")


def woken(users, kind, name, namespace=""):
    runtime = kind(metadata=ObjectMeta(name=name, namespace=namespace))
    return list(users.keys_of(make_entry(kind_of(kind), runtime, 1)))


def test_users_of_one_scope():
    users = RuntimeUsers()
    users.use(A, RuntimeName("", "r"))
    users.use(B, RuntimeName("two", "r"))

    assert woken(users, ClusterServingRuntime, "r") == [A]
    assert woken(users, ServingRuntime, "r", "two") == [B]
    assert woken(users, ServingRuntime, "other", "two") == []


def test_the_latest_telling_counts():
    users = RuntimeUsers()
    users.use(A, RuntimeName("", "r"))
    users.use(A, RuntimeName("", "s"))
    users.forget(B)

    assert woken(users, ClusterServingRuntime, "r") == []
    assert woken(users, ClusterServingRuntime, "s") == [A]


def test_those_without_a_runtime_hear_of_every_one_they_could_use():
    users = RuntimeUsers()
    users.miss(A)
    users.miss(B)

    assert woken(users, ClusterServingRuntime, "new") == [A, B]
    assert woken(users, ServingRuntime, "new", "one") == [A]
