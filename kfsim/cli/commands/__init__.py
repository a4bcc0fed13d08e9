"""One module per command; each has `register(subparsers)` and a `run(arguments) -> exit code`."""

from kfsim.cli.commands import (
    apply,
    delete,
    describe,
    down,
    env,
    events,
    get,
    images,
    logs,
    predict,
    top,
    up,
    wait,
    why,
)
from kfsim.cli.commands.common import UsageError

MODULES = (
    up, down, apply, delete, get, describe, logs, events, wait, predict, top, why, env,
    images,
)  # fmt: skip

__all__ = ["MODULES", "UsageError"]
