"""Failed pulls, explained."""

import pytest

from kfsim.backends.docker.registry_errors import describe_pull_error


@pytest.mark.parametrize(
    ("words", "mend"),
    [
        ("manifest for r:5000/x:9 not found: manifest unknown: manifest unknown", "check the tag"),
        ("no matching manifest for linux/arm64 in the manifest list entries", "this platform"),
        (
            (
                "pull access denied for x, repository does not exist or may require "
                "'docker login': denied: requested access to the resource is denied"
            ),
            "check the name",
        ),
        ('Get "https://r:5000/v2/x/manifests/1": no basic auth credentials', "imagePullSecrets"),
        ("unauthorized: authentication required", "other credentials"),
        (
            'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused',
            "start the registry",
        ),
        (
            'Get "https://r.invalid/v2/": dial tcp: lookup r.invalid on 10.0.0.53:53: no such host',
            "name is not known here",
        ),
        (
            (
                'Get "https://r/v2/": net/http: request canceled while waiting for connection '
                "(Client.Timeout exceeded while awaiting headers)"
            ),
            "cannot be reached",
        ),
        (
            'Get "https://r:5000/v2/": http: server gave HTTP response to HTTPS client',
            "insecure-registries",
        ),
        (
            (
                "toomanyrequests: You have reached your pull rate limit. You may increase "
                "the limit by authenticating and upgrading"
            ),
            "log in",
        ),
        (
            'Get "https://r/v2/": x509: certificate signed by unknown authority',
            "/etc/docker/certs.d",
        ),
        ("failed to register layer: write /x: no space left on device", "free space"),
        ("something new", "`docker pull`"),
    ],
)
def test_the_registrys_words_come_first_and_the_mend_after(words: str, mend: str) -> None:
    text = describe_pull_error("r:5000/x:9", words)
    begin = f'failed to pull image "r:5000/x:9": {words}; '
    assert text.startswith(begin)
    assert mend in text.removeprefix(begin)


def test_words_are_one_line_and_never_missing() -> None:
    assert ": a b; try" in describe_pull_error("x", "a\n  b.\n")
    assert "the engine gave no reason" in describe_pull_error("x", " ")
