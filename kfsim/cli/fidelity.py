"""The fidelity report: what a cluster would do with each document, and what kfsim does. Pure.

`make_report` joins the documents that were applied with the daemon's rows about their objects; its
result is what `--report` writes, as docs/fidelity-report.md describes it. `report_lines` is the
same for a reader: a line per document, and below it only what differs from a cluster.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

SCHEMA: Final = "kfsim.dev/fidelity/v1"
APPLIED, NOT_SIMULATED, REFUSED, GONE = "applied", "notSimulated", "refused", "gone"
_DETAILS: Final = {
    "honoured": (),
    "substituted": ("asked", "given", "why"),
    "ignored": ("why",),
    "refused": ("why",),
}
_WORDS: Final = {
    "substituted": "substituted",
    "ignored": "without effect",
    "refused": "refused",
}
_OFTEN: Final = 20
_UNKNOWN: Final = " is not simulated, and "
Row = dict[str, Any]
Identity = tuple[str, str, str, str]
"""apiVersion, kind, namespace, name."""


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a manifest; `error` says why it was refused, `foreign` why it was left out
    without being wrong. `line` is 0 where a tool rendered it."""

    manifest: str
    line: int
    identity: Identity
    error: str = ""
    foreign: str = ""


def make_report(
    documents: Sequence[Document],
    rows: Sequence[Row],
    *,
    project: str,
    errors: Sequence[str] = (),
    skipped: Sequence[str] = (),
) -> Row:
    """`rows` are the daemon's; `errors` what could not be read as documents at all."""
    known = {(version, *_identity(row)[1:]): row for row in rows for version in row["served"]}
    described = [_describe(each, known.get(each.identity)) for each in documents]
    return {
        "schema": SCHEMA,
        "project": project,
        "summary": _summary(described, errors),
        "documents": described,
        "errors": list(errors),
        "skipped": list(skipped),
    }


def documents_of(rows: Sequence[Row], shown: Mapping[str, str]) -> list[Document]:
    """The documents behind rows, where only the daemon is there to ask; `shown` is how each source
    is called."""
    found = [Document(shown.get(row["source"], ""), 0, _identity(row)) for row in rows]
    return sorted(found, key=lambda each: each.manifest)


def _identity(row: Row) -> Identity:
    return row["apiVersion"], row["kind"], row["namespace"], row["name"]


def _describe(document: Document, row: Row | None) -> Row:
    api_version, kind, namespace, name = document.identity
    outcome, reason = APPLIED, ""
    if document.error:
        outcome, reason = REFUSED, document.error
    elif document.foreign:
        outcome, reason = NOT_SIMULATED, document.foreign
    elif row is None:
        outcome, reason = GONE, "it was deleted meanwhile"
    elif not row["simulated"]:
        outcome, reason = NOT_SIMULATED, row["whyNot"]
    applied = row if row is not None and outcome == APPLIED else None
    fields = applied["fields"] if applied else []
    written = Counter(each["effect"] for each in fields if each["written"])
    return {
        "manifest": document.manifest,
        "line": document.line,
        "apiVersion": api_version,
        "kind": kind,
        "namespace": namespace,
        "name": name,
        "outcome": outcome,
        "ready": applied["ready"] if applied else None,
        "reason": applied["reason"] if applied else reason,
        "runs": applied["runs"] if applied else [],
        "fields": {"written": written.total(), **{each: written[each] for each in _DETAILS}},
        **{each: _entries(fields, each) for each in _DETAILS},
    }


def _entries(fields: Sequence[Row], effect: str) -> list[Any]:
    found = [each for each in fields if each["effect"] == effect]
    details = _DETAILS[effect]
    if not details:
        return [each["field"] for each in found]
    return [{"field": each["field"], **{key: each[key] for key in details}} for each in found]


def _summary(documents: Sequence[Row], errors: Sequence[str]) -> Row:
    outcomes = Counter(each["outcome"] for each in documents)
    fields: Counter[str] = Counter()
    for each in documents:
        fields.update(each["fields"])
    return {
        "documents": len(documents),
        **{each: outcomes[each] for each in (APPLIED, NOT_SIMULATED, REFUSED, GONE)},
        "notReady": sum(each["ready"] is False for each in documents),
        "unreadable": len(errors),
        "fields": {key: fields[key] for key in ("written", *_DETAILS)},
    }


