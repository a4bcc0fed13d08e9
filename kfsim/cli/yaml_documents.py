"""The YAML documents of a text, each with its first line, so that one bad one spoils no other.

Read as Kubernetes reads them: what looks like a date is text, and a key that is given twice is an
error, where PyYAML would silently take the last one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_FastLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class _Loader(_FastLoader):  # type: ignore[misc]  # which loader, PyYAML's build decides
    """A safe loader, in C where PyYAML has it."""

    yaml_implicit_resolvers = {  # noqa: RUF012  # as PyYAML declares it
        first: [row for row in rows if row[0] != "tag:yaml.org,2002:timestamp"]
        for first, rows in _FastLoader.yaml_implicit_resolvers.items()
    }

    def get_single_data(self) -> Any:
        """Before merge keys are resolved, which bring keys that may be given again."""
        node = self.get_single_node()
        if node is None:
            return None
        _require_unique_keys(node)
        return self.construct_document(node)


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """A document that starts at `line`, or with `problem` the reason why it cannot be read;
    `place` is then `:LINE:COLUMN` as far as known."""

    line: int
    content: Any = None
    problem: str = ""
    place: str = ""


class NotText(ValueError):
    """A file that is not UTF-8; says how to mend it."""


def read_text(path: Path) -> str:
    """A file's text, without a byte order mark. Raises OSError and NotText."""
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"not UTF-8 (byte 0x{content[error.start]:02x} in line {line})"
        if content.startswith(_UTF_16):
            found = "UTF-16"
        raise NotText(f"is {found}; save it as UTF-8") from None


def parse_documents(text: str) -> Iterator[YamlDocument]:
    """All documents but empty ones."""
    for line, chunk in _split(text):
        try:
            content = yaml.load(chunk, Loader=_Loader)
        except yaml.YAMLError as error:
            yield _describe(chunk, line, error)
        except (ValueError, RecursionError) as error:  # `!!int x`, or nested without end
            yield YamlDocument(line, problem=str(error), place=f":{line}")
        else:
            if content is not None:
                yield YamlDocument(line, content)


def _require_unique_keys(root: yaml.Node) -> None:
    waiting, seen = [root], {id(root)}
    while waiting:
        node = waiting.pop()
        children = list(node.value) if isinstance(node, yaml.SequenceNode) else []
        if isinstance(node, yaml.MappingNode):
            _require_unique_keys_of(node)
            children = [value for _, value in node.value]
        for child in children:
            if not isinstance(child, yaml.ScalarNode) and id(child) not in seen:
                seen.add(id(child))
                waiting.append(child)


def _require_unique_keys_of(node: yaml.MappingNode) -> None:
    given: dict[str, yaml.Mark] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            continue
        if key.value in given:
            raise yaml.constructor.ConstructorError(
                None, None, f'key "{key.value}" already set in map', key.start_mark
            )
        given[key.value] = key.start_mark


def _split(text: str) -> Iterator[tuple[int, str]]:
    start = 1
    lines: list[str] = []
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        if line.startswith("---") and (len(line) == 3 or line[3] in " \t\r\n"):
            if _says_something(lines):
                yield start, "".join(lines)
            start, lines = number, [line]
        else:
            lines.append(line)
    if _says_something(lines):
        yield start, "".join(lines)


def _says_something(lines: list[str]) -> bool:
    """Not blanks, comments and directives alone, as before a document or in helm's output."""
    return any(line.strip() and not line.startswith(("#", "%")) for line in lines)


def _describe(chunk: str, line: int, error: yaml.YAMLError) -> YamlDocument:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    context = getattr(error, "context", None)
    place = f":{line + mark.line}:{mark.column + 1}" if mark else f":{line}"
    said = f"{problem} ({context})" if context else problem
    return YamlDocument(line, problem=said + _hint(chunk, mark), place=place)


def _hint(chunk: str, mark: yaml.Mark | None) -> str:
    """What beginners meet, and YAML's own words do not name."""
    if "{{" in chunk:
        return "; this looks like a template: helm template CHART | kfsim apply -f -"
    lines = chunk.splitlines()
    if mark and mark.line < len(lines) and "\t" in _indentation(lines[mark.line]):
        return "; the line starts with a tab, and YAML takes blanks alone"
    return ""


def _indentation(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]
