import pytest

from kfsim.cli.unknown_kinds import ForeignKind, make_unknown

SERVED = [("serving.kserve.io/v1beta1", "InferenceService"), ("apps/v1", "Deployment")]
GROUPS = {"serving.kserve.io", "apps"}


@pytest.mark.parametrize(
    ("api_version", "kind", "text"),
    [
        ("apps/v1", "Deploymnet", "Deploymnet in apps/v1; did you mean Deployment?"),
        ("apps/v1beta1", "Deployment", "Deployment in apps/v1beta1; did you mean apps/v1?"),
        ("apps/v1", "Frobnicator", "kfsim does not know Frobnicator in apps/v1"),
    ],
)
@pytest.mark.parametrize("strict", [False, True])
def test_in_a_group_that_is_simulated_it_is_a_mistake(
    api_version: str, kind: str, text: str, strict: bool
) -> None:
    error = make_unknown(api_version, kind, served=SERVED, simulated_groups=GROUPS, strict=strict)
    assert not isinstance(error, ForeignKind)
    assert error.message.endswith(text)


def test_elsewhere_it_may_be_skipped() -> None:
    error = make_unknown(
        "example.com/v1", "Widget", served=SERVED, simulated_groups=GROUPS, strict=False
    )
    assert isinstance(error, ForeignKind)
    assert error.note.startswith("example.com/v1 Widget is not simulated")


def test_strictly_it_is_kubectls_error() -> None:
    error = make_unknown(
        "example.com/v1", "Widget", served=SERVED, simulated_groups=GROUPS, strict=True
    )
    assert not isinstance(error, ForeignKind)
    assert error.message == (
        'no matches for kind "Widget" in version "example.com/v1"\nensure CRDs are installed first'
    )
