"""Which logins an image is pulled with."""

import pytest

from kfsim.backends.docker.keyring import find_logins, registry_key
from kfsim.backends.docker.references import parse_reference
from kfsim.replicas.backend import RegistryLogin


def logins(*spelled: str) -> dict[str, RegistryLogin]:
    return {key: RegistryLogin(username=key, password="p") for key in spelled}


def found(image: str, *spelled: str) -> list[str]:
    return [each.username for each in find_logins(parse_reference(image), logins(*spelled))]


@pytest.mark.parametrize(
    ("spelled", "key"),
    [
        ("https://index.docker.io/v1/", "index.docker.io"),
        ("index.docker.io", "index.docker.io"),
        ("http://registry:5000", "registry:5000"),
        ("registry:5000/", "registry:5000"),
        ("https://registry/v2/team", "registry/team"),
        ("registry/team/sub", "registry/team/sub"),
    ],
)
def test_keys_are_hosts_with_a_path(spelled: str, key: str) -> None:
    assert registry_key(spelled) == key


HUB = "https://index.docker.io/v1/"


@pytest.mark.parametrize(
    ("image", "spelled", "expected"),
    [
        pytest.param("registry:5000/x", ["registry:5000"], ["registry:5000"], id="host"),
        pytest.param("registry:5000/x", ["registry"], [], id="port-differs"),
        pytest.param("registry/x", ["registry:5000"], [], id="port-missing"),
        pytest.param("a.example.com/x", ["*.example.com"], ["*.example.com"], id="wildcard"),
        pytest.param("a.b.example.com/x", ["*.example.com"], [], id="wildcard-is-one-label"),
        pytest.param("ab.example.com/x", ["a*.example.com"], ["a*.example.com"], id="part"),
        pytest.param("a.io/team/x", ["a.io/team", "a.io/other"], ["a.io/team"], id="path"),
        pytest.param("a.io/team/x", ["a.io", "a.io/team"], ["a.io/team", "a.io"], id="longest"),
        pytest.param("busybox", [HUB], [HUB], id="hub-without-registry"),
        pytest.param("kserve/x", [HUB], [HUB], id="hub-with-user"),
        pytest.param("docker.io/x", [HUB, "docker.io"], ["docker.io"], id="named-first"),
        pytest.param("ghcr.io/x", [HUB], [], id="hub-is-not-all"),
        pytest.param("ghcr.io/x", [], [], id="none"),
    ],
)
def test_matching_is_kubelets(image: str, spelled: list[str], expected: list[str]) -> None:
    assert found(image, *spelled) == expected


def test_the_same_login_is_tried_once() -> None:
    one = RegistryLogin(username="u", password="p")
    given = {"https://registry:5000": one, "registry:5000": one}
    assert find_logins(parse_reference("registry:5000/x"), given) == (one,)
