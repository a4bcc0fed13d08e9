"""The faults, as data: a name, a weight, and what happens to the world.

Each is given everything there is (`Stage`) and does one thing to it. What lasts is ended by
`mend_all` at the latest, when a quiet time begins.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from kfsim.api.core import ConfigMap
from kfsim.api.meta import ObjectMeta
from kfsim.base.entropy import Entropy
from kfsim.base.errors import NotFound
from kfsim.base.types import ReplicaKey
from kfsim.simulation.faults.backend import Ailment
from kfsim.simulation.faults.clients import Clients
from kfsim.simulation.faults.users import SERVICES, Users
from kfsim.simulation.faults.world import REPLICA, World
from kfsim.simulation.scripts import ReplicaScript, StartFailure

_UNPULLABLE = ReplicaScript(start_failure=StartFailure("ErrImagePull", "no such image"))
_TOO_SLOW = ReplicaScript(load=90.0, schedule=5.0, shutdown=20.0)
_FAILING = ReplicaScript(load=2.0, failing_loads=2, failing_initializations=1)
_SHORT_LIVED = ReplicaScript(load=2.0, crashes_after=(40.0, 70.0))
LONGEST_BURST = 30.0


@dataclass(frozen=True, slots=True)
class Stage:
    """Everybody in the play."""

    world: World
    clients: Clients
    users: Users
    dice: Entropy


@dataclass(frozen=True, slots=True)
class Mishap:
    name: str
    weight: int
    happen: Callable[[Stage], Awaitable[None]]


def mend_all(stage: Stage) -> None:
    """End every fault that lasts."""
    stage.world.backend.available = True
    stage.world.backend.make_default(REPLICA)
    stage.world.backend.cure_all()
    stage.world.journal.heal()
    stage.clients.slowness = 1.0


def draw(mishaps: Sequence[Mishap], dice: Entropy) -> Mishap:
    """One of them, by weight."""
    left = dice.below(sum(each.weight for each in mishaps))
    for each in mishaps:
        left -= each.weight
        if left < 0:
            return each
    raise AssertionError("weights are positive")


def _any_replica(stage: Stage) -> ReplicaKey | None:
    replicas = stage.world.backend.replicas
    return replicas[stage.dice.below(len(replicas))] if replicas else None


async def _crash(stage: Stage) -> None:
    key = _any_replica(stage)
    if key is not None:
        try:
            stage.world.backend.crash(key)
        except NotFound:
            pass  # it does not run yet, or no more


async def _fall_ill(stage: Stage) -> None:
    key = _any_replica(stage)
    if key is not None:
        ailment = (Ailment.HANGS, Ailment.REFUSES)[stage.dice.below(2)]
        stage.world.backend.afflict(key, ailment)


async def _recover(stage: Stage) -> None:
    stage.world.backend.cure_all()


async def _change_starts(stage: Stage) -> None:
    scripts = (_UNPULLABLE, _TOO_SLOW, _FAILING, _SHORT_LIVED, REPLICA, REPLICA)
    stage.world.backend.make_default(scripts[stage.dice.below(len(scripts))])


async def _lose_engine(stage: Stage) -> None:
    backend = stage.world.backend
    backend.available = False

    def return_(_: float) -> None:
        backend.available = True

    stage.world.loop.call_event(stage.world.loop.moment + 300 * stage.dice.uniform(), return_)


async def _fill_disk(stage: Stage) -> None:
    stage.world.journal.full = True


async def _free_disk(stage: Stage) -> None:
    stage.world.journal.heal()


async def _restart(stage: Stage) -> None:
    """The daemon is killed; some of its replicas die before it is back."""
    world, dice = stage.world, stage.dice
    lost = [key for key in world.backend.replicas if dice.uniform() < 0.4]
    stage.clients.cut_off()
    await world.kill(lost)
    await world.start()
    stage.clients.attach()


async def _jump(stage: Stage) -> None:
    """The wall clock is set, by up to a day forwards or backwards."""
    stage.world.clock.offset += 86_400.0 * (2 * stage.dice.uniform() - 1)


async def _slow_down(stage: Stage) -> None:
    stage.clients.slowness = (1.0, 10.0, 100.0)[stage.dice.below(3)]


async def _hang_up(stage: Stage) -> None:
    stage.clients.hang_up()


async def _edit(stage: Stage) -> None:
    await stage.users.edit(SERVICES[stage.dice.below(len(SERVICES))])


async def _delete(stage: Stage) -> None:
    await stage.users.delete(SERVICES[stage.dice.below(len(SERVICES))])


async def _delete_namespace(stage: Stage) -> None:
    await stage.users.delete_namespace("team")


async def _configure(stage: Stage) -> None:
    """An administrator changes how patient the autoscaler is, or writes nonsense."""
    window = ("60s", "30s", "6s", "nonsense")[stage.dice.below(4)]
    await stage.users.apply(
        ConfigMap(
            metadata=ObjectMeta(name="config-autoscaler", namespace="knative-serving"),
            data={"stable-window": window, "scale-to-zero-grace-period": "10s"},
        )
    )


async def _send(stage: Stage) -> None:
    service = SERVICES[stage.dice.below(len(SERVICES))]
    count = (1, 5, 40)[stage.dice.below(3)]
    stage.clients.burst(service, count=count, seconds=LONGEST_BURST * stage.dice.uniform())


MISHAPS: Sequence[Mishap] = (
    Mishap("send requests", 14, _send),
    Mishap("crash a replica", 4, _crash),
    Mishap("make a replica ill", 3, _fall_ill),
    Mishap("cure replicas", 2, _recover),
    Mishap("change how replicas start", 3, _change_starts),
    Mishap("lose the engine", 2, _lose_engine),
    Mishap("fill the disk", 1, _fill_disk),
    Mishap("free the disk", 2, _free_disk),
    Mishap("kill the daemon", 2, _restart),
    Mishap("set the wall clock", 1, _jump),
    Mishap("slow down", 1, _slow_down),
    Mishap("hang up", 1, _hang_up),
    Mishap("edit a service", 5, _edit),
    Mishap("delete a service", 1, _delete),
    Mishap("delete a namespace", 1, _delete_namespace),
    Mishap("change the autoscaler's settings", 1, _configure),
)
