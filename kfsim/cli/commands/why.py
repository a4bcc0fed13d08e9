"""`kfsim why`: why a service is as it is."""

import argparse
from typing import Any

from kfsim.cli.commands.common import Subparsers, add_namespace, add_parser, connect
from kfsim.cli.scale import describe_cold_start, describe_plan

# A message of that many characters is shorter than a reference to it.
_SHORT = 12


def register(subparsers: Subparsers) -> None:
    parser = add_parser(
        subparsers, "why", run, help="explain readiness, runtime, revision and scale of a service"
    )
    parser.add_argument("name", help="the InferenceService")
    parser.add_argument(
        "--decisions",
        action="store_true",
        help="the autoscaler's latest decisions, newest last, each with its numbers",
    )
    add_namespace(parser)


def run(arguments: argparse.Namespace) -> int:
    client = connect(arguments)
    client.get(client.resource("isvc").path(arguments.namespace, arguments.name))  # is it there?
    explanation = client.get(f"/kfsim/v1/why/{arguments.namespace}/{arguments.name}")
    lines = render_decisions(explanation) if arguments.decisions else render(explanation)
    print("\n".join(lines))
    return 0


def render(answer: dict[str, Any]) -> list[str]:
    """Headings with indented sentences: the deepest cause and the conditions above it, model,
    runtime, traffic, scale, events. Each message is told once."""
    lines = _readiness(answer)
    lines += [f"  {_condition(each)}" for each in answer["notReady"]]
    if answer.get("model") or not answer["ready"]:  # KFServing's status has no model
        lines += _model(answer.get("model") or {})
    lines += _runtime(answer.get("runtime"))
    lines += _substitutions(answer.get("substitutions", []))
    lines += _traffic(answer["traffic"])
    lines += [f"  {text}" for text in answer.get("trafficPlan", ())]
    lines += [_link(each) for each in answer.get("links", ())]
    for revision in answer["revisions"]:
        lines += _revision(revision)
    if answer["events"]:
        lines.append("Latest events:")
        lines += [f"  {e['type']} {e['reason']}: {e['message']}" for e in answer["events"]]
    return tell_once(lines, _messages(answer))


def render_decisions(answer: dict[str, Any]) -> list[str]:
    """The autoscaler's log by revision: what it saw, wanted, and by which window."""
    lines: list[str] = []
    for revision in answer["revisions"]:
        lines.append(f"Revision {revision['name']}:")
        decisions = revision.get("decisions", ())
        lines += [f"  {_decision(each)}" for each in decisions] or ["  no decision yet"]
    return lines or [f"{answer['name']} has no revision yet."]


def _decision(decision: dict[str, Any]) -> str:
    mode = ", in panic mode" if decision["panicMode"] else ""
    wanted = f"{decision['desired']} wanted" if decision["valid"] else "unchanged"
    return f"{decision['secondsAgo']:.0f} s ago: {wanted}{mode}: {'; '.join(decision['reasons'])}"


def tell_once(lines: list[str], messages: list[str]) -> list[str]:
    """The lines, where a message that an earlier line holds gives way to `(as above)`."""
    told: set[str] = set()
    result = []
    for line in lines:
        held = {message for message in messages if len(message) > _SHORT and message in line}
        for message in sorted(held & told, key=len, reverse=True):
            line = _refer(line, message)
        told |= held
        result.append(line)
    return result


def _refer(line: str, message: str) -> str:
    before, found, after = line.partition(message)
    if not found:
        return line  # a longer message held it
    return f"{before.rstrip(': ')} (as above){after.removeprefix('.')}"


def _messages(answer: dict[str, Any]) -> list[str]:
    """What several places may repeat."""
    failure = (answer.get("model") or {}).get("lastFailureInfo") or {}
    said = [each.get("message") for each in (*answer["causes"], *answer["notReady"], failure)]
    said.append((answer.get("runtime") or {}).get("reason"))
    return list(dict.fromkeys(filter(None, said)))


def _readiness(answer: dict[str, Any]) -> list[str]:
    if answer["ready"]:
        return [f"{answer['name']} is ready at {answer['url']}."]
    reason = answer["reason"] or "it is still coming up"
    lines = [f"{answer['name']} is not ready: {reason}"]
    for number, cause in enumerate(answer["causes"]):
        if number:
            text = ": ".join(filter(None, (cause["reason"], cause["message"])))
            lines.append(f"  and the {cause['component']}: {text}")
        lines += _place(cause)
    return lines


