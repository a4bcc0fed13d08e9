"""kfsim.yaml: what a project says about running here, beside the manifests that say the rest.

    gpu: fake                       # require (default), fake or ignore
    gpu:
      mode: require
      replicasPerDevice: 2          # time-slicing, as NVIDIA's device plugin does it
      fakeDevices: 8                # with mode fake

It lies in the folder of the manifests, or beside the manifest where a file is given. An unknown key
or value is an error that names the line and what is allowed.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic.alias_generators import to_camel

from kfsim.base.errors import Invalid
from kfsim.daemon.project import PROJECT_FILE
from kfsim.replicas.devices import GpuMode, GpuSettings

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Section(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, hide_input_in_errors=True
    )


class GpuSection(_Section):
    """`gpu`: a mode alone, or a mode with numbers."""

    mode: GpuMode = GpuMode.REQUIRE
    replicas_per_device: int = Field(default=1, ge=1, strict=True)
    fake_devices: int = Field(default=8, ge=0, le=1000, strict=True)


class ProjectFile(_Section):
    """The whole file; every key has a default."""

    gpu: GpuSection = GpuSection()

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
    """What was found, and what is allowed there."""
    name = ".".join(map(str, path))
    if kind in ("extra_forbidden", "invalid_key"):
        section = ProjectFile if len(path) == 1 else GpuSection
        known = ", ".join(each.alias or "" for each in section.model_fields.values())
        return f"unknown key {name}; known {'here' if len(path) > 1 else 'keys'} are {known}"
    value = content
    for step in path:
        value = value[step] if isinstance(value, dict) and step in value else value
    allowed = _ALLOWED.get(path, "")
    return f"{name} is {_found(value)}; it must be {allowed}"


_MODES = "require, fake or ignore"
_ALLOWED: Mapping[tuple[Any, ...], str] = {
    ("gpu", "mode"): _MODES,
    ("gpu", "replicasPerDevice"): "an integer of at least 1",
    ("gpu", "fakeDevices"): "an integer from 0 to 1000",
}


def _found(value: Any) -> str:
    if value is None:
        return "empty"
    return f"a {type(value).__name__}" if isinstance(value, list | dict) else repr(value)
