"""Missing ServiceAccounts and Secrets: what a Pod loses by them, and what would mend it.

Pure. A cluster forbids a Pod whose ServiceAccount is missing; here (but with `--strict`) it runs,
and what it fetches is left to the credentials of kfsim's own environment. The keys by which KServe
knows a storage Secret are those of kserve pkg/credentials. The mend for a Secret is a line of
kfsim.yaml.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple, Protocol

from kfsim.api.core import Pod, Secret, ServiceAccount
from kfsim.api.kserve.keys import STORAGE_INITIALIZER, STORAGE_SECRET

_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "s3": ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    "gs": ("gcloud-application-credentials.json",),
    "hf": ("HF_TOKEN",),
    "hdfs": ("HDFS_NAMENODE",),
    "webhdfs": ("HDFS_NAMENODE",),
    "azure": (
        "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_SUBSCRIPTION_ID", "AZURE_TENANT_ID",
    ),
}  # fmt: skip
_AZURE_HOST: Final = ".blob.core.windows.net/"


class AccountSources(Protocol):
    """Where the accounts and Secrets of a Pod's namespace are found."""

    def secret(self, name: str) -> Secret | None: ...

    def service_account(self, name: str) -> ServiceAccount | None: ...


class Lack(NamedTuple):
    """The reason and the message of a Warning about a Pod."""

    reason: str
    message: str


def find_lacks(pod: Pod, sources: AccountSources) -> tuple[Lack, ...]:
    """The account and the storage Secrets that the Pod names and that are not there."""
    if not pod.spec.service_account_name and not fetched_stores(pod):
        return ()
    account_name, namespace = pod.spec.service_account_name or "default", pod.metadata.namespace
    account = sources.service_account(account_name)
    fate = f"the Pod runs without it{_ambient(pod)}"
    if account is None and account_name != "default":
        text = f"ServiceAccount {namespace}/{account_name} not found: {fate}"
        return (Lack("ServiceAccountNotFound", text),)
    if not fetched_stores(pod):
        return ()
    named = pod.metadata.annotations.get(STORAGE_SECRET)
    secrets = (named,) if named else (each.name for each in (account.secrets if account else ()))
    return tuple(
        Lack(
            "StorageSecretNotFound",
            f"Secret {namespace}/{name} not found: {fate}; or fill it in kfsim.yaml: "
            + _line(namespace, name, _wanted_keys(pod)),
        )
        for name in secrets
        if name and sources.secret(name) is None
    )


def describe_mend(pod: Pod, secret: str) -> str:
    """How kfsim.yaml gives the Pod the Secret that it refers to, with the keys that it asks for."""
    keys = tuple(dict.fromkeys(_referenced_keys(pod, secret)))
    return f"apply it, or fill it in kfsim.yaml: {_line(pod.metadata.namespace, secret, keys)}"


def fetched_stores(pod: Pod) -> tuple[str, ...]:
    """The schemes of what the storage initializer fetches with credentials."""
    arguments = (
        argument
        for each in pod.spec.init_containers
        if each.name == STORAGE_INITIALIZER
        for argument in each.args[::2]
    )
    return tuple(dict.fromkeys(store for each in arguments if (store := _store(each)) in _KEYS))


def _store(uri: str) -> str:
    return "azure" if _AZURE_HOST in uri else uri.partition("://")[0]


def _ambient(pod: Pod) -> str:
    stores = fetched_stores(pod)
    if not stores:
        return ""
    names = ", ".join(f"{each}://" if each != "azure" else "Azure" for each in stores)
    keys = ", ".join(_wanted_keys(pod))
    return f", and {names} is left to what kfsim's own environment has ({keys})"


def _wanted_keys(pod: Pod) -> tuple[str, ...]:
    return tuple(key for store in fetched_stores(pod) for key in _KEYS[store])


def _line(namespace: str, name: str, keys: Iterable[str]) -> str:
    pairs = ", ".join(f'{key}: "${{{_variable(key)}}}"' for key in keys) or 'KEY: "${NAME}"'
    return f"secrets: {{{namespace}/{name}: {{{pairs}}}}}"


def _variable(key: str) -> str:
    """A name that an environment can hold."""
    return "".join(each if each.isalnum() else "_" for each in key).upper()


def _referenced_keys(pod: Pod, secret: str) -> Iterator[str]:
    for container in (*pod.spec.init_containers, *pod.spec.containers):
        for variable in container.env:
            reference = variable.value_from and variable.value_from.secret_key_ref
            if reference and reference.name == secret:
                yield reference.key
    for volume in pod.spec.volumes:
        if volume.secret is not None and volume.secret.secret_name == secret:
            yield from (item.key for item in volume.secret.items)
        yield from _projected_keys(volume.projected or {}, secret)


def _projected_keys(projected: Mapping[str, Any], secret: str) -> Iterator[str]:
    for source in projected.get("sources") or ():
        given = source.get("secret") or {}
        if given.get("name") == secret:
            yield from (item["key"] for item in given.get("items") or ())
