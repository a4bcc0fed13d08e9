"""Bringing a cluster to what a project's manifests say, and waiting until it is so.

`apply_all` applies every document, prunes what this project applied before and no longer finds
(only after everything parsed and applied cleanly), and reports; `Progress` follows the services
until each is Ready or the time is up, telling each change once.
"""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from kfsim.base.errors import AlreadyExists, KfsimError
from kfsim.cli.apply import (
    LAST_APPLIED,
    apply_manifest,
    in_install_order,
    install_rank,
    namespace_of,
    resource_of,
)
from kfsim.cli.board import Board, PlainBoard
from kfsim.cli.client import ApiClient, ApiError, Resource
from kfsim.cli.fidelity import Document
from kfsim.cli.manifests import SOURCE, Manifest, load_paths
from kfsim.cli.transfers import Transfers
from kfsim.cli.unknown_kinds import ForeignKind

Say = Callable[[str], None]
Identity = tuple[str, str, str, str]
"""Group, kind, namespace and name."""
_SAME_GROUPS = {"serving.kubeflow.org": "serving.kserve.io"}
# Long after a failure shows, Kubernetes may still recover; a user is told at once and can wait.
_POLL_SECONDS = 0.02
_SLOW_POLL_SECONDS = 0.25
_EAGER_SECONDS = 5.0
# Services that cost requests of their own; with more of them nobody reads the lines one by one.
_ASKED_FOR = 50


@dataclass(slots=True)
class Applied:
    """What one pass over the manifests did."""

    services: list[tuple[str, str]] = field(default_factory=list)
    """Namespace and name of every InferenceService that was accepted, in order."""
    manifests: dict[tuple[str, str], Manifest] = field(default_factory=dict)
    documents: list[Document] = field(default_factory=list)
    """Every document that could be read, applied or not."""
    changed: list[Document] = field(default_factory=list)
    """Those of them that this pass made or changed."""
    skipped: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    """Of all kinds, `unreadable` included."""
    changes: int = 0


def apply_all(
    client: ApiClient,
    paths: Sequence[str],
    *,
    say: Say,
    complain: Say,
    quiet_unchanged: bool = False,
    told: set[str] | None = None,
) -> Applied:
    """Apply everything below the paths. Errors are collected and told to `complain`, each without
    a prefix; nothing else stops. `told` is what earlier passes said was skipped; it grows."""
    told = set() if told is None else told
    result = Applied()
    loaded = load_paths(paths)
    result.skipped, result.unreadable = loaded.skipped, list(loaded.errors)
    for text in loaded.skipped:
        if text not in told:
            say(f"skipped {text}")
    told.update(loaded.skipped)
    for text in loaded.errors:
        result.errors.append(text)
        complain(text)
    applied: dict[Identity, Manifest] = {}
    notes: dict[str, None] = {}
    for manifest in in_install_order(loaded.found):
        try:
            resource = resource_of(client, manifest)
            namespace = namespace_of(manifest, resource, "default")
            _require_first(applied, manifest, (*_family(resource), namespace))
            name, outcome = apply_manifest(client, manifest, namespace="default")
        except ForeignKind as foreign:
            notes[foreign.note] = None
            result.documents.append(_refused(manifest, foreign=foreign.note))
            continue
        except KfsimError as error:
            result.errors.append(f"{manifest.place}: {error.message}")
            complain(f"{manifest.place}: {error.message}")
            result.documents.append(_refused(manifest, error=error.message))
            continue
        plain_name = manifest.document["metadata"].get("name") or name.partition("/")[2]
        applied[(*_family(resource), namespace, plain_name)] = manifest
        identity = (resource.api_version, resource.kind, namespace, plain_name)
        document = Document(manifest.shown, manifest.line, identity)
        result.documents.append(document)
        if outcome != "unchanged":
            result.changes += 1
            result.changed.append(document)
        if resource.kind == "InferenceService":
            result.services.append((namespace, plain_name))
            result.manifests[(namespace, plain_name)] = manifest
        if outcome != "unchanged" or not quiet_unchanged:
            say(f"{name} {outcome}")
    for note in notes if not quiet_unchanged else ():
        say(f"note: {note}")
    if not result.errors:
        _prune(client, paths, applied, result, say)
    return result


def _family(resource: Resource) -> tuple[str, str]:
    """Group and kind; the two groups of InferenceService hold the same objects."""
    return _SAME_GROUPS.get(resource.group, resource.group), resource.kind


