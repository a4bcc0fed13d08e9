import pytest

from kfsim.base.errors import Forbidden
from kfsim.kubeapi.guard import LOOPBACK_HOSTS, check_body_type, check_host, check_origin
from kfsim.kubeapi.status import UnsupportedMediaType


@pytest.mark.parametrize("host", ["localhost", "LocalHost:1", "127.0.0.1:80", "[::1]", "[::1]:9"])
def test_own_hosts(host: str) -> None:
    check_host(host, LOOPBACK_HOSTS)


@pytest.mark.parametrize(
    "host", ["", "a.localhost", "127.0.0.1:80:80", "[::1", "127.0.0.1:x", "::1"]
)
def test_other_hosts(host: str) -> None:
    with pytest.raises(Forbidden):
        check_host(host, LOOPBACK_HOSTS)


def test_origins() -> None:
    check_origin(None, "localhost:1")
    check_origin("http://localhost:1", "localhost:1")
    for origin in ("", "null", "http://localhost:2", "http://localhost:1.evil"):
        with pytest.raises(Forbidden):
            check_origin(origin, "localhost:1")


def test_body_types() -> None:
    check_body_type("GET", "", has_body=False)
    check_body_type("DELETE", "", has_body=False)
    check_body_type("POST", "application/json", has_body=False)
    check_body_type("POST", "", has_body=True)
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        for content_type in ("", "text/plain"):
            with pytest.raises(UnsupportedMediaType):
                check_body_type(method, content_type, has_body=True, from_browser=True)
