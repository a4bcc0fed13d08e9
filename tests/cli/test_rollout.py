"""What one pass over the manifests says."""

from pathlib import Path
from typing import cast

from kfsim.cli.client import ApiClient, Resource
from kfsim.cli.rollout import apply_all


class EmptyClient:
    """Of a daemon that holds nothing."""

    def stored_resources(self) -> list[Resource]:
        return []


def test_what_is_skipped_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services: {}\n")
    client, said, told = EmptyClient(), list[str](), set[str]()
    for _ in range(2):
        apply_all(
            cast(ApiClient, client), [str(tmp_path)], say=said.append, complain=print, told=told
        )
    assert said == [f"skipped {tmp_path}/compose.yaml:1: not a Kubernetes object"]