def _require_first(
    applied: Mapping[Identity, Manifest], manifest: Manifest, prefix: tuple[str, str, str]
) -> None:
    """Raises AlreadyExists for an object that an earlier document defines too."""
    name = manifest.document["metadata"].get("name")
    earlier = applied.get((*prefix, str(name))) if name else None
    if earlier is not None:
        raise AlreadyExists(
            f"{manifest.title} is already given at {earlier.place}, and that one is in force; "
            "remove one of them, or give it another name or namespace"
        )


def _refused(manifest: Manifest, *, error: str = "", foreign: str = "") -> Document:
    document = manifest.document
    namespace = str(document["metadata"].get("namespace") or "")
    identity = (document["apiVersion"], document["kind"], namespace, manifest.name)
    return Document(manifest.shown, manifest.line, identity, error=error, foreign=foreign)


def _prune(
    client: ApiClient,
    paths: Sequence[str],
    applied: Mapping[Identity, Manifest],
    result: Applied,
    say: Say,
) -> None:
    roots = [os.path.realpath(path) for path in paths]
    seen: set[Identity] = set()
    for resource in sorted(client.stored_resources(), key=lambda each: -install_rank(each.kind)):
        for item in client.get(resource.path(None))["items"]:
            metadata = item["metadata"]
            identity = (*_family(resource), metadata.get("namespace", ""), metadata["name"])
            if identity in applied or identity in seen or not _is_ours(metadata, roots):
                continue
            seen.add(identity)
            try:
                client.delete(resource.path(metadata.get("namespace"), metadata["name"]))
            except ApiError as error:
                if not error.is_not_found:  # somebody was faster
                    raise
            result.changes += 1
            say(f"{resource.full_name}/{metadata['name']} pruned")


def _is_ours(metadata: dict[str, Any], roots: list[str]) -> bool:
    annotations = metadata.get("annotations") or {}
    source = annotations.get(SOURCE, "")
    if LAST_APPLIED not in annotations or metadata.get("ownerReferences"):
        return False
    return any(source == root or source.startswith(root + os.sep) for root in roots)


@dataclass(frozen=True, slots=True)
class ServiceState:
    """What `up` shows of one InferenceService."""

    ready: bool
    failed: bool
    line: str
    url: str
    runtime: str = ""


def read_state(item: dict[str, Any], cause: dict[str, Any] | None = None) -> ServiceState:
    """The state of an InferenceService object; `line` is what to tell the user.

    `cause` is what the server knows to be in the way, where it knows something; of transformers
    and explainers, and of an engine that does not answer, the object itself does not tell.
    """
    status = item.get("status") or {}
    conditions = {each["type"]: each for each in status.get("conditions", ())}
    ready = conditions.get("Ready", {})
    model = status.get("modelStatus") or {}
    transition = model.get("transitionStatus", "")
    # What is said of an older spec is no failure of the one in force.
    observed = status.get("observedGeneration", 0) >= item["metadata"].get("generation", 0)
    is_ready = observed and ready.get("status") == "True" and transition in ("UpToDate", "")
    failed = observed and transition in ("InvalidSpec", "BlockedByFailedLoad")
    failure = model.get("lastFailureInfo") or {}
    words: list[str] = []
    if is_ready:
        words.append("Ready")
    elif failed and failure:
        words.append(_describe_failure(failure, transition))
    elif cause is not None and cause["failed"]:
        failed = True
        words.append(cause["text"])
    else:
        state = (model.get("states") or {}).get("targetModelState") or "Pending"
        words.append(state)
        if cause is not None:
            words.append(cause["text"])
        elif problem := _find_problem(ready, conditions.get("PredictorConfigurationReady", {})):
            words.append(problem)
            failed = failed or (observed and state == "FailedToLoad")
    runtime = status.get("servingRuntimeName") or status.get("clusterServingRuntimeName") or ""
    return ServiceState(
        is_ready,
        failed,
        " · ".join(words),
        status.get("url", ""),
        runtime=f"runtime {runtime}" if runtime else "",
    )


def _describe_failure(failure: dict[str, Any], transition: str) -> str:
    said = failure.get("message") or f"ended with exit code {failure.get('exitCode', 0)}"
    return f"{failure.get('reason', transition)}: {said}"


def _find_problem(*conditions: dict[str, Any]) -> str:
    """The first that is False and says why; a revision's own reason, such as a GPU that is not to
    be had, comes with PredictorConfigurationReady."""
    for problem in conditions:
        if problem.get("status") == "False" and problem.get("message"):
            return f"{problem.get('reason', 'NotReady')}: {problem['message']}"
    return ""


@dataclass(frozen=True, slots=True)
class _Choice:
    """What runs a service, and why that runtime and that backend; empty while undecided."""

    backend: str = ""
    reasons: tuple[str, ...] = ()


