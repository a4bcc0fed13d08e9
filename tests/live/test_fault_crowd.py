"""Two hundred services applied at once: starts take turns, what is awake goes on, wake-ups go
first, and all become ready."""

import json
import os
import urllib.request
from pathlib import Path
from typing import Any

from tests.live.asking import asking
from tests.live.tool import IMPATIENT, Kfsim
from tests.waiting import wait_until

CROWD = 200
# Two for each core, and as many again for wake-ups.
MOST_STARTS = 4 * (os.cpu_count() or 1)


def predictors(kfsim: Kfsim) -> dict[str, dict[str, Any]]:
    """The status of each service's one Pod. Without a process of its own for each look, which two
    cores that start a crowd have no room for."""
    address = f"http://{kfsim.daemon['api']}/api/v1/namespaces/default/pods"
    with urllib.request.urlopen(address, timeout=60) as response:
        items = json.loads(response.read())["items"]
    label = "serving.kserve.io/inferenceservice"
    return {pod["metadata"]["labels"][label]: pod.get("status", {}) for pod in items}


def is_starting(status: dict[str, Any]) -> bool:
    """Its processes run, and it is not ready."""
    containers = status.get("containerStatuses", ())
    return any("running" in each["state"] and not each["ready"] for each in containers)


def is_ready(status: dict[str, Any]) -> bool:
    conditions = {each["type"]: each["status"] for each in status.get("conditions", ())}
    return conditions.get("Ready") == "True"


def test_two_hundred_services_at_once_take_turns_and_all_come_up(
    kfsim: Kfsim, iris_model: Path
) -> None:
    kfsim.write("config.yaml", IMPATIENT)
    kfsim.service("awake", iris_model)
    kfsim.service("asleep", iris_model, extra="    minReplicas: 0\n")
    kfsim.up()
    wait_until(lambda: set(predictors(kfsim)) == {"awake"}, what="one service sleeps")
    crowd = [f"c{number}" for number in range(CROWD)]
    for name in crowd:
        kfsim.service(name, iris_model)
    most = 0

    def waiting() -> int:
        """How many of the crowd are not ready; looks at how many start."""
        nonlocal most
        found = predictors(kfsim)
        most = max(most, sum(map(is_starting, found.values())))
        return sum(not is_ready(found.get(name, {})) for name in crowd)

    with asking(kfsim, "awake") as statuses:
        up = kfsim.start("up", "-d", "--timeout=150s")
        wait_until(lambda: waiting() < CROWD, what="the first of the crowd is ready")
        status, _, headers = kfsim.post("asleep")
        assert (status, headers["kfsim-start"]) == (200, "cold")
        assert waiting() > 0  # it did not wait for the crowd
        wait_until(lambda: not waiting(), timeout=150, what="the whole crowd is ready")
        printed, _ = up.communicate(timeout=60)
    assert up.returncode == 0, printed
    assert set(statuses) == {200}
    assert 0 < most <= MOST_STARTS
    assert [kfsim.post(name)[0] for name in crowd[:: CROWD // 10]] == [200] * 10
    kfsim.run("down")
    wait_until(lambda: not (kfsim.descendants() or kfsim.replica_pids()), what="nothing is left")
