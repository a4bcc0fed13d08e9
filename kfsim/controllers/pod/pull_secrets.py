"""What registries are told when a Pod's images are pulled: the logins in its imagePullSecrets.

Those that the Pod names come first, then those of its ServiceAccount; the first login for a
registry is the one used. A secret that is missing or cannot be read stops nothing, because the
image may be public (pkg/kubelet/kubelet_pods.go getPullSecretsForPod). Nothing of a secret's
content is ever part of a message.
"""

import json
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from kfsim.api.core import Pod, Secret, ServiceAccount
from kfsim.controllers.pod.environment import secret_values
from kfsim.replicas.backend import RegistryLogin

_DEFAULT_ACCOUNT = "default"
# The key of each type, and whether the logins are one level down, under "auths".
_KEYS = {
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson", True),
    "kubernetes.io/dockercfg": (".dockercfg", False),
}


class PullSources(Protocol):
    """Where a Pod's pull secrets are found."""

    def secret(self, name: str) -> Secret | None: ...

    def service_account(self, name: str) -> ServiceAccount | None: ...


@dataclass(frozen=True, slots=True)
class PullSecrets:
    """`problem` is empty, or the text of the Event FailedToRetrieveImagePullSecret."""

    logins: Mapping[str, RegistryLogin]
    problem: str = ""


class _Unreadable(Exception):
    """Why a secret holds no logins, without what it holds."""


def resolve_pull_secrets(pod: Pod, sources: PullSources) -> PullSecrets:
    """All logins that the Pod's secrets name, by registry as they spell it."""
    logins: dict[str, RegistryLogin] = {}
    failed: list[str] = []
    for name in dict.fromkeys(_secret_names(pod, sources)):
        secret = sources.secret(name)
        try:
            if secret is None:
                raise _Unreadable("not found")
            found = _parse_secret(secret)
        except _Unreadable as unreadable:
            failed.append(name if secret is None else f"{name}: {unreadable}")
            continue
        logins = {**found, **logins}
    return PullSecrets(logins, _describe(failed))


def _describe(failed: list[str]) -> str:
    if not failed:
        return ""
    return (
        f"Unable to retrieve some image pull secrets ({', '.join(failed)});"
        " attempting to pull the image may not succeed."
    )


def _secret_names(pod: Pod, sources: PullSources) -> Iterator[str]:
    yield from (each.name for each in pod.spec.image_pull_secrets if each.name)
    account = sources.service_account(pod.spec.service_account_name or _DEFAULT_ACCOUNT)
    if account is not None:
        yield from (each.name for each in account.image_pull_secrets if each.name)


def _parse_secret(secret: Secret) -> dict[str, RegistryLogin]:
    key, nested = _KEYS.get(secret.type or "", ("", False))
    if not key:
        raise _Unreadable(f"its type is {secret.type or 'Opaque'}, not {' or '.join(_KEYS)}")
    try:
        content = secret_values(secret).get(key)
        document = None if content is None else json.loads(content)
    except (ValueError, NotBase64):  # the cause would quote the content
        raise _Unreadable(f"{key} is not base64 of JSON") from None
    if document is None:
        raise _Unreadable(f"it has no {key}")
    entries = document.get("auths", {}) if nested and isinstance(document, dict) else document
    if not isinstance(entries, dict):
        raise _Unreadable(f"{key} is not a map of registries")
    return {registry: _parse_login(registry, entry) for registry, entry in entries.items()}


def _parse_login(registry: str, entry: Any) -> RegistryLogin:
    if not isinstance(entry, dict):
        raise _Unreadable(f"the entry of {registry} is not a map")
    username, password = entry.get("username"), entry.get("password")
    if entry.get("auth"):  # wins over the other two, as in docker's own reader
        try:
            decoded = b64decode(entry["auth"], validate=True).decode()
        except (ValueError, TypeError):
            raise _Unreadable(f"the auth of {registry} is not base64") from None
        username, colon, password = decoded.partition(":")
        if not colon:
            raise _Unreadable(f"the auth of {registry} is not base64 of USERNAME:PASSWORD")
        password = password.rstrip("\0")
    if not isinstance(username, str) or not isinstance(password, str):
        raise _Unreadable(f"the entry of {registry} has no username and password")
    return RegistryLogin(username, password)