def _place(cause: dict[str, Any]) -> list[str]:
    if cause["container"]:
        return [f"  found at container {cause['container']} of Pod {cause['pod']}"]
    if cause["pod"]:
        return [f"  found at Pod {cause['pod']}"]
    return [f"  found at revision {cause['revision']}"] if cause["revision"] else []


def _condition(condition: dict[str, Any]) -> str:
    text = ": ".join(filter(None, (condition["reason"], condition["message"])))
    return f"{condition['type']} is {condition['status']}" + (f": {text}" if text else "")


def _substitutions(made: list[dict[str, str]]) -> list[str]:
    if not made:
        return []
    lines = [f"  {s['field']}: {s['given']} for {s['asked']} ({s['why']})" for s in made]
    return ["Substituted:", *lines]


def _model(model: dict[str, Any]) -> list[str]:
    states = model.get("states") or {}
    state = states.get("targetModelState") or states.get("activeModelState") or "Pending"
    lines = [f"Model: {state}, {model.get('transitionStatus') or 'InProgress'}."]
    failure = model.get("lastFailureInfo")
    if failure:
        lines.append(f"  {failure.get('reason')}: {failure.get('message')}")
    return lines


def _runtime(runtime: dict[str, Any] | None) -> list[str]:
    if runtime is None:
        return ["Runtime: the containers that the manifest gives."]
    chosen = runtime["name"] or "none"
    lines = [f"Runtime: {chosen}: {runtime['reason']}"]
    lines += [
        f"  not {candidate['name']}: {'; '.join(candidate['rejected'])}"
        for candidate in runtime["candidates"]
        if candidate["name"] != runtime["name"] and candidate["rejected"]
    ]
    return lines


def _traffic(traffic: list[dict[str, Any]]) -> list[str]:
    if not traffic:
        return ["Traffic: none yet."]
    return [
        "Traffic:",
        *(f"  {each['percent']} % to {each['revision']}: {each['reason']}" for each in traffic),
    ]


def _link(link: dict[str, Any]) -> str:
    answers = "answers" if link["answers"] else "does not answer"
    return f"The {link['component']} asks {link['host']}, which {answers}: {link['reason']}"


def _requests(revision: dict[str, Any]) -> list[str]:
    running, held = revision.get("requestsRunning", 0), revision.get("requestsHeld", 0)
    told = []
    if running:
        told.append(f"{running} in flight")
    if held:
        told.append(f"{held} held until a replica is free")
    return [f"  requests: {', '.join(told)}"] if told else []


def _zero(revision: dict[str, Any]) -> list[str]:
    """When it will be at zero, and what its latest answer from there took."""
    lines = []
    age = revision.get("lastRequestSeconds")
    if age is not None:
        lines.append("requests are coming in" if age < 2 else f"last request {age:.0f} s ago")
    if plan := describe_plan(revision.get("zero", "")):
        left = revision.get("zeroInSeconds")
        lines.append(plan if left is None else f"{plan}: in {left:.0f} s if none comes")
    if cold := revision.get("coldStart"):
        lines.append(describe_cold_start(cold))
    return [f"  {line}" for line in lines]


def _revision(revision: dict[str, Any]) -> list[str]:
    actual, desired = revision["actualReplicas"] or 0, revision["desiredReplicas"]
    wanted = "no decision yet" if desired in (None, -1) else f"{desired} wanted"
    lines = [f"Revision {revision['name']}: {actual} replicas, {wanted}."]
    if backend := revision.get("backend"):
        lines.append(f"  runs by {backend['name']}: {backend['reason']}")
        if problem := backend.get("problem"):
            lines.append(f"  {problem}")
    if not revision["ready"] and revision["reason"]:
        lines.append(f"  not ready: {revision['reason']}")
    if revision["active"] is False and revision["activeReason"]:
        lines.append(f"  not active: {revision['activeReason']}")
    lines += [f"  {reason}" for reason in revision.get("scaling", ())]
    lines += _requests(revision) + _zero(revision)
    for decision in revision.get("decisions", ())[-1:]:
        lines += [f"  {reason}" for reason in decision["reasons"]]
        if decision.get("panicMode"):
            lines.append(
                f"  in panic mode at {decision['desired']} pods: the larger of both counts, and "
                "nothing goes down"
            )
    for pod in revision["pods"]:
        texts = (*pod["containers"], *pod.get("warnings", ()))
        lines += [f"  {pod['name']}: {text}" for text in texts]
    return lines
