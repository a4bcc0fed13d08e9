"""The InferenceService for a model: its name, its protocol and the YAML (pure).

KServe's runtimes are chosen from as the daemon does; one that speaks V2 only needs to be asked for
it in the manifest.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

import yaml

from kfsim.api.kserve.builtin_runtimes import builtin_runtimes
from kfsim.api.kserve.runtime_selection import Runtime, collect_runtimes, select_runtime
from kfsim.api.kserve.types import ModelFormat, ModelSpec
from kfsim.backends.builtin import find_builtin_server
from kfsim.base.errors import BadRequest
from kfsim.cli.model_formats import model_name

_MOST: Final = 40  # leaves room for what KServe and Knative append within 63
_NAME: Final = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_NAMELESS: Final = ("model", "saved-model", "pipeline", "clf")
_PROTOCOLS: Final = (None, "v2", "grpc-v2")
_LAYOUTS: Final = {
    "kserve-tritonserver": "Triton serves a model repository: a folder NAME with config.pbtxt and "
    "the model in NAME/1",
    "kserve-torchserve": "TorchServe serves a folder with config/config.properties and "
    "model-store/NAME.mar",
}
_ONLY_LAYOUT: Final = ("triton", "tensorflow")
"""Formats that are recognized by their layout, or that several layouts are right for."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The runtime, and the protocol that the manifest must name for it; None is the default."""

    runtime: Runtime
    protocol: str | None

    @property
    def has_own_server(self) -> bool:
        """Whether kfsim's own model server stands in for the runtime's image."""
        container = self.runtime.spec.containers[0]
        given = {each.name: each.value or "" for each in container.env}
        return find_builtin_server(container, given) is not None

    @property
    def image(self) -> str:
        return self.runtime.spec.containers[0].image or ""


def parse_format(text: str) -> tuple[str, str | None]:
    """`sklearn` or `sklearn:1`."""
    name, _, version = text.partition(":")
    return name, version or None


def choose_runtime(name: str, version: str | None) -> Choice:
    """Raises BadRequest for a format that none of KServe's runtimes is chosen for."""
    runtimes = collect_runtimes((), builtin_runtimes())
    messages = []
    for protocol in _PROTOCOLS:
        model = ModelSpec(
            name="",
            model_format=ModelFormat(name=name, version=version),
            protocol_version=protocol,
        )
        selection = select_runtime(model, runtimes)
        if selection.chosen is not None:
            return Choice(selection.chosen, protocol)
        messages.append(selection.message)
    raise BadRequest(f"{messages[0]}; name a format that is supported with --format")


def layout_note(choice: Choice, model_format: str) -> str:
    """What the runtime wants to find, where a file alone does not do; empty where it does."""
    return "" if model_format in _ONLY_LAYOUT else _LAYOUTS.get(choice.runtime.name, "")


def make_name(model: str) -> str:
    """A name for the service of a model: the file's, or its folder's where that says nothing."""
    words = [_as_name(model_name(model).partition(".")[0])]
    folder = model.rstrip("/").rpartition("/")[0]
    if folder and not folder.endswith((":/", "..")) and folder != ".":
        words.append(_as_name(model_name(folder)))
    telling = [word for word in words if word and word not in _NAMELESS]
    return (telling or [word for word in words if word] or ["model"])[0]


def _as_name(text: str) -> str:
    lowered = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    if lowered[:1].isdigit():
        lowered = f"model-{lowered}"
    return lowered[:_MOST].strip("-")


def check_name(name: str) -> None:
    """Raises BadRequest with a name that would do."""
    if not _NAME.fullmatch(name) or len(name) > _MOST:
        raise BadRequest(
            f"{name!r} cannot be the name of a service: lower-case letters, digits and '-', a "
            f"letter first, {_MOST} characters at most; --name {_as_name(name) or 'model'} would do"
        )


def make_service(
    *,
    name: str,
    namespace: str | None,
    model_format: tuple[str, str | None],
    protocol: str | None,
    storage_uri: str,
    min_replicas: int | None,
) -> dict[str, Any]:
    """The document, with nothing in it that would be the default."""
    format_name, version = model_format
    model = {
        "modelFormat": {"name": format_name, **({"version": version} if version else {})},
        **({"protocolVersion": protocol} if protocol else {}),
        "storageUri": storage_uri,
    }
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": name, **({"namespace": namespace} if namespace else {})},
        "spec": {
            "predictor": {
                **({"minReplicas": min_replicas} if min_replicas is not None else {}),
                "model": model,
            }
        },
    }


def render_service(document: dict[str, Any]) -> str:
    return str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True))
