"""Child processes for jobs: what they are given, and what is made of their end."""

import sys

import pytest

from kfsim.backends.storage.failures import StorageFailure
from kfsim.backends.storage.jobs import Jobs, make_environment


def test_a_worker_gets_proxies_and_certificates_and_no_secrets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    monkeypatch.setenv("SSL_CERT_FILE", "/ca.pem")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    environment = make_environment()
    assert environment["https_proxy"] == "http://proxy:3128"
    assert environment["SSL_CERT_FILE"] == "/ca.pem"
    assert "secret" not in environment.values()


async def test_an_interpreter_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with pytest.raises(StorageFailure, match="cannot start the process that fetches models: No su"):
        await Jobs(parallel=1).run({}, lambda _current, _total: None)


@pytest.mark.live
async def test_a_process_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(StorageFailure, match=r"ended unexpectedly with status 1$"):
        await Jobs(parallel=1).run({}, lambda _current, _total: None)
