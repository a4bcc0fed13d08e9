"""Logins from imagePullSecrets, with every way in which they can be wrong."""

import json
from base64 import b64encode

import pytest

from kfsim.api.core import Pod, Secret, ServiceAccount
from kfsim.controllers.pod.pull_secrets import resolve_pull_secrets
from kfsim.replicas.backend import RegistryLogin

REGISTRY = "registry.example:5000"
ADA = RegistryLogin("ada", "pa:ss")


def coded(text):
    return b64encode(text.encode()).decode()


def config(entries, name="login"):
    """A kubernetes.io/dockerconfigjson Secret."""
    return Secret.model_validate(
        {
            "metadata": {"name": name},
            "type": "kubernetes.io/dockerconfigjson",
            "data": {".dockerconfigjson": coded(json.dumps({"auths": entries}))},
        }
    )


def raw(data, type_="kubernetes.io/dockerconfigjson"):
    return Secret.model_validate({"metadata": {"name": "login"}, "type": type_, "data": data})


class Objects:
    def __init__(self, *objects):
        self._objects = {(type(each), each.metadata.name): each for each in objects}

    def secret(self, name):
        return self._objects.get((Secret, name))

    def service_account(self, name):
        return self._objects.get((ServiceAccount, name))


def account(*secrets, name="default"):
    given = [{"name": each} for each in secrets]
    return ServiceAccount.model_validate({"metadata": {"name": name}, "imagePullSecrets": given})


def pod(*secrets, account=None):
    spec = {"imagePullSecrets": [{"name": each} for each in secrets]}
    return Pod.model_validate({"spec": spec | {"serviceAccountName": account}})


@pytest.mark.parametrize(
    ("secret", "logins"),
    [
        (config({REGISTRY: {"auth": coded("ada:pa:ss")}}), {REGISTRY: ADA}),
        (config({REGISTRY: {"username": "ada", "password": "pa:ss"}}), {REGISTRY: ADA}),
        (
            config({REGISTRY: {"username": "x", "password": "y", "auth": coded("ada:pa:ss")}}),
            {REGISTRY: ADA},
        ),
        (
            raw(
                {".dockercfg": coded(json.dumps({REGISTRY: {"auth": coded("ada:pa:ss")}}))},
                "kubernetes.io/dockercfg",
            ),
            {REGISTRY: ADA},
        ),
        (
            Secret.model_validate(
                {
                    "metadata": {"name": "login"},
                    "type": "kubernetes.io/dockerconfigjson",
                    "stringData": {".dockerconfigjson": '{"auths": {}}'},
                }
            ),
            {},
        ),
    ],
    ids=["auth", "username and password", "auth wins", "the legacy type", "no registries"],
)
def test_logins_are_read(secret, logins):
    found = resolve_pull_secrets(pod("login"), Objects(secret))
    assert (found.logins, found.problem) == (logins, "")


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        (raw({}, "Opaque"), "its type is Opaque, not"),
        (raw({}), "it has no .dockerconfigjson"),
        (raw({".dockerconfigjson": coded("hunter2")}), "is not base64 of JSON"),
        (raw({".dockerconfigjson": "hunter2!"}), "is not base64 of JSON"),
        (raw({".dockerconfigjson": coded('["hunter2"]')}), "is not a map of registries"),
        (raw({".dockerconfigjson": coded('{"auths": "hunter2"}')}), "is not a map of registries"),
        (config({REGISTRY: "hunter2"}), f"the entry of {REGISTRY} is not a map"),
        (config({REGISTRY: {"auth": "hunter2!"}}), f"the auth of {REGISTRY} is not base64"),
        (config({REGISTRY: {"auth": 1}}), f"the auth of {REGISTRY} is not base64"),
        (config({REGISTRY: {"auth": coded("hunter2")}}), "base64 of USERNAME:PASSWORD"),
        (config({REGISTRY: {"password": "hunter2"}}), "has no username and password"),
    ],
)
def test_what_cannot_be_read_is_named_without_its_content(secret, why):
    found = resolve_pull_secrets(pod("login"), Objects(secret))
    assert found.logins == {}
    assert why in found.problem
    assert found.problem.startswith("Unable to retrieve some image pull secrets (login: ")
    assert "hunter2" not in found.problem


def test_missing_secrets_are_named_and_the_rest_is_used():
    secret = config({REGISTRY: {"auth": coded("ada:pa:ss")}})
    found = resolve_pull_secrets(pod("a", "login", "b"), Objects(secret))
    assert found.logins == {REGISTRY: ADA}
    assert found.problem == (
        "Unable to retrieve some image pull secrets (a, b);"
        " attempting to pull the image may not succeed."
    )


def test_the_pods_own_secrets_come_before_its_service_accounts():
    own = config({REGISTRY: {"auth": coded("ada:pa:ss")}}, "own")
    shared = config(
        {REGISTRY: {"auth": coded("bob:x")}, "other.example": {"auth": coded("bob:x")}}, "shared"
    )
    found = resolve_pull_secrets(pod("own"), Objects(own, shared, account("shared", "own")))
    assert found.logins == {REGISTRY: ADA, "other.example": RegistryLogin("bob", "x")}


@pytest.mark.parametrize(("named", "logins"), [("puller", 1), ("absent", 0), (None, 0)])
def test_the_service_account_is_the_one_that_the_pod_names(named, logins):
    shared = config({REGISTRY: {"auth": coded("ada:pa:ss")}}, "shared")
    objects = Objects(shared, account("shared", name="puller"))
    found = resolve_pull_secrets(pod(account=named), objects)
    assert (len(found.logins), found.problem) == (logins, "")


def test_a_password_is_not_in_the_text_of_what_is_found():
    secret = config({REGISTRY: {"auth": coded("ada:hunter2")}})
    assert "hunter2" not in repr(resolve_pull_secrets(pod("login"), Objects(secret)))
