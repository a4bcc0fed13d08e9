"""Following services until each is Ready, has failed, or the time is up.

`read_state` says what an InferenceService's status means to a user; `Progress` asks again and
again, and tells each change once.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from kfsim.cli.board import Board, PlainBoard
from kfsim.cli.client import ApiClient, ApiError
from kfsim.cli.transfers import Transfers

Say = Callable[[str], None]
# Long after a failure shows, Kubernetes may still recover; a user is told at once and can wait.
_POLL_SECONDS = 0.02
_SLOW_POLL_SECONDS = 0.25
_EAGER_SECONDS = 5.0
# Services that cost requests of their own; with more of them nobody reads the lines one by one.
_ASKED_FOR = 50


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
