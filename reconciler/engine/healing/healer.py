"""The loop that heals: looks at what changed, queues it, gives each application its turn (ENGINE §7).

Looking and deciding never wait for a write: turns are tasks of their own, one for each application at a time
and a few at once. Nothing is held of resources that are in order.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable

from reconciler.cluster.rim import Rim
from reconciler.engine.healing.deciding import RECHECK_S, Decision
from reconciler.engine.healing.memory import HOPS, IN_ORDER, Item, Memory
from reconciler.engine.healing.queue import Priority
from reconciler.engine.healing.turn import Heals, Told, Turns
from reconciler.model.keys import ResourceKey
from reconciler.model.plan import Plan
from reconciler.model.rows import Row
from reconciler.model.verdicts import Verdict
from reconciler.settings.model import Application

LOOK_EVERY_S = 0.2
"""What changed is looked at so often, and only if anything was published."""
SWEEP_EVERY_S = 60.0
GRACE_S = 8.0
"""So long what is under way may take to end once it was told to stop."""
AT_A_TIME = 4
"""Applications that have their turn at once."""
MOST_AT_ONCE = 500
"""Resources in one turn; the others have the next one."""


class Healer:
    """Heals what may be healed, for as long as it runs.

    Args:
        engine: what observes, plans and carries out.
        rim: clock, sleep and chance.
        told: told of each thing done, and of why something is left undone (once).
        keep: keeps the plan that is proposed for an application in the mode `propose`; None takes it back.
    """

    def __init__(
        self,
        engine: Heals,
        *,
        rim: Rim | None = None,
        told: Told = lambda _event, _facts: None,
        keep: Callable[[str, Plan | None], None] = lambda _application, _plan: None,
    ) -> None:
        self._engine = engine
        self._rim = rim if rim is not None else Rim()
        self._memory = Memory(self._rim.random)
        self._turns = Turns(engine, self._memory, self._rim, told, keep)
        acting = [one for one in engine.platform.applications if one.mode != "observe"]
        self._applications = {one.name: one for one in acting}
        self._seen: dict[ResourceKey, Row] = {}
        self._revision = -1
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._swept_at = self._rim.clock()

    @property
    def needed(self) -> bool:
        """Whether any application lets the loop do anything by itself."""
        return bool(self._applications)

    def nudge(self, keys: Iterable[ResourceKey]) -> None:
        """A person asks for these: they come before everything else."""
        for key in keys:
            row = self._engine.fleet.row(key)
            for name in self._names(row) if row is not None else ():
                self._memory.queue.add((name, key), self._rim.clock(), Priority.PERSON)

    async def run(self, stop: asyncio.Event) -> None:
        """Heal until told to stop; what is under way then ends between two steps.

        Args:
            stop: set to stop.
        """
        try:
            while not stop.is_set():
                self._look()
                self._give_turns(stop.is_set)
                await self._rim.sleep(LOOK_EVERY_S)
        finally:
            await self._end()

    async def once(self) -> None:
        """Do everything that may be done now, and wait for nothing that may be done later."""
        while True:
            self._look()
            self._give_turns(lambda: False)
            if not self._busy:
                return
            await asyncio.wait(self._busy.values())

    async def _end(self) -> None:
        """Let what is under way end between two steps, or break off what takes too long."""
        if self._busy:
            _, late = await asyncio.wait(self._busy.values(), timeout=GRACE_S)
            for turn in late:
                turn.cancel()
            await asyncio.gather(*self._busy.values(), return_exceptions=True)

    # --- looking ---------------------------------------------------------------------------

    def _look(self) -> None:
        fleet, now = self._engine.fleet, self._rim.clock()
        if now - self._swept_at >= SWEEP_EVERY_S:
            self._swept_at = now
            self._memory.sweep(fleet, now)
        if fleet.revision == self._revision:
            return
        first, self._revision = self._revision < 0, fleet.revision
        rows = fleet.rows()
        for key, row in rows.items():
            before = self._seen.get(key)
            if before is not row:
                self._changed(row, now, Priority.FIRST_LIST if first or before is None else Priority.WATCH)
        for key in self._seen.keys() - rows.keys():
            self._memory.forget(key, tuple(self._applications))
        self._seen = rows
        for application in self._applications.values():
            if application.mode == "propose" and self._needs_nothing(application):
                self._turns.withdraw(application)

    def _needs_nothing(self, application: Application) -> bool:
        """Whether an application's resources are known, and there is nothing to do about any."""
        mine = [row for row in self._seen.values() if row.application == application.name]
        known = mine and all(row.cluster.verdict is not Verdict.UNKNOWN for row in mine)
        return bool(known) and not any(self._turns.decide(row, application).hops for row in mine)

    def _changed(self, row: Row, now: float, priority: Priority) -> None:
        """A row is new or another one: it waits for its turn, if anything differs."""
        self._memory.settle(self._engine.fleet, row)
        for name in self._names(row):
            item = (name, row.key)
            if all(row.cell(hop).verdict in IN_ORDER for hop in HOPS):
                self._memory.in_order(item)
                continue
            at = self._memory.due_at(item, row, now)
            if at is None:
                self._memory.queue.drop(item)
            else:
                self._memory.queue.add(item, max(now, at), priority)

    def _names(self, row: Row) -> list[str]:
        """The applications that a row may be the business of: an orphan is told apart by its inventory."""
        if row.application:
            return [row.application] if row.application in self._applications else []
        if row.cluster.verdict is not Verdict.ORPHAN:
            return []
        return [
            one.name
            for one in self._applications.values()
            if one.prune and one.mode != "heal" and row.key.cluster in one.clusters
        ]

    # --- turns -----------------------------------------------------------------------------

    def _give_turns(self, stopped: Callable[[], bool]) -> None:
        """Begin a turn for each application that has something due and none under way."""
        for name in [name for name, task in self._busy.items() if task.done()]:
            del self._busy[name]
        due: defaultdict[str, list[Item]] = defaultdict(list)
        for item in self._memory.queue.due(self._rim.clock()):
            due[item[0]].append(item)
        for name, items in due.items():
            if name in self._busy or len(self._busy) >= AT_A_TIME:
                continue
            chosen = self._chosen(self._applications[name], items)
            if chosen:
                turn = self._turn(self._applications[name], chosen, stopped)
                self._busy[name] = asyncio.get_running_loop().create_task(turn)

    def _chosen(self, application: Application, items: Iterable[Item]) -> dict[ResourceKey, Decision]:
        """Take what is due out of the queue: what may be done now; the rest waits or is left alone."""
        chosen: dict[ResourceKey, Decision] = {}
        for item in items:
            if len(chosen) >= MOST_AT_ONCE:
                break
            row = self._engine.fleet.row(item[1])
            if row is None:
                self._memory.in_order(item)
                continue
            decision, now = self._turns.decide(row, application), self._rim.clock()
            at = self._memory.due_at(item, row, now)
            if decision.hops and at is not None and at > now:  # it was healed since it was queued
                self._memory.queue.drop(item)
                self._memory.queue.add(item, at, Priority.POLL)
            elif decision.hops:
                self._memory.queue.take(item)
                chosen[item[1]] = decision
            else:
                self._memory.queue.drop(item)
                self._turns.leave(item, decision.told)
                if decision.again_at:
                    self._memory.queue.add(item, decision.again_at, Priority.POLL)
        return chosen

    async def _turn(
        self, application: Application, keys: dict[ResourceKey, Decision], stopped: Callable[[], bool]
    ) -> None:
        rows, name = self._engine.fleet.rows(), application.name
        before = {key: self._memory.failures((name, key), rows[key]) for key in keys if key in rows}
        try:
            await self._turns.take(application, keys, stopped)
        finally:
            for key in keys:
                self._memory.queue.done((name, key))
                self._look_again((name, key), before.get(key, 0))

    def _look_again(self, item: Item, failures: int) -> None:
        """What is not in order after its turn has another one, unless it was refused for good.

        Args:
            item: which.
            failures: how often it had failed before: what failed anew has a time of its own.
        """
        row, now = self._engine.fleet.row(item[1]), self._rim.clock()
        if row is None or all(row.cell(hop).verdict in IN_ORDER for hop in HOPS):
            return
        at = self._memory.due_at(item, row, now)
        if at is None:
            self._memory.queue.drop(item)
        else:
            quiet = 0.0 if self._memory.failures(item, row) > failures else RECHECK_S
            self._memory.queue.add(item, at if at > now else now + quiet, Priority.POLL)
