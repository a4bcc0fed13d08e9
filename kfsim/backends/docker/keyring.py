"""Which registry logins an image may be pulled with.

Pure. The rules are kubelet's (pkg/credentialprovider/keyring.go): a login's key is a host, maybe
with a port and a path that the image's must begin with; `*` stands for a part of one host label;
longer keys are tried first; Docker Hub's login also counts for images that name no registry.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase

from kfsim.backends.docker.references import Reference
from kfsim.replicas.backend import RegistryLogin

_HUB_KEY = "index.docker.io"
_HUB_DOMAIN = "docker.io"


def find_logins(
    reference: Reference, logins: Mapping[str, RegistryLogin]
) -> tuple[RegistryLogin, ...]:
    """The logins to try, in order; none means to pull without."""
    keyed = [(registry_key(spelled), login) for spelled, login in logins.items()]
    keyed.sort(key=lambda each: each[0], reverse=True)
    found = [login for key, login in keyed if _matches(key, reference.repository)]
    if not found and reference.domain == _HUB_DOMAIN:
        found = [login for key, login in keyed if key == _HUB_KEY]
    return tuple(dict.fromkeys(found))


def registry_key(spelled: str) -> str:
    """`registry:5000/team` of `https://registry:5000/v2/team`; API versions say nothing."""
    host, slash, path = spelled.partition("://")[2].partition("/")
    if "://" not in spelled:
        host, slash, path = spelled.partition("/")
    path = slash + path
    if path.startswith(("/v1/", "/v2/")):
        path = path[3:]
    return host if path in ("", "/") else host + path


def _matches(key: str, repository: str) -> bool:
    pattern, _, prefix = key.partition("/")
    host, _, path = repository.partition("/")
    pattern_labels, pattern_port = _host_labels(pattern)
    labels, port = _host_labels(host)
    return (
        pattern_port == port
        and len(pattern_labels) == len(labels)
        and path.startswith(prefix)
        and all(map(fnmatchcase, labels, pattern_labels))
    )


def _host_labels(host: str) -> tuple[list[str], str]:
    name, _, port = host.partition(":")
    return name.split("."), port
