"""kfsim.yaml: what a project says about running here, beside the manifests that say the rest.

    uris:                           # prefixes, by whole path segments; the longest wins
      gs://bucket/models: ./models  # a path from this file's folder, or another URI
    images:                         # an image with or without tag, or a glob
      kserve/sklearnserver: my/sklearn:dev
    secrets:                        # NAMESPACE/NAME; ${NAME} is the environment's
      default/s3-creds: {AWS_SECRET_ACCESS_KEY: "${MY_KEY}"}
    gpu: fake                       # require (default), fake or ignore
    gpu:
      mode: require
      replicasPerDevice: 2          # time-slicing, as NVIDIA's device plugin does it
      fakeDevices: 8                # with mode fake
    limits: {connections: 500}      # what the gateway takes from clients
    runtime: docker                 # and gateway, api, strict, compat: defaults of the flags

It lies in the folder of the manifests, or beside the manifest where a file is given. An unknown key
or value is an error that names the line and what is allowed. `project_schema` is its JSON schema.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic.alias_generators import to_camel

from kfsim.api.compat import Compat
from kfsim.api.substitution import LocalMaps, MapRule
from kfsim.base.errors import Invalid
from kfsim.daemon.limits_section import LimitsSection, describe_bounds
from kfsim.daemon.project import PROJECT_FILE, resolve_target
from kfsim.replicas.devices import GpuMode, GpuSettings

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAP_FLAG = "--map"


class _Section(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, hide_input_in_errors=True
    )


class GpuSection(_Section):
    """A mode alone, or a mode with numbers."""

    mode: GpuMode = Field(
        default=GpuMode.REQUIRE,
        description="require: the host's GPUs; fake: GPUs that do not exist; ignore: drop limits.",
    )
    replicas_per_device: int = Field(
        default=1, ge=1, strict=True, description="Pods that share one device (time-slicing)."
    )
    fake_devices: int = Field(
        default=8, ge=0, le=1000, strict=True, description="Devices there are with mode fake."
    )


_Text = Annotated[str, Field(min_length=1, strict=True)]
_SecretName = Annotated[str, Field(pattern=r"^[a-z0-9-]+/[a-z0-9.-]+$")]
_Address = Annotated[str, Field(pattern=r"^.+:[0-9]{1,5}$", strict=True)]


class ProjectFile(_Section):
    """What a project says about running on this host."""

    uris: dict[_Text, _Text] = Field(
        default={},
        description="Prefixes of model URIs, and the path or URI that each stands for here. "
        "Paths start at this file's folder.",
    )
    images: dict[_Text, _Text] = Field(
        default={},
        description="Images (any tag unless one is named; * and ? as in a shell), and the image "
        "that runs in place of each.",
    )
    secrets: dict[_SecretName, dict[_Text, Annotated[str, Field(strict=True)]]] = Field(
        default={},
        description="NAMESPACE/NAME of Secrets and their keys; ${NAME} in a value is taken from "
        "the environment of kfsim up, $$ is a dollar sign.",
    )
    gpu: GpuSection = Field(default=GpuSection(), description="What limits of nvidia.com/gpu get.")
    limits: LimitsSection = Field(
        default=LimitsSection(), description="What the gateway takes from clients."
    )
    runtime: Literal["auto", "docker", "process"] = Field(
        default="auto", description="Default of --runtime."
    )
    gateway: _Address | None = Field(default=None, description="Default of --gateway.")
    api: _Address | None = Field(default=None, description="Default of --api.")
    strict: bool = Field(default=False, strict=True, description="Default of --strict.")
    compat: Compat = Field(default=Compat.KSERVE, description="Default of --compat.")

    @field_validator("gpu", mode="before")
    @classmethod
    def _mode_alone(cls, value: Any) -> Any:
        return value if isinstance(value, Mapping) else {"mode": value}

    @property
    def gpu_settings(self) -> GpuSettings:
        return GpuSettings(
            mode=self.gpu.mode,
            replicas_per_device=self.gpu.replicas_per_device,
            fake_devices=self.gpu.fake_devices,
        )

    def maps(self, folder: str, flags: Mapping[str, str]) -> LocalMaps:
        """The maps, those of `--map` first; relative paths start at `folder`, which is absolute.
        Targets in `flags` are resolved already."""
        own = {prefix: resolve_target(target, folder) for prefix, target in self.uris.items()}
        origins = ((MAP_FLAG, flags), (PROJECT_FILE, own))
        return LocalMaps(
            uris=tuple(
                tuple(MapRule(prefix, target, origin) for prefix, target in rules.items())
                for origin, rules in origins
                if rules
            ),
            images=tuple(MapRule(*each, PROJECT_FILE) for each in self.images.items()),
        )


def project_schema() -> dict[str, Any]:
    """The JSON schema for editors; `data/kfsim.schema.json` is a copy of it."""
    schema = ProjectFile.model_json_schema(by_alias=True)
    section = schema["properties"]["gpu"]
    modes = schema["$defs"]["GpuMode"]["enum"]
    reference = section.pop("$ref", None) or section.pop("allOf")[0]["$ref"]
    section["anyOf"] = [{"enum": modes}, {"$ref": reference}]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def read_project_file(path: Path) -> ProjectFile:
    """Raises Invalid that lists everything wrong, a line each."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{path}: cannot be read: {error}") from error
    return parse_project_file(text, shown=str(path))


