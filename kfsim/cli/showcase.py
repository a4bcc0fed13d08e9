"""What a user sees once services are up: the table, a real answer, and lines to repeat it."""

import os
import shlex
from collections.abc import Mapping
from time import monotonic

from kfsim.base.errors import KfsimError
from kfsim.cli.client import TABLE, ApiClient
from kfsim.cli.commands.predict import report
from kfsim.cli.manifests import Manifest
from kfsim.cli.output import format_table, table_cells
from kfsim.cli.progress import ServiceState
from kfsim.cli.request import curl_line, prediction_path, python_line, send
from kfsim.cli.rollout import Applied
from kfsim.cli.samples import make_sample
from kfsim.cli.scale import describe_plan, read_scale
from kfsim.daemon.project import DaemonInfo

_SUGGESTED = 10
EXAMPLE = "kfsim.dev/example"
"""Annotation: a request body to show, relative to the manifest's folder."""


def show_services(
    client: ApiClient,
    info: DaemonInfo,
    applied: Applied,
    states: Mapping[tuple[str, str], ServiceState],
) -> None:
    """Print the table, then for each ready service how to ask it: with an example its answer
    too. Of those without an example only the first few are shown."""
    table = client.get(client.resource("isvc").path(None), accept=TABLE)
    if table["rows"]:
        namespaces = any(namespace != "default" for namespace, _ in states)
        header, rows = table_cells(table, wide=False, namespaces=namespaces)
        print("\n" + format_table(header, rows), flush=True)
    show = _Showcase(client, info)
    untried = []
    for key, manifest in applied.manifests.items():
        state = states.get(key)
        if state is None or not state.ready:
            continue
        file = _example_file(manifest)
        if file:
            show.example(key, state.url, file)
        else:
            untried.append((key, state.url))
    for key, url in untried[:_SUGGESTED]:
        show.suggestion(key, url)
    if len(untried) > _SUGGESTED:
        print(f"\n{len(untried) - _SUGGESTED} more: ask them with `kfsim predict NAME -d JSON`")


def _example_file(manifest: Manifest) -> str:
    annotations = manifest.document["metadata"].get("annotations") or {}
    example = annotations.get(EXAMPLE)
    if not example:
        return ""
    return os.path.relpath(os.path.join(os.path.dirname(manifest.source), example))


class _Showcase:
    """Prints what there is to say of one service after the other."""

    def __init__(self, client: ApiClient, info: DaemonInfo) -> None:
        self._client = client
        self._info = info
        self._plans: dict[tuple[str, str], str] | None = None

    def example(self, key: tuple[str, str], url: str, file: str) -> None:
        """A real answer, and lines that repeat it."""
        namespace, name = key
        try:
            with open(file, "rb") as opened:
                body = opened.read()
        except OSError as error:
            print(f"\n{name}: the example {file} cannot be read: {error.strerror}")
            return
        path = prediction_path(name, body)
        try:
            started = monotonic()
            answer = send(self._info.gateway, f"/serving/{namespace}/{name}{path}", body)
            took = monotonic() - started
        except KfsimError as error:
            print(f"\n{name}: {error.message}")
            return
        print(f"\n{name} answers {file}:\n  {answer.text()}", flush=True)
        report(answer, took)
        print("again:")
        place = "" if namespace == "default" else f" -n {namespace}"
        print(f"  kfsim predict {name}{place} -d {shlex.quote(f'@{file}')}")
        self._lines(key, url, path, f"@{file}")
        self._zero(key)

    def suggestion(self, key: tuple[str, str], url: str) -> None:
        """Lines with a body to fill in."""
        namespace, name = key
        isvc = self._client.get(self._client.resource("isvc").path(namespace, name))
        sample = make_sample(isvc)
        if sample is None:
            print(f"\n{name} speaks gRPC at {self._info.gateway}, authority {url.split('//')[1]}")
        else:
            print(f"\n{name}: {sample.note}:")
            self._lines(key, url, sample.path, sample.body)
        self._zero(key)

    def _lines(self, key: tuple[str, str], url: str, path: str, data: str) -> None:
        print("  " + curl_line(url, path, data))
        print("  " + python_line(self._info.gateway, *key, path, data), flush=True)

    def _zero(self, key: tuple[str, str]) -> None:
        """Asked for after the first answer is out, which it would only delay."""
        if self._plans is None:
            rows = read_scale(self._client)
            self._plans = {place: describe_plan(row["zero"]) for place, row in rows.items()}
        if plan := self._plans.get(key, ""):
            print(plan, flush=True)
