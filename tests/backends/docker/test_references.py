"""Image references."""

import pytest

from kfsim.backends.docker.references import InvalidReference, Reference, parse_reference

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("busybox", "docker.io/library/busybox:latest"),
        ("busybox:1.36", "docker.io/library/busybox:1.36"),
        ("docker.io/busybox", "docker.io/library/busybox:latest"),
        ("index.docker.io/library/busybox", "docker.io/library/busybox:latest"),
        ("kserve/sklearnserver:v0.20.0", "docker.io/kserve/sklearnserver:v0.20.0"),
        ("localhost/x", "localhost/x:latest"),
        ("localhost:5000/x", "localhost:5000/x:latest"),
        ("registry:5000/team/x:1", "registry:5000/team/x:1"),
        ("REGISTRY/x", "REGISTRY/x:latest"),
        ("[2001:db8::1]:5000/x:1", "[2001:db8::1]:5000/x:1"),
        ("ghcr.io/a/b__c/d-e.f_g", "ghcr.io/a/b__c/d-e.f_g:latest"),
        (f"busybox@{DIGEST}", f"docker.io/library/busybox@{DIGEST}"),
        (f"busybox:1@{DIGEST}", f"docker.io/library/busybox@{DIGEST}"),
        (f"registry:5000/x@{DIGEST}", f"registry:5000/x@{DIGEST}"),
    ],
)
def test_spellings_of_one_image_are_one(text: str, canonical: str) -> None:
    reference = parse_reference(text)
    assert reference.canonical == canonical
    assert parse_reference(reference.canonical).canonical == canonical


def test_parts() -> None:
    found = parse_reference(f"registry:5000/team/x:1@{DIGEST}")
    assert found == Reference("registry:5000", "team/x", "1", DIGEST)
    assert (found.repository, found.version) == ("registry:5000/team/x", DIGEST)
    assert parse_reference("x:1").version == "1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "invalid reference format"),
        ("a b", "invalid reference format"),
        ("x:", "invalid reference format"),
        ("x:-1", "invalid reference format"),
        ("x:" + "t" * 129, "invalid reference format"),
        ("x@", "invalid reference format"),
        ("x@sha256:12", "invalid reference format"),
        ("/x", "invalid reference format"),
        ("x/", "invalid reference format"),
        ("x//y", "invalid reference format"),
        ("https://registry/x", "invalid reference format"),
        ("<none>:<none>", "invalid reference format"),
        ("x:1\n", "invalid reference format"),
        (
            "MyModel:1",
            "invalid reference format: repository name (library/MyModel) must be lowercase",
        ),
        ("a" * 64, "cannot specify 64-byte hexadecimal strings"),
        ("x/" * 130 + "y", "repository name must not be more than 255 characters"),
    ],
)
def test_what_is_no_reference_is_told_in_distributions_words(text: str, message: str) -> None:
    with pytest.raises(InvalidReference) as caught:
        parse_reference(text)
    assert message in str(caught.value)