def parse_project_file(text: str, *, shown: str = PROJECT_FILE) -> ProjectFile:
    """The file's text; `shown` is what errors call it."""
    try:
        root = yaml.compose(text, Loader=_Loader)
        content = yaml.load(text, Loader=_Loader)  # a safe loader, in C
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{shown}:{mark.line + 1}" if mark else shown
        problem = getattr(error, "problem", None) or str(error)
        raise Invalid(f"{where}: not valid YAML: {problem}") from error
    if content is None:
        return ProjectFile()
    if not isinstance(content, dict):
        raise Invalid(f"{shown}:1: expected keys such as gpu, found {_found(content)}")
    twice = [f"{shown}:{line}: {key} is given twice" for line, key in _repeated_keys(root)]
    if twice:
        raise Invalid("\n".join(twice))
    try:
        return ProjectFile.model_validate(content)
    except ValidationError as error:
        problems = [
            f"{shown}:{_line_of(root, path)}: {_describe(path, each['type'], content)}"
            for each in error.errors()
            for path in [each["loc"]]
        ]
        raise Invalid("\n".join(problems)) from error


def _repeated_keys(node: Any) -> Iterator[tuple[int, str]]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                yield key.start_mark.line + 1, name
            seen.add(name)
            yield from _repeated_keys(value)


def _line_of(node: Any, path: tuple[Any, ...]) -> int:
    """The line of the deepest node on the path."""
    line = int(node.start_mark.line) + 1
    for step in path:
        pairs = node.value if isinstance(node, yaml.MappingNode) else ()
        pair = next((each for each in pairs if each[0].value == str(step)), None)
        if pair is None:
            break
        line, node = int(pair[0].start_mark.line) + 1, pair[1]
    return line


def _describe(path: tuple[Any, ...], kind: str, content: Any) -> str:
    """What was found, and what is allowed there. Nothing that a Secret is to hold is repeated."""
    name = ".".join(str(step) for step in path if step != "[key]")
    if kind in ("extra_forbidden", "invalid_key"):
        section = ProjectFile if len(path) == 1 else _SECTIONS[path[0]]
        known = [each.alias or field for field, each in section.model_fields.items()]
        close = get_close_matches(str(path[-1]), known, n=1)
        meant = f" (did you mean {close[0]}?)" if close else ""
        where = "here" if len(path) > 1 else "keys"
        return f"unknown key {name}{meant}; known {where} are {', '.join(known)}"
    allowed = _ALLOWED.get(path) or _ALLOWED_BELOW.get((path[0], len(path)), "")
    if path[-1] == "[key]":
        return f"{name} is no usable key; it must be {_KEYS.get(path[0], 'a text')}"
    value = content
    for step in path:
        value = value[step] if isinstance(value, dict) and step in value else value
    found = _found(value)
    if path[0] == "secrets":
        found = "text" if isinstance(value, str) else "no text" if len(path) > 2 else "no map"
    return f"{name} is {found}; it must be {allowed}"


_SECTIONS: Mapping[Any, type[BaseModel]] = {"gpu": GpuSection, "limits": LimitsSection}
_MODES = "require, fake or ignore"
_ADDRESS = "HOST:PORT, for example 127.0.0.1:8080"
_ALLOWED: Mapping[tuple[Any, ...], str] = {
    ("gpu", "mode"): _MODES,
    ("gpu", "replicasPerDevice"): "an integer of at least 1",
    ("gpu", "fakeDevices"): "an integer from 0 to 1000",
    ("limits",): "a map of limits, such as connections: 500",
    **{("limits", key): allowed for key, allowed in describe_bounds()},
    ("uris",): "a map from prefixes to paths or URIs",
    ("images",): "a map from images to images",
    ("secrets",): "a map from NAMESPACE/NAME to keys and values",
    ("runtime",): "auto, docker or process",
    ("gateway",): _ADDRESS,
    ("api",): _ADDRESS,
    ("strict",): "true or false",
    ("compat",): "kserve or kfserving",
}
# What any key of a section, by its depth, must have as a value.
_ALLOWED_BELOW: Mapping[tuple[Any, int], str] = {
    ("uris", 2): "a path or a URI",
    ("images", 2): "an image",
    ("secrets", 2): "a map from keys to values",
    ("secrets", 3): "text, between quotes",
}
_KEYS: Mapping[Any, str] = {
    "uris": "a prefix such as gs://bucket/models",
    "images": "an image, or a glob",
    "secrets": "NAMESPACE/NAME, with text as keys below it",
}


def _found(value: Any) -> str:
    if value is None:
        return "empty"
    return f"a {type(value).__name__}" if isinstance(value, list | dict) else repr(value)
