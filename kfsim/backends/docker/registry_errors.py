"""What a failed pull means, in the registry's own words and with the mend.

Pure. The engine passes on what the registry said; kubelet shows it behind `failed to pull image`.
"""

import re

_MENDS: tuple[tuple[str, str], ...] = (
    (
        r"toomanyrequests|too many requests|pull rate limit",
        (
            "the registry limits how often it is asked: wait, or log in (imagePullSecrets, docker "
            "login)"
        ),
    ),
    (
        r"server gave HTTP response to HTTPS client",
        (
            "the registry speaks plain HTTP: add it to insecure-registries in the engine's "
            "daemon.json and restart the engine"
        ),
    ),
    (
        r"x509|certificate",
        (
            "the engine does not trust the registry's certificate: put its authority's into "
            "/etc/docker/certs.d/REGISTRY/ca.crt"
        ),
    ),
    (
        r"manifest unknown|manifest for .* not found|no matching manifest",
        "the registry has no such tag for this platform: check the tag, or build the image here",
    ),
    (
        r"repository does not exist|pull access denied|name unknown|repository .* not found",
        (
            "check the name, for a private repository give imagePullSecrets or run docker login, "
            "or build the image here if it is in no registry"
        ),
    ),
    (
        (
            r"unauthorized|authentication required|no basic auth credentials|denied|forbidden"
            r"|incorrect username or password"
        ),
        "the registry wants other credentials: check imagePullSecrets, or run docker login",
    ),
    (
        r"connection refused",
        "nothing answers there: start the registry, or check its address",
    ),
    (
        r"no such host|server misbehaving|name resolution",
        "the registry's name is not known here: check it, and the network",
    ),
    (
        (
            r"timeout|timed out|deadline exceeded|canceled while waiting|network is unreachable"
            r"|no route to host"
        ),
        "the registry cannot be reached: check the network, or pull or load the image by hand",
    ),
    (
        r"no space left on device",
        "free space where the engine keeps its images",
    ),
)
_PATTERNS = tuple((re.compile(pattern, re.IGNORECASE), mend) for pattern, mend in _MENDS)
_OTHERWISE = "try `docker pull` of it by hand"


def describe_pull_error(image: str, words: str) -> str:
    """`failed to pull image "x": the engine's words; the mend`."""
    said = " ".join(words.split()).rstrip(".;") or "the engine gave no reason"
    return f'failed to pull image "{image}": {said}; {find_mend(said)}'


def find_mend(words: str) -> str:
    """What to do about it; the first pattern that is found decides."""
    return next((mend for pattern, mend in _PATTERNS if pattern.search(words)), _OTHERWISE)
