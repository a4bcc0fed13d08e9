"""What one object is and would be, as a unified diff of YAML (pure).

What the server writes by itself is left out on both sides: status, the metadata in
`_SERVER_FIELDS`, and apply's own annotation, which repeats the manifest and with it the values of
Secrets. (kubectl diff leaves out managedFields only, and shows `generation` as a change.) Values of
Secrets are masked as in kubectl's pkg/cmd/diff (Masker): a reader sees that one changed, never what
it is.
"""

import difflib
from typing import Any

import yaml

from kfsim.cli.apply import LAST_APPLIED

Document = dict[str, Any]
_SERVER_FIELDS = (
    "creationTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)
_MASK, _MASK_BEFORE, _MASK_AFTER = "***", "*** (before)", "*** (after)"
_LINE_ENDS = "\x85\u2028\u2029"
"""What PyYAML writes as ends of lines, unless it is in double quotes."""
_UNFOLDED = 1 << 20  # a line width that no value reaches


def render_difference(before: Document | None, after: Document) -> str:
    """The unified diff, empty where nothing changes; `before` is None for a new object."""
    if after.get("apiVersion") == "v1" and after.get("kind") == "Secret":
        before, after = mask_secret(before, after)
    name = file_name(after)
    return "".join(
        difflib.unified_diff(
            _lines(before),
            _lines(after),
            "/dev/null" if before is None else f"LIVE/{name}",
            f"MERGED/{name}",
        )
    )


def file_name(document: Document) -> str:
    """`serving.kserve.io.v1beta1.InferenceService.default.iris`, as kubectl diff has it."""
    metadata = document["metadata"]
    words = (
        document["apiVersion"].replace("/", "."),
        document["kind"],
        metadata.get("namespace", ""),
    )
    return ".".join((*words, metadata.get("name") or f"{metadata.get('generateName', '')}*"))


def without_noise(document: Document) -> Document:
    """The object without what the server and apply keep in it for themselves."""
    kept = {key: value for key, value in document.items() if key != "status"}
    metadata = {k: v for k, v in kept["metadata"].items() if k not in _SERVER_FIELDS}
    annotations = dict(metadata.pop("annotations", None) or {})
    annotations.pop(LAST_APPLIED, None)
    if annotations:
        metadata["annotations"] = annotations
    return {**kept, "metadata": metadata}


def mask_secret(before: Document | None, after: Document) -> tuple[Document | None, Document]:
    """Both sides with `***` for every value; one that changes is marked on both."""
    old, new = dict(before or {}), dict(after)
    for field in ("data", "stringData"):
        was, will_be = old.get(field) or {}, new.get(field) or {}
        changed = {key for key in was if key in will_be and was[key] != will_be[key]}
        if field in old:
            old[field] = {key: _MASK_BEFORE if key in changed else _MASK for key in was}
        if field in new:
            new[field] = {key: _MASK_AFTER if key in changed else _MASK for key in will_be}
    return None if before is None else old, new


def _lines(document: Document | None) -> list[str]:
    if document is None:
        return []
    text: str = yaml.dump(
        without_noise(document),
        Dumper=_Dumper,
        default_flow_style=False,
        allow_unicode=True,
        width=_UNFOLDED,
    )
    # Not splitlines: it would also split at form feeds and Unicode's own line ends.
    return [f"{line}\n" for line in text.removesuffix("\n").split("\n")]


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks, so that one changed line is one line of the diff."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    if any(end in text for end in _LINE_ENDS):
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)