def report_lines(report: Row, *, reasons: bool = True) -> list[str]:
    """A line per document and what differs below it; of many plain ones only their number.

    Without `reasons` what is wrong has just been said, and is not said again.
    """
    documents: list[Row] = report["documents"]
    plain = [each for each in documents if _is_plain(each)]
    hidden = {id(each) for each in plain} if len(plain) > _OFTEN else set()
    per_manifest = Counter(each["manifest"] for each in documents)
    lines = []
    for each in documents:
        if id(each) not in hidden:
            alone = bool(each["manifest"]) and per_manifest[each["manifest"]] == 1
            lines += [
                f"{_heading(each, alone=alone)}: {_headline(each, reasons=reasons)}",
                *_differences(each),
            ]
    if hidden:
        lines.append(f"{len(hidden)} more documents: all fields honoured")
    return lines


def _is_plain(document: Row) -> bool:
    return (
        document["outcome"] == APPLIED
        and document["ready"] is not False
        and not any(document[each] for each in _WORDS)
    )


def _heading(document: Row, *, alone: bool) -> str:
    if alone:
        return str(document["manifest"])
    title = f"{document['kind']}/{document['name']}"
    return f"{document['manifest']} {title}".strip()


def _headline(document: Row, *, reasons: bool) -> str:
    if document["outcome"] == REFUSED:
        return f"not applied: {document['reason']}" if reasons else "not applied"
    if document["outcome"] == NOT_SIMULATED:
        return f"not simulated: {_without_title(document)}"
    if document["outcome"] == GONE:
        return str(document["reason"])
    words = [_counts(document["fields"]), *_runs(document)]
    if document["ready"] is False:
        why = f": {document['reason'] or 'it is not known why'}"
        words.append(f"not ready{why if reasons else ''}")
    return " · ".join(words)


def _without_title(document: Row) -> str:
    """The reason, which names the kind for those who are told nothing else; the line does so."""
    reason = str(document["reason"])
    for said, short in ((" is kept but not simulated: ", "kept, and "), (_UNKNOWN, "")):
        _, found, rest = reason.partition(said)
        if found:
            return short + rest
    return reason


def _counts(fields: Mapping[str, int]) -> str:
    written, honoured = fields["written"], fields["honoured"]
    if not written:  # a Namespace with nothing but its name
        return "applied"
    noun = "field" if written == 1 else "fields"
    if written == honoured:
        return f"all {written} {noun} honoured" if written > 1 else f"{written} {noun} honoured"
    rest = (f"{fields[key]} {word}" for key, word in _WORDS.items() if fields[key])
    return f"{honoured} of {written} {noun} honoured, {', '.join(rest)}"


def _runs(document: Row) -> Iterator[str]:
    for run in document["runs"]:
        if run["backend"] == "process":
            who = "" if run["component"] in ("", "predictor") else f"{run['component']} "
            yield f"{who}runs as a process instead of {', '.join(run['images'])}"


def _differences(document: Row) -> Iterator[str]:
    """Entries that share their reason share a line. A process in place of an image is in the
    headline."""
    instead = {", ".join(run["images"]) for run in document["runs"] if run["backend"] == "process"}
    for entry in document["substituted"]:
        if entry["asked"] not in instead:
            yield f"  substituted: {_substitution(entry)}"
    for effect in ("ignored", "refused"):
        reasons: dict[str, list[str]] = {}
        for entry in document[effect]:
            reasons.setdefault(entry["why"], []).append(entry["field"])
        for why, paths in reasons.items():
            yield f"  {_WORDS[effect]}: {_joined(paths)}: {why}"


def _substitution(entry: Row) -> str:
    change = " → ".join(filter(None, (entry["asked"], entry["given"]))) if entry["given"] else ""
    return ": ".join(filter(None, (entry["field"], change, entry["why"])))


def _joined(paths: Sequence[str]) -> str:
    """`spec.predictor.nodeSelector, .tolerations`: a parent is named once."""
    shown = []
    parent = ""
    for path in paths:
        above, dot, last = path.rpartition(".") if not path.endswith("]") else (path, "", "")
        shown.append(f".{last}" if dot and above == parent else path)
        parent = above
    return ", ".join(shown)
