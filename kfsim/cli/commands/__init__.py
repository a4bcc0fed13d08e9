"""One module per command; each has `register(subparsers)` and a `run(arguments) -> exit code`."""

from kfsim.cli.commands import (
    apply,
    convert,
    delete,
    describe,
    diff,
    doctor,
    down,
    env,
    events,
    get,
    images,
    logs,
    predict,
    report,
    schema,
    serve,
    top,
    up,
    validate,
    wait,
    why,
)
from kfsim.cli.commands.common import UsageError

MODULES = (
    up, serve, down, apply, diff, delete, get, describe, logs, events, wait, predict, top, why, env,
    validate, doctor, report, convert, schema, images,
)  # fmt: skip

__all__ = ["MODULES", "UsageError"]
