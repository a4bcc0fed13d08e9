"""wrk: many connections for a second; what it counted is what the gateway counted."""

import re

from kfsim.dataplane.counters import Outcome
from tests.clients.scenes import run, scene
from tests.dataplane.worlds import until


async def test_what_it_counts_is_what_came():
    async with scene() as at:
        status, output, _ = await run("wrk", "-t1", "-c16", "-d1s", at.url + "/a")
        assert status == 0
        assert "Non-2xx" not in output
        assert "Socket errors" not in output
        done = int(re.search(r"(\d+) requests in", output)[1])
        await until(lambda: at.world.gateway.counters.open == 0)
        counters = at.world.gateway.counters
        # The requests that were under way when its time was over have no answer.
        assert done > 16
        assert done <= counters.begun <= done + 16
        assert done <= len(at.replica.received) <= counters.begun
        assert counters.ended[Outcome.ANSWERED] == counters.ended[Outcome.BROKEN] == 0
