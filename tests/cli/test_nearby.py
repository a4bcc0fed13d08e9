import pytest

from kfsim.cli.commands.nearby import describe_nearby

FOUND = [("default", "iris"), ("default", "wine"), ("team", "fraud")]


@pytest.mark.parametrize(
    ("name", "namespace", "said"),
    [
        ("irs", "default", "did you mean iris?"),
        ("iris", "team", "it is in namespace default: -n default"),
        ("fruad", "default", "did you mean fraud in namespace team: -n team?"),
        ("zzz", "default", ""),
    ],
)
def test_what_was_meant(name: str, namespace: str, said: str) -> None:
    assert describe_nearby(name, namespace, FOUND) == said


def test_of_kinds_without_a_namespace() -> None:
    assert describe_nearby("tem", "", [("", "default"), ("", "team")]) == "did you mean team?"
    assert describe_nearby("ghost", "", [("", "lost")]) == ""
