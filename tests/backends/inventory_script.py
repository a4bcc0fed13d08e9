"""Run in a subprocess beside a mock NVML: one inventory, asked again for every line of stdin.

Each answer is a JSON line: the devices with their usage, the problem, and what was logged. A line
"cancel" asks twice, and the first one gives up at once.
"""

import asyncio
import json
import logging
import sys

from kfsim.backends import gpus


class _Said(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


async def main() -> None:
    said = _Said()
    logging.getLogger("kfsim.backends.gpus").addHandler(said)
    gpus._PATIENCE = 2.0
    inventory = gpus.NvmlInventory()
    assert inventory.devices() is None
    assert "pynvml" not in sys.modules, "NVML must not be loaded before it is needed"
    for line in sys.stdin:
        if line.strip() == "cancel":
            hasty = asyncio.ensure_future(inventory.usage())
            await asyncio.sleep(0)
            hasty.cancel()
            await asyncio.wait([hasty])
        usage = await inventory.usage()
        assert inventory.devices() == tuple(each.device for each in usage)
        said.lines, lines = [], said.lines
        answer = {
            "usage": [
                [
                    each.device.id,
                    each.device.index,
                    each.device.name,
                    each.memory_used,
                    each.memory_total,
                    each.utilization_percent,
                ]
                for each in usage
            ],
            "problem": inventory.problem,
            "said": lines,
        }
        print(json.dumps(answer), flush=True)
    await inventory.close()


asyncio.run(main())
