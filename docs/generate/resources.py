"""docs/reference/resources.md: every kind of the API surface, from the scheme."""

from docs.generate.markdown import code, page, table
from kfsim.api.scheme import KINDS, ResourceKind

_INTRODUCTION = (
    "What the API address serves, and what `kfsim get`, `kubectl get` and manifests may name. "
    "[Fidelity](../fidelity.md) says what has an effect."
)


def render_resources() -> str:
    """The page."""
    return page(
        "Resources",
        _INTRODUCTION,
        table(["kind", "apiVersion", "names", "scope"], (_row(kind) for kind in KINDS)),
    )


def _row(kind: ResourceKind) -> list[str]:
    return [
        kind.kind,
        ", ".join(map(code, kind.served)),
        ", ".join(map(code, (kind.plural, *kind.short_names))),
        "Namespaced" if kind.namespaced else "Cluster",
    ]
