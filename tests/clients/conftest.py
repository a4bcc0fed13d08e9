"""Real clients over real sockets, against a gateway on uvloop as in the daemon."""

from pathlib import Path

import pytest
import uvloop


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.live)


def pytest_asyncio_loop_factories():
    return {"uvloop": uvloop.new_event_loop}
