"""Missing accounts and Secrets are named with the keys that they need and the mend."""

from typing import Any

import pytest

from kfsim.api.core import Pod, Secret, ServiceAccount
from kfsim.controllers.pod.credentials import describe_mend, fetched_stores, find_lacks

AWS = "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY"
S3_LINE = (
    'secrets: {ns/creds: {AWS_ACCESS_KEY_ID: "${AWS_ACCESS_KEY_ID}", '
    'AWS_SECRET_ACCESS_KEY: "${AWS_SECRET_ACCESS_KEY}"}}'
)
AMBIENT = f"the Pod runs without it, and s3:// is left to what kfsim's own environment has ({AWS})"
SECRET_MISSING = (
    "StorageSecretNotFound",
    f"Secret ns/creds not found: {AMBIENT}; or fill it in kfsim.yaml: {S3_LINE}",
)
CREDS = Secret.model_validate({"metadata": {"name": "creds", "namespace": "ns"}})


class Sources:
    def __init__(self, *objects: Secret | ServiceAccount) -> None:
        self._objects = {(type(each), each.metadata.name): each for each in objects}

    def secret(self, name: str) -> Any:
        return self._objects.get((Secret, name))

    def service_account(self, name: str) -> Any:
        return self._objects.get((ServiceAccount, name))


def account(name: str, *secrets: str) -> ServiceAccount:
    return ServiceAccount.model_validate(
        {
            "metadata": {"name": name, "namespace": "ns"},
            "secrets": [{"name": secret} for secret in secrets],
        }
    )


def pod(*uris: str, secret: str = "", **spec: Any) -> Pod:
    arguments = [text for uri in uris for text in (uri, "/mnt/models")]
    initializer = {"name": "storage-initializer", "args": arguments}
    annotations = {"serving.kserve.io/storageSecretName": secret} if secret else {}
    return Pod.model_validate(
        {
            "metadata": {"name": "p", "namespace": "ns", "annotations": annotations},
            "spec": {"initContainers": [initializer] if uris else [], **spec},
        }
    )


@pytest.mark.parametrize(
    ("made", "sources", "lacks"),
    [
        (pod("s3://b"), Sources(), []),
        (pod("s3://b", secret="creds"), Sources(CREDS), []),
        (pod("s3://b", secret="creds"), Sources(), [SECRET_MISSING]),
        (pod("/local", secret="creds"), Sources(), []),
        (pod("s3://b"), Sources(account("default", "creds")), [SECRET_MISSING]),
        (pod("s3://b"), Sources(account("default", "creds"), CREDS), []),
        (
            pod("s3://b", serviceAccountName="robot"),
            Sources(account("robot", "creds")),
            [SECRET_MISSING],
        ),
        (
            pod("s3://b", serviceAccountName="robot"),
            Sources(account("default", "creds")),
            [("ServiceAccountNotFound", f"ServiceAccount ns/robot not found: {AMBIENT}")],
        ),
        (
            pod("/local", serviceAccountName="robot"),
            Sources(),
            [
                (
                    "ServiceAccountNotFound",
                    "ServiceAccount ns/robot not found: the Pod runs without it",
                )
            ],
        ),
    ],
)
def test_what_is_missing(made: Pod, sources: Sources, lacks: list[tuple[str, str]]) -> None:
    assert list(find_lacks(made, sources)) == lacks


def test_stores_that_want_credentials() -> None:
    uris = ("gs://a", "https://x.blob.core.windows.net/c/m", "https://host/m.zip", "/m", "gs://b")
    assert fetched_stores(pod(*uris)) == ("gs", "azure")


def test_the_mend_names_every_key_that_the_pod_asks_of_the_secret() -> None:
    reference = {"secretKeyRef": {"name": "creds", "key": "api-token"}}
    other = {"secretKeyRef": {"name": "other", "key": "x"}}
    made = pod(
        containers=[
            {
                "name": "c",
                "env": [
                    {"name": "A", "valueFrom": reference},
                    {"name": "B", "valueFrom": other},
                    {"name": "C", "value": "plain"},
                ],
            }
        ],
        volumes=[
            {
                "name": "v",
                "secret": {
                    "secretName": "creds",
                    "items": [{"key": "tls.crt", "path": "a"}, {"key": "api-token", "path": "b"}],
                },
            },
            {
                "name": "w",
                "projected": {
                    "sources": [
                        {"secret": {"name": "creds", "items": [{"key": "k", "path": "k"}]}},
                        {"configMap": {"name": "creds"}},
                    ]
                },
            },
        ],
    )
    assert describe_mend(made, "creds") == (
        "apply it, or fill it in kfsim.yaml: secrets: {ns/creds: "
        '{api-token: "${API_TOKEN}", tls.crt: "${TLS_CRT}", k: "${K}"}}'
    )


def test_a_secret_that_is_taken_whole_has_keys_that_only_the_user_knows() -> None:
    assert describe_mend(pod(), "creds").endswith('secrets: {ns/creds: {KEY: "${NAME}"}}')
