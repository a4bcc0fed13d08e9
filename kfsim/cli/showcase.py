"""What a user sees once services are up: the table, a real answer, and lines to repeat it."""

import os
from collections.abc import Mapping
from time import monotonic

from kfsim.base.errors import KfsimError
from kfsim.cli.client import TABLE, ApiClient
from kfsim.cli.commands.predict import report
from kfsim.cli.manifests import Manifest
from kfsim.cli.output import format_table, table_cells
from kfsim.cli.request import curl_line, prediction_path, python_line, send
from kfsim.cli.rollout import Applied, ServiceState
from kfsim.daemon.project import DaemonInfo

EXAMPLE = "kfsim.dev/example"
"""Annotation: a request body to show, relative to the manifest's folder."""


def show_services(
    client: ApiClient,
    info: DaemonInfo,
    applied: Applied,
    states: Mapping[tuple[str, str], ServiceState],
) -> None:
    """Print the table, then for each ready service with an example its answer."""
    table = client.get(client.resource("isvc").path(None), accept=TABLE)
    if table["rows"]:
        namespaces = any(namespace != "default" for namespace, _ in states)
        header, rows = table_cells(table, wide=False, namespaces=namespaces)
        print("\n" + format_table(header, rows), flush=True)
    for (namespace, name), manifest in applied.manifests.items():
        state = states.get((namespace, name))
        if state is not None and state.ready:
            _show_example(info, namespace, name, state.url, manifest)


def _show_example(
    info: DaemonInfo, namespace: str, name: str, url: str, manifest: Manifest
) -> None:
    annotations = manifest.document["metadata"].get("annotations") or {}
    example = annotations.get(EXAMPLE)
    if not example:
        return
    file = os.path.relpath(os.path.join(os.path.dirname(manifest.source), example))
    try:
        with open(file, "rb") as opened:
            body = opened.read()
    except OSError as error:
        print(f"\n{name}: the example {file} cannot be read: {error.strerror}")
        return
    path = prediction_path(name, body)
    try:
        started = monotonic()
        answer = send(info.gateway, f"/serving/{namespace}/{name}{path}", body)
        took = monotonic() - started
    except KfsimError as error:
        print(f"\n{name}: {error.message}")
        return
    print(f"\n{name} answers {file}:\n  {answer.text()}", flush=True)
    report(answer, took)
    print("again:")
    print(f"  kfsim predict {name} -d @{file}")
    print("  " + curl_line(url, path, file))
    print("  " + python_line(info.gateway, namespace, name, path, file), flush=True)
