"""`kfsim logs`: what a replica printed."""

import argparse
import sys
from typing import Any
from urllib.parse import urlencode

from kfsim.api.kserve.keys import INFERENCE_SERVICE
from kfsim.base.errors import KfsimError, NotFound
from kfsim.cli.client import ApiClient, ApiError
from kfsim.cli.commands.common import Subparsers, add_namespace, add_parser, connect
from kfsim.cli.output import warn, why_command


def register(subparsers: Subparsers) -> None:
    parser = add_parser(subparsers, "logs", run, help="show a replica's log")
    parser.add_argument(
        "name",
        metavar="POD | ISVC | TYPE/NAME",
        help="one Pod, or all of what an InferenceService or TYPE/NAME runs",
    )
    parser.add_argument("-c", "--container", default="", help="default: the serving container")
    add_namespace(parser)
    parser.add_argument("-f", "--follow", action="store_true", help="then show new lines")
    parser.add_argument(
        "--tail", type=int, default=-1, metavar="LINES", help="the last lines only; -1: all"
    )
    parser.add_argument("-p", "--previous", action="store_true", help="of the container before")
    parser.add_argument("--timestamps", action="store_true", help="when each line was written")


def run(arguments: argparse.Namespace) -> int:
    client = connect(arguments)
    pods = _pods(client, arguments.name, arguments.namespace)
    for pod in pods:
        query = {"container": arguments.container or _default_container(client, arguments, pod)}
        if arguments.follow:
            query["follow"] = "true"
        if arguments.tail >= 0:
            query["tailLines"] = str(arguments.tail)
        if arguments.previous:
            query["previous"] = "true"
        if arguments.timestamps:
            query["timestamps"] = "true"
        path = f"/api/v1/namespaces/{arguments.namespace}/pods/{pod}/log?{urlencode(query)}"
        prefix = f"[{pod}] ".encode() if len(pods) > 1 else b""
        try:
            for line in client.stream(path):
                sys.stdout.buffer.write(prefix + line)
                sys.stdout.buffer.flush()
        except ApiError as error:
            raise _explained(client, arguments, pod, error) from error
    return 0


def _explained(
    client: ApiClient, arguments: argparse.Namespace, pod: str, error: ApiError
) -> KfsimError:
    """The error, and the init container that is in the way of a container without a log."""
    if not error.is_not_found:
        return error
    item = client.get(f"/api/v1/namespaces/{arguments.namespace}/pods/{pod}")
    reason = explain_missing(
        item, arguments.name, namespace=arguments.namespace, asked=arguments.container
    )
    return NotFound(f"{error.message}; {reason}") if reason else error


def explain_missing(
    pod: dict[str, Any], shown: str, *, namespace: str = "default", asked: str = ""
) -> str:
    """The first init container that has not ended well, and the command that shows its log
    (`shown` as the user named the replica); empty when there is none, or it is the `asked` one."""
    for status in pod.get("status", {}).get("initContainerStatuses", ()):
        state, name = status.get("state") or {}, status["name"]
        ended, waiting = state.get("terminated"), state.get("waiting") or {}
        if ended is not None and not ended["exitCode"]:
            continue
        if name == asked:
            return ""
        place = "" if namespace == "default" else f" -n {namespace}"
        hint = f"`kfsim logs {shown}{place} -c {name}` shows its log"
        if ended is not None or (status.get("lastState") or {}).get("terminated"):
            reason = waiting.get("reason") or (ended or {}).get("reason") or "again"
            return f"its init container {name} failed ({reason}); {hint}"
        if waiting:
            text = ": ".join(filter(None, (waiting.get("reason"), waiting.get("message"))))
            return f"its init container {name} waits: {text}"
        return f"its init container {name} has not ended yet; {hint}"
    return ""


def _pods(client: ApiClient, word: str, namespace: str) -> list[str]:
    kind, slash, name = word.partition("/")
    if not slash:
        if _exists(client, f"/api/v1/namespaces/{namespace}/pods/{word}"):
            return [word]
        kind, name = "isvc", word
    resource = client.resource(kind)
    if resource.kind == "Pod":
        return [name]
    owner = client.get(resource.path(namespace, name))
    selector = _selector(resource.kind, name, owner)
    path = f"/api/v1/namespaces/{namespace}/pods"
    pods = [item["metadata"]["name"] for item in client.get(path, labelSelector=selector)["items"]]
    if not pods:
        raise NotFound(
            f"{resource.full_name}/{name} has no replica at the moment (scaled to zero, or not "
            f"started); send it a request, or see `{why_command(namespace, name)}`"
        )
    return pods


def _default_container(client: ApiClient, arguments: argparse.Namespace, pod: str) -> str:
    """The first one, said where there are several, as kubectl does."""
    item = client.get(f"/api/v1/namespaces/{arguments.namespace}/pods/{pod}")
    names = [each["name"] for each in item["spec"]["containers"]]
    if len(names) > 1:
        warn(f'Defaulted container "{names[0]}" out of: {", ".join(names)}')
    return str(names[0])


def _selector(kind: str, name: str, owner: dict[str, Any]) -> str:
    if kind == "InferenceService":
        return f"{INFERENCE_SERVICE}={name}"
    if kind in ("Service", "Configuration", "Revision", "Route"):
        return f"serving.knative.dev/{kind.lower()}={name}"
    labels = owner.get("spec", {}).get("selector", {}).get("matchLabels", {})
    return ",".join(f"{key}={value}" for key, value in labels.items())


def _exists(client: ApiClient, path: str) -> bool:
    try:
        client.get(path)
    except ApiError as error:
        if error.is_not_found:
            return False
        raise
    return True
