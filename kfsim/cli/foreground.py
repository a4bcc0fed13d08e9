"""The foreground life of `kfsim up`: re-apply on change, show changes, notice a dead daemon."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from kfsim.api.kserve.keys import INFERENCE_SERVICE
from kfsim.base.errors import KfsimError, Unavailable
from kfsim.cli.changes import watch_paths
from kfsim.cli.client import TABLE, ApiClient
from kfsim.cli.fidelity_telling import FidelityTeller
from kfsim.cli.output import describe_error, format_table, table_cells, warn
from kfsim.cli.progress import Progress
from kfsim.cli.project_settings import reread_project_file
from kfsim.cli.rollout import apply_all
from kfsim.cli.scale import ColdReports, describe_countdown, read_scale
from kfsim.daemon.project import DaemonInfo, find_project_file

_REFRESH_MILLISECONDS = 1000
Scale = Mapping[tuple[str, str], Mapping[str, Any]]


def follow(
    client: ApiClient,
    info: DaemonInfo,
    paths: Sequence[str],
    *,
    process: "subprocess.Popen[bytes] | None",
    fidelity: FidelityTeller,
    told: set[str],
) -> None:
    """Run until Ctrl-C (KeyboardInterrupt) or until the daemon is gone (Unavailable)."""
    print("\nwatching for changes; Ctrl-C stops", flush=True)
    view = _make_view()
    cold = ColdReports()
    with view:
        for changed in watch_paths(_watched(paths), every=_REFRESH_MILLISECONDS):
            if process is not None and process.poll() is not None:
                raise Unavailable(f"the daemon of project {info.project} ended")
            if changed:
                _reapply(client, paths, view, fidelity, told)
            rows = read_scale(client)
            for line in cold.take(rows):
                view.say(line)
            view.show(client, rows)


def _watched(paths: Sequence[str]) -> list[str]:
    """The paths, and the project's file where they do not hold it."""
    place = find_project_file(paths[0])
    outside = place is not None and str(place.parent) not in paths
    return [*paths, str(place)] if outside else [*paths]


def _reapply(
    client: ApiClient,
    paths: Sequence[str],
    view: "_PlainView",
    fidelity: FidelityTeller,
    told: set[str],
) -> None:
    try:
        reread_project_file(client, view.say)
    except Unavailable:
        raise
    except KfsimError as error:  # the daemon keeps what it had
        view.complain(error.message)
    try:
        applied = apply_all(
            client, paths, say=view.say, complain=view.complain, quiet_unchanged=True, told=told
        )
        if applied.changes:
            Progress(client, applied.services, view.say).wait(timeout=30.0)
            fidelity.tell(applied, view.say, changed_only=True)
    except Unavailable:
        raise
    except KfsimError as error:
        view.complain(error.message)


class _PlainView:
    """Off a terminal: one line for what changed, nothing else."""

    def __init__(self) -> None:
        self._shown: list[list[str]] = []

    def __enter__(self) -> "_PlainView":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def say(self, text: str) -> None:
        print(text, flush=True)

    def complain(self, text: str) -> None:
        self.say(describe_error(text))

    def show(self, client: ApiClient, scale: Scale) -> None:
        header, rows = _service_rows(client)
        stable = [row[:-1] for row in rows]  # the last column is the age
        if stable != self._shown:
            if self._shown:
                print(format_table(header, rows), flush=True)
            self._shown = stable


class _LiveView(_PlainView):
    """On a terminal: a table that is redrawn in place, with links to click."""

    def __init__(self) -> None:
        super().__init__()
        from rich.live import Live

        self._live = Live(auto_refresh=False, transient=True)

    def __enter__(self) -> "_LiveView":
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def say(self, text: str) -> None:
        self._live.console.print(text, markup=False, highlight=False)

    def show(self, client: ApiClient, scale: Scale) -> None:
        from rich.table import Table
        from rich.text import Text

        header, rows = _service_rows(client, scale)
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in header:
            table.add_column(name)
        for row in rows:
            table.add_row(
                *(
                    Text(cell, style=f"link {cell}") if cell.startswith("http") else Text(cell)
                    for cell in row
                )
            )
        self._live.update(table, refresh=True)


def _service_rows(
    client: ApiClient, scale: Scale | None = None
) -> tuple[list[str], list[list[str]]]:
    """InferenceServices with their replica count before the age and, with `scale`, the countdown
    to zero."""
    table = client.get(client.resource("isvc").path(None), accept=TABLE)
    header, rows = table_cells(table, wide=False, namespaces=False)
    counts: dict[tuple[str, str], int] = {}
    for pod in client.get("/api/v1/pods")["items"]:
        service = pod["metadata"].get("labels", {}).get(INFERENCE_SERVICE)
        conditions = pod.get("status", {}).get("conditions", ())
        ready = any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
        if service and ready:
            key = (pod["metadata"]["namespace"], service)
            counts[key] = counts.get(key, 0) + 1
    header.insert(-1, "REPLICAS")
    if scale is not None:
        header.insert(-1, "TO-ZERO")
    for row, full in zip(rows, table["rows"] or (), strict=True):
        metadata = full["object"]["metadata"]
        key = (metadata["namespace"], metadata["name"])
        row.insert(-1, str(counts.get(key, 0)))
        if scale is not None:
            row.insert(-1, describe_countdown(scale.get(key)))
    return header, rows


def _make_view() -> _PlainView:
    if not sys.stdout.isatty():
        return _PlainView()
    try:
        return _LiveView()
    except ImportError as error:
        warn(f"no live table: {error}")
        return _PlainView()
