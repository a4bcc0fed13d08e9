"""docs/reference/fields.md: what becomes of each field, from the table of effects."""

from collections.abc import Iterator

from docs.generate.markdown import code, page, table
from kfsim.api.fidelity.effects import Effect, FieldTable, Rule, When
from kfsim.api.fidelity.table import CONFIG_MAPS, KINDS_WITHOUT_EFFECT, NOTES, TABLES

_INTRODUCTION = (
    "Fields that are accepted without effect, that get something else, or that are refused when "
    "they are acted upon. All others do what they do on a cluster. Every `kfsim up` ends with a "
    "[report](../fidelity-report.md) of what this means for the manifests at hand; "
    "[Fidelity](../fidelity.md) says how behaviour differs."
)
_WORDS = {
    Effect.IGNORED: "no effect",
    Effect.SUBSTITUTED: "substituted",
    Effect.REFUSED: "refused",
}


def render_fields() -> str:
    """The page."""
    return page(
        "Fields",
        _INTRODUCTION,
        *(block for each in TABLES.values() for block in _section(each)),
        "## ConfigMaps of the cluster",
        "Of these not all is read; keys that are not named have no effect.",
        table(["name", "keys that are read"], map(_config_map, CONFIG_MAPS.items())),
        "## Kinds without effect",
        table(
            ["kind", "why"],
            (
                [f"{model.KIND} {code(model.API_VERSION)}", why]
                for model, why in KINDS_WITHOUT_EFFECT.items()
            ),
        ),
        "## Told at run time",
        "Events that the report reads.",
        table(
            ["reason", "about", "what"],
            (
                [code(reason), code(rule.field), _WORDS[rule.effect]]
                for reason, rule in NOTES.items()
            ),
        ),
    )


def _section(each: FieldTable) -> Iterator[str]:
    if each.rules:
        yield f"## {each.model.__name__}"
        yield table(["fields", "", "where", "why"], map(_row, each.rules))


def _row(rule: Rule) -> list[str]:
    fields = ", ".join(map(code, rule.fields))
    values = [f"but for {_values(rule.unless)}"] if rule.unless else []
    values += [f"with {_values(rule.only)}"] if rule.only else []
    values += [_beside(rule.void_beside)] if rule.void_beside else []
    given = f"{rule.given}: {rule.why}" if rule.given else rule.why
    return [
        " ".join([fields, *values]),
        _WORDS[rule.effect],
        "" if rule.when is When.ALWAYS else str(rule.when),
        given,
    ]


def _beside(sibling: tuple[str, object]) -> str:
    name, value = sibling
    return f"but beside {code(f'{name}: {value}')}"


def _values(values: tuple[object, ...]) -> str:
    return ", ".join(code(_spelled(each)) for each in values)


def _spelled(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return '""' if value == "" else str(value)


def _config_map(item: tuple[str, tuple[str, ...]]) -> list[str]:
    name, keys = item
    return [code(name), ", ".join(map(code, keys)) or "none"]
