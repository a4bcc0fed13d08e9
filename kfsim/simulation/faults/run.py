"""Storms, calms and nights in turn, from one seed.

A storm is some hours of mishaps at random moments. Then every fault ends, users roll out sane
specs, and the calm begins: within a bounded time every service must be Ready, every request that
is still held must have ended, and every request sent now must be answered, from zero or not.
A night is hours in which nobody asks for anything, with the same questions in the morning.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import log

from kfsim.controllers.events.expiry import TIME_TO_LIVE
from kfsim.simulation.faults.clients import ANSWERED, Clients
from kfsim.simulation.faults.invariants import (
    check_always,
    check_forgotten,
    check_kept,
    check_quiet,
    find_unready,
)
from kfsim.simulation.faults.memory import find_leftovers
from kfsim.simulation.faults.mishaps import LONGEST_BURST, MISHAPS, Stage, draw, mend_all
from kfsim.simulation.faults.users import SERVICES, Users
from kfsim.simulation.faults.world import World
from kfsim.simulation.loop import run_virtual

HOUR = 3600.0
_STORM = 2 * HOUR
_NIGHT = 6 * HOUR
_BETWEEN = 300.0
"""Seconds between two mishaps, on average."""
_SETTLED_WITHIN = 900.0
_QUIET_WITHIN = 400.0
_FORGOTTEN_AFTER = TIME_TO_LIVE + 120.0
"""A night that is longer leaves no Event."""
_CALM_REQUESTS = 5


class FaultError(AssertionError):
    """Something did not hold; the message names the seed, the moment and what led to it."""


@dataclass(frozen=True, slots=True)
class FaultReport:
    """What a run did."""

    digest: str
    lines: int
    lives: int
    mishaps: dict[str, int]
    ends: dict[str, int]

    def __str__(self) -> str:
        mishaps = ", ".join(f"{count} × {name}" for name, count in self.mishaps.items())
        ends = ", ".join(f"{count} × {end}" for end, count in self.ends.items())
        return (
            f"digest {self.digest[:16]} over {self.lines} lines; daemons: {self.lives}\n"
            f"mishaps: {mishaps}\nrequests: {ends}"
        )


class _Errors(logging.Handler):
    """What the daemon's parts log as an error: under virtual time, always a mistake of theirs."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(logging.Formatter().format(record))


