"""Asking the daemon about fidelity, and telling the answer: to the reader and into a file."""

import json
import os
import tempfile
from collections.abc import Callable, Sequence
from urllib.parse import urlencode

from kfsim.cli.client import ApiClient, ApiError
from kfsim.cli.fidelity import Identity, Row, make_report, report_lines
from kfsim.cli.output import print_error
from kfsim.cli.rollout import Applied

Say = Callable[[str], None]
# With more objects than these, one answer about all costs less than one about each.
_ASKED_FOR_EACH = 20
_QUERY = ("apiVersion", "kind", "namespace", "name")


class FidelityTeller:
    """Tells of one project. `file` is the path of the JSON report; None for none."""

    def __init__(self, client: ApiClient, *, project: str, file: str | None) -> None:
        self._client = client
        self._project = project
        self._file = file

    def tell(
        self, applied: Applied, say: Say, *, changed_only: bool = False, reasons: bool = True
    ) -> bool:
        """Say what is to be said, and write the whole report; returns whether that failed.

        `changed_only`: say it of documents that were changed by this pass. Without `reasons`, what
        is wrong was said before.
        """
        wanted = {id(each) for each in applied.changed} if changed_only else None
        said = [each for each in applied.documents if wanted is None or id(each) in wanted]
        whole = applied.documents if self._file else said
        rows = fetch_rows(
            self._client, [each.identity for each in whole if not (each.error or each.foreign)]
        )
        report = make_report(said, rows, project=self._project)
        for line in report_lines(report, reasons=reasons):
            say(line)
        if not self._file:
            return False
        report = make_report(
            whole,
            rows,
            project=self._project,
            errors=applied.unreadable,
            skipped=applied.skipped,
        )
        return not save_report(report, self._file)


def fetch_rows(client: ApiClient, identities: Sequence[Identity]) -> list[Row]:
    """What the daemon says of these objects; one that is gone is left out."""
    if len(identities) > _ASKED_FOR_EACH:
        return fetch_all(client)
    rows: list[Row] = []
    for identity in identities:
        query = urlencode(dict(zip(_QUERY, identity, strict=True)))
        try:
            rows += client.get(f"/kfsim/v1/fidelity?{query}")["objects"]
        except ApiError as error:
            if not error.is_not_found:
                raise
    return rows


def fetch_all(client: ApiClient) -> list[Row]:
    """What the daemon says of everything that was applied."""
    rows: list[Row] = client.get("/kfsim/v1/fidelity")["objects"]
    return rows


def save_report(report: Row, file: str) -> bool:
    """Write the report whole or not at all; whether that worked, with an error said where not."""
    text = json.dumps(report, indent=2) + "\n"  # ASCII: names of files may be no text
    try:
        _replace(file, text)
    except OSError as error:
        print_error(f"--report {file}: cannot be written: {error.strerror or error}")
        return False
    return True


def _replace(file: str, text: str) -> None:
    folder = os.path.dirname(os.path.abspath(file))
    descriptor, part = tempfile.mkstemp(dir=folder, prefix=f".{os.path.basename(file)}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            opened.write(text)
        os.chmod(part, 0o644)  # mkstemp's 0600 would hide a CI job's artifact from others
        os.replace(part, file)
    except BaseException:
        os.unlink(part)
        raise