def read_choice(answer: dict[str, Any]) -> _Choice:
    """The newest revision's backend from an answer of `/kfsim/v1/why`, with the reasons."""
    decided = [each["backend"] for each in answer["revisions"] if each.get("backend")]
    if not decided:
        return _Choice()
    runtime = answer.get("runtime") or {}
    return _Choice(decided[-1]["name"], (runtime.get("reason") or "", decided[-1]["reason"]))


class Progress:
    """Follows services until they are ready."""

    def __init__(
        self,
        client: ApiClient,
        services: Sequence[tuple[str, str]],
        say: Say,
        *,
        board: Board | None = None,
    ) -> None:
        """Lines go to the board, without one to `say`."""
        self._client = client
        self._services = list(services)
        self._board = board or PlainBoard(say)
        self._told: dict[tuple[str, str], str] = {}
        self._before: dict[tuple[str, str], set[str]] = {}
        self._choices: dict[tuple[str, str], _Choice] = {}
        self._reasoned: set[tuple[str, str]] = set()
        self._causes: dict[tuple[str, str], dict[str, Any]] = {}
        self._transfers = Transfers(client, self._board)

    def poll(self) -> dict[tuple[str, str], ServiceState]:
        """Read all services once, telling what changed."""
        listing = self._client.get(self._client.resource("isvc").path(None))
        items = {(i["metadata"]["namespace"], i["metadata"]["name"]): i for i in listing["items"]}
        states = {}
        for key in self._services:
            item = items.get(key)
            state = ServiceState(ready=False, failed=True, line="was deleted", url="")
            if item is not None:
                state = read_state(item, self._causes.get(key))
            states[key] = state
            if self._is_news(key, state):
                namespace, name = key
                shown = name if namespace == "default" else f"{namespace}/{name}"
                chosen = self._choice(key)
                words = (state.runtime, chosen.backend, state.line)
                text = f"{shown}: {' · '.join(filter(None, words))}"
                why = self._take_reasons(key)
                self._board.tell(shown, f"{text} ({why})" if why else text)
        return states

    def _is_news(self, key: tuple[str, str], state: ServiceState) -> bool:
        """Whether to tell the state. A failure that comes back, as between two attempts, is told
        once where lines stay; being ready ends its story."""
        if self._told.get(key) == state.line:
            return False
        self._told[key] = state.line
        before = self._before.setdefault(key, set())
        if state.ready:
            before.clear()
        is_new = state.line not in before
        before.add(state.line)
        return is_new or self._board.in_place

    def _ask_for_causes(self, waiting: Sequence[tuple[str, str]]) -> None:
        self._causes = {}
        for namespace, name in waiting[:_ASKED_FOR]:
            try:
                cause = self._client.get(f"/kfsim/v1/waits/{quote(namespace)}/{quote(name)}")
            except ApiError as error:
                if not error.is_not_found:  # deleted meanwhile
                    raise
            else:
                if cause["text"]:
                    self._causes[namespace, name] = cause

    def _choice(self, key: tuple[str, str]) -> "_Choice":
        """What runs the service's newest revision, asked for until it is decided."""
        known = self._choices.get(key, _Choice())
        if known.backend or len(self._services) > _ASKED_FOR:
            return known
        namespace, name = key
        try:
            answer = self._client.get(f"/kfsim/v1/why/{quote(namespace)}/{quote(name)}")
        except ApiError as error:
            if not error.is_not_found:  # deleted meanwhile
                raise
            return known
        self._choices[key] = read_choice(answer)
        return self._choices[key]

    def _take_reasons(self, key: tuple[str, str]) -> str:
        """Why this runtime and why this backend, until they have been told in full; on a board
        whose lines are rewritten, always."""
        choice = self._choices.get(key, _Choice())
        if key in self._reasoned and not self._board.in_place:
            return ""
        if choice.backend:
            self._reasoned.add(key)
            return "; ".join(filter(None, choice.reasons))
        return ""

    def wait(self, timeout: float) -> dict[tuple[str, str], ServiceState]:
        """Poll until all are ready, all others have failed, or the time is up, which stands still
        while images and models are being fetched."""
        started = looked = time.monotonic()
        fetching = 0.0
        while True:
            states = self.poll()
            now = time.monotonic()
            elapsed = now - started
            if all(state.ready or state.failed for state in states.values()):
                return states
            if now - looked >= _SLOW_POLL_SECONDS:
                fetching += now - looked if self._transfers.poll() else 0.0
                looked = now
                self._ask_for_causes([key for key, state in states.items() if not state.ready])
            if elapsed - fetching > timeout:
                return states
            time.sleep(_POLL_SECONDS if elapsed < _EAGER_SECONDS else _SLOW_POLL_SECONDS)
