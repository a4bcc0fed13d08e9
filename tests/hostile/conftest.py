"""The data plane's tests run on uvloop, as the daemon does."""

import uvloop


def pytest_asyncio_loop_factories():
    return {"uvloop": uvloop.new_event_loop}
