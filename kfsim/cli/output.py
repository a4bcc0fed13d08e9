"""Printing: tables as kubectl aligns them, YAML, JSON, names and jsonpath."""

import json
import sys
from collections.abc import Sequence
from typing import Any

from kfsim.base.errors import BadRequest

_GAP = 3


def format_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns padded to their widest cell plus three blanks; the last one is not padded."""
    lines = [header, *rows] if header else list(rows)
    widths = [max(len(row[column]) for row in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "".join(cell.ljust(width + _GAP) for cell, width in zip(row[:-1], widths[:-1], strict=True))
        + row[-1]
        for row in lines
    )


def table_cells(
    table: dict[str, Any], *, wide: bool, namespaces: bool
) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a server's Table object; columns of priority above 0 are wide."""
    columns = [
        index
        for index, column in enumerate(table["columnDefinitions"])
        if wide or not column.get("priority")
    ]
    header = [table["columnDefinitions"][index]["name"].upper() for index in columns]
    rows = [[format_cell(row["cells"][index]) for index in columns] for row in table["rows"] or ()]
    if namespaces:
        header.insert(0, "NAMESPACE")
        for cells, row in zip(rows, table["rows"] or (), strict=True):
            cells.insert(0, row["object"]["metadata"].get("namespace", ""))
    return header, rows


def format_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def format_object(value: Any, style: str) -> str:
    """`json` or `yaml`, as kubectl indents them."""
    if style == "json":
        return json.dumps(value, indent=4)
    import yaml  # imported late: most commands print no YAML

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return str(yaml.dump(value, Dumper=dumper, default_flow_style=False)).rstrip("\n")


def evaluate_jsonpath(template: str, value: Any) -> str:
    """kubectl's jsonpath templates: `{.a.b[0]}`, `{.items[*].x}`, text between the braces."""
    result, position = [], 0
    while position < len(template):
        start = template.find("{", position)
        if start < 0:
            result.append(template[position:])
            break
        result.append(template[position:start])
        end = template.find("}", start)
        if end < 0:
            raise BadRequest(f"jsonpath {template!r} has an opening brace without a closing one")
        expression = template[start + 1 : end].strip()
        if expression.startswith(('"', "'")):
            result.append(expression[1:-1].encode().decode("unicode_escape"))
        else:
            result.append(" ".join(_format_found(item) for item in find_path(expression, value)))
        position = end + 1
    return "".join(result)


def find_path(expression: str, value: Any) -> list[Any]:
    """All values under a path such as `.status.conditions[?(@.type=="Ready")].status`."""
    found = [value]
    for step in _steps(expression):
        found = [child for item in found for child in _children(step, item)]
    return found


def _steps(expression: str) -> list[str]:
    steps: list[str] = []
    position = 0
    text = expression.removeprefix("$")
    while position < len(text):
        if text[position] == "[":
            end = text.find("]", position)
            if end < 0:
                raise BadRequest(f"jsonpath {expression!r} has '[' without ']'")
            steps.append(text[position : end + 1])
            position = end + 1
            continue
        position += text[position] == "."
        name = ""
        while position < len(text) and text[position] not in ".[":
            if text[position] == "\\" and position + 1 < len(text):
                position += 1
            name += text[position]
            position += 1
        if name:
            steps.append(name)
    return steps


def _children(step: str, item: Any) -> list[Any]:
    if step.startswith("["):
        inner = step[1:-1].strip()
        if inner.startswith("?"):
            return _filtered(inner, item)
        if inner == "*":
            step = "*"
        elif inner.lstrip("-").isdigit():
            index = int(inner)
            fits = isinstance(item, list) and -len(item) <= index < len(item)
            return [item[index]] if fits else []
        else:
            step = inner.strip("'\"")
    if step == "*":
        if isinstance(item, dict):
            return list(item.values())
        return list(item) if isinstance(item, list) else []
    return [item[step]] if isinstance(item, dict) and step in item else []


def _filtered(inner: str, item: Any) -> list[Any]:
    """`?(@.type=="Ready")`: the list members whose field equals the value."""
    condition = inner.removeprefix("?").strip().removeprefix("(").removesuffix(")")
    path, operator, expected = condition.partition("==")
    if not operator or not path.strip().startswith("@"):
        raise BadRequest(f'jsonpath filter {inner!r} is not of the form ?(@.field=="value")')
    wanted = expected.strip().strip("'\"")
    members = item if isinstance(item, list) else []
    return [
        member
        for member in members
        if any(_format_found(found) == wanted for found in find_path(path.strip()[1:], member))
    ]


def _format_found(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"))


def warn(text: str) -> None:
    """One line on standard error."""
    print(text, file=sys.stderr)


def print_error(text: str) -> None:
    """What failed, on standard error; of every command that then ends with exit code 1."""
    warn(describe_error(text))


def describe_error(text: str) -> str:
    """What is printed of an error, with kubectl's start for the server's."""
    return f"Error {text}" if text.startswith("from server") else f"Error: {text}"


def why_command(namespace: str, name: str) -> str:
    """What a user types to learn more of a service."""
    return f"kfsim why {name}" + ("" if namespace == "default" else f" -n {namespace}")


def format_bytes(count: int) -> str:
    """`512 B`, `1.5 kB`, `120 MB`: powers of ten, three digits at the most."""
    amount, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < 999.5:
            break
        amount, unit = amount / 1000, larger
    return f"{amount:.1f} {unit}" if unit != "B" and amount < 9.95 else f"{amount:.0f} {unit}"