class _Play:
    def __init__(self, seed: int) -> None:
        self._seed = seed
        world = World(seed=seed)
        clients = Clients(world, world.derive_entropy("clients"))
        users = Users(world, world.derive_entropy("users"))
        self._stage = Stage(world, clients, users, world.derive_entropy("mishaps"))
        self._errors = _Errors()
        self._counts: dict[str, int] = {}

    async def play(self, hours: float) -> FaultReport:
        world, logger = self._stage.world, logging.getLogger("kfsim")
        logger.addHandler(self._errors)
        try:
            await world.start()
            self._stage.clients.attach()
            await self._stage.users.settle()
            while world.clock.now() < hours * HOUR:
                await self._storm(min(_STORM, hours * HOUR - world.clock.now()))
                await self._calm()
                await self._night(min(_NIGHT, hours * HOUR - world.clock.now()))
            await world.close()
        finally:
            logger.removeHandler(self._errors)
        return FaultReport(
            digest=world.trace.digest(),
            lines=world.trace.count,
            lives=world.lives,
            mishaps=dict(sorted(self._counts.items())),
            ends=dict(sorted(self._stage.clients.ends.counts.items())),
        )

    async def _storm(self, seconds: float) -> None:
        world, dice = self._stage.world, self._stage.dice
        end = world.clock.now() + seconds
        while world.clock.now() < end:
            await asyncio.sleep(-_BETWEEN * log(1.0 - dice.uniform()))
            mishap = draw(MISHAPS, dice)
            world.trace.note("mishap", mishap.name)
            self._counts[mishap.name] = self._counts.get(mishap.name, 0) + 1
            await mishap.happen(self._stage)
            self._require(check_always(world.store, world.plane.table, world.backend.specs()))
            self._require(check_kept(world.store, self._stage.users.acknowledged))

    async def _calm(self) -> None:
        stage, world = self._stage, self._stage.world
        world.trace.note("calm", "")
        mend_all(stage)
        await asyncio.sleep(LONGEST_BURST)  # a burst of the storm may still be under way
        await stage.users.settle()
        await self._until_empty(lambda: find_unready(world.store), _SETTLED_WITHIN)
        await self._until_empty(self._find_open, _QUIET_WITHIN)
        await self._until_empty(self._find_unquiet, _QUIET_WITHIN)
        await self._until_empty(self._find_leftovers, _QUIET_WITHIN)
        await self._ask_everybody()

    async def _night(self, seconds: float) -> None:
        self._stage.world.trace.note("night", "")
        await asyncio.sleep(max(0.0, seconds))
        if seconds > _FORGOTTEN_AFTER:
            self._require(check_forgotten(self._stage.world.store))
        await self._ask_everybody()

    async def _ask_everybody(self) -> None:
        stage = self._stage
        before = dict(stage.clients.ends.counts)
        for service in SERVICES:
            stage.clients.burst(service, count=_CALM_REQUESTS, seconds=20.0)
        await asyncio.sleep(20.0)
        await self._until_empty(self._find_open, 60.0)
        ends = stage.clients.ends.since(before)
        if ends != {ANSWERED: _CALM_REQUESTS * len(SERVICES)}:
            self._fail([f"requests in a calm ended as {ends}"])
        await self._until_empty(self._find_unquiet, _QUIET_WITHIN)

    def _find_open(self) -> Iterator[str]:
        if self._stage.clients.open:
            yield f"{self._stage.clients.open} requests have not ended"

    def _find_unquiet(self) -> Iterator[str]:
        world = self._stage.world
        yield from check_quiet(world.store, world.plane.table, world.backend.specs())
        for spec in world.backend.specs():
            if world.plane.flow.in_flight(spec.key):
                yield f"replica {spec.key} has slots taken by no request"
        for revision in world.plane.table.revisions:
            if world.plane.flow.held(revision):
                yield f"{revision} holds requests that nobody waits for"

    def _find_leftovers(self) -> Iterator[str]:
        world = self._stage.world
        daemon = (world.cluster, world.plane, world.store, world.backend)
        return find_leftovers(daemon, world.store)

    async def _until_empty(self, find: Callable[[], Iterator[str]], within: float) -> None:
        """Wait until nothing is found any more."""
        clock = self._stage.world.clock
        deadline = clock.now() + within
        while found := list(find()):
            if clock.now() > deadline:
                self._fail([f"not within {within:g} s: {each}" for each in found])
            await asyncio.sleep(2.0)
        self._require(iter(()))

    def _require(self, violations: Iterator[str]) -> None:
        clients = self._stage.clients
        found = [*violations, *self._errors.texts, *clients.wronged]
        if clients.sent != clients.ends.total + clients.open:
            found.append(
                f"of {clients.sent} requests {clients.ends.total} ended and {clients.open} have not"
            )
        if found:
            self._fail(found)

    def _fail(self, violations: list[str]) -> None:
        world = self._stage.world
        raise FaultError(
            f"seed {self._seed}, at {world.clock.now() / HOUR:.3f} h, life {world.lives}:\n"
            + "\n".join(violations)
            + "\nThe last lines of the trace:\n"
            + "\n".join(map(str, world.trace.lines[-60:]))
        )


def run_faults(seed: int, *, hours: float) -> FaultReport:
    """Play one run to its end. Raises FaultError."""
    return run_virtual(_play(seed, hours), horizon=2 * (hours + 24) * HOUR)


async def _play(seed: int, hours: float) -> FaultReport:
    return await _Play(seed).play(hours)
