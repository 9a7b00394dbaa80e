"""One application's turn: one plan for everything that is due, narrowed to what may be done, carried out.

What comes of it is noted where the next decision looks: how fast, how often, who else writes, what not again.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from reconciler.cluster.rim import Rim
from reconciler.engine.healing.deciding import Decision, decide
from reconciler.engine.healing.memory import Item, Memory, inputs
from reconciler.engine.healing.narrowing import is_tried_first, narrowed
from reconciler.engine.healing.refusals import blocks_for_good, is_for_good
from reconciler.model.acting import BOTH_HOPS, Carried, Orders, PlanRequest
from reconciler.model.errors import GkoError
from reconciler.model.keys import ResourceKey
from reconciler.model.plan import Actor, Plan
from reconciler.model.rows import Row
from reconciler.model.steps import Did, Outcome, Stage, Step, Verb
from reconciler.model.verdicts import Place
from reconciler.settings.windows import permission

if TYPE_CHECKING:
    from reconciler.engine.fleet import Fleet
    from reconciler.settings.model import Application, Platform

log = logging.getLogger(__name__)
_DONE = frozenset({Did.CREATED, Did.CONFIGURED, Did.UNCHANGED, Did.DELETED})
_PLACE_OF = {Stage.CLUSTER: Place.CLUSTER, Stage.CONTROL_PLANE: Place.CONTROL_PLANE}
LATER = "it waits for its turn"
CONTENDED = "two writers fight over it"
LeftOut = list[tuple[Step, str]]
Told = Callable[[str, Mapping[str, object]], None]
"""Told of each thing done: a word, and facts that are safe to show."""


class Heals(Protocol):
    """What the loop needs of the engine."""

    @property
    def fleet(self) -> Fleet:
        """The published state."""
        ...

    @property
    def platform(self) -> Platform:
        """The configuration."""
        ...

    async def plan(self, request: PlanRequest) -> Plan:
        """Plan; nothing is written."""
        ...

    async def apply(self, plan: Plan, orders: Orders) -> Carried:
        """Carry out."""
        ...


class Turns:
    """Takes turns.

    Args:
        engine: plans and carries out.
        memory: what is remembered.
        rim: the clock.
        told: told of each thing done, and left undone.
        keep: keeps what is proposed for an application; None takes back what was.
    """

    def __init__(
        self, engine: Heals, memory: Memory, rim: Rim, told: Told, keep: Callable[[str, Plan | None], None]
    ) -> None:
        self._engine = engine
        self._memory = memory
        self._rim = rim
        self._told = told
        self._keep = keep
        self._proposed: dict[str, str] = {}

    def decide(self, row: Row, application: Application) -> Decision:
        """What may be done about a resource now."""
        now, fleet = self._rim.clock(), self._engine.fleet
        stale: dict[Place, str] = {}
        beyond = row.control_plane_trace.control_plane if row.control_plane_trace is not None else ""
        for place, name in ((Place.CLUSTER, row.key.cluster), (Place.CONTROL_PLANE, beyond)):
            age = fleet.stale_for(name, now, place=place) if name else None
            if age is not None:
                stale[place] = f"{name} does not answer: what is known of it is {age:.0f} s old"
        suspended = self._memory.suspended(application.name, now)
        return decide(row, application, now=now, stale=stale, suspended=suspended)

    async def take(
        self, application: Application, keys: Mapping[ResourceKey, Decision], stopped: Callable[[], bool]
    ) -> None:
        """Do what may be done about resources of one application; what goes wrong is noted, never raised.

        Args:
            application: whose they are.
            keys: the resources, each with what was decided about it.
            stopped: whether to stop between steps.
        """
        try:
            if application.mode == "propose":
                await self._propose(application)
            else:
                await self._act(application, keys, stopped)
        except GkoError as error:
            self._all_failed(application, keys, error.sentence())
        except Exception as error:  # one application's trouble must not end healing for the others
            log.exception("healing", extra={"application": application.name})
            self._all_failed(application, keys, f"{type(error).__name__} in gko-tui itself; see its log")

    def withdraw(self, application: Application) -> None:
        """There is nothing to propose any more; what an earlier process proposed goes too."""
        if self._proposed.get(application.name) == "":
            return
        self._proposed[application.name] = ""
        try:
            self._keep(application.name, None)
        except GkoError as error:
            self._told("failed", {"application": application.name, "why": error.sentence()})

    # --- proposing -------------------------------------------------------------------------

    async def _propose(self, application: Application) -> None:
        plan = await self._engine.plan(
            PlanRequest(
                applications=frozenset({application.name}), purpose="sync", actor=Actor.LOOP, tried=True
            )
        )
        name = application.name
        if not plan.writes:
            self.withdraw(application)
        elif self._proposed.get(name) != plan.id:
            self._keep(name, plan)
            self._proposed[name] = plan.id
            self._told("proposed", {"application": name, "plan": plan.short_id, "steps": len(plan.runnable)})

    # --- acting ----------------------------------------------------------------------------

    async def _act(
        self, application: Application, keys: Mapping[ResourceKey, Decision], stopped: Callable[[], bool]
    ) -> None:
        activities = {one for decision in keys.values() for one in decision.activities.values()}
        whole = bool(activities - {"heal"})  # what stands beside resources (Secrets) has no row of its own
        request = PlanRequest(
            keys=frozenset() if whole else frozenset(keys),
            applications=frozenset({application.name}),
            hops=frozenset(hop for decision in keys.values() for hop in decision.hops) & BOTH_HOPS,
            purpose="sync" if whole else "heal",
            actor=Actor.LOOP,
            tried=False,
        )
        plan, why = await self._planned(application, request)
        if is_tried_first(plan):
            plan, why = await self._planned(application, replace(request, tried=True))
        self._note_blocked(application, plan, keys, why)
        if not plan.writes or stopped():
            return
        carried = await self._engine.apply(plan, Orders(stopped=stopped))
        self._note(application, carried)

    async def _planned(self, application: Application, request: PlanRequest) -> tuple[Plan, LeftOut]:
        plan = await self._engine.plan(request)
        return narrowed(plan, lambda step: self._why_not(application, step))

    def _why_not(self, application: Application, step: Step) -> str:
        """Why a step may not run now; empty where it may."""
        hop = _PLACE_OF.get(step.stage)
        if hop is None:
            return ""
        now, row = self._rim.clock(), self._engine.fleet.row(step.key)
        if row is None:
            return self._beside(application, step, now)
        decision, item = self.decide(row, application), (application.name, step.key)
        if hop not in decision.hops:
            return decision.refusals.get(hop) or "nothing is known to be wrong there"
        standing = self._memory.standing(item, row, hop)
        if standing.parked:
            return standing.parked
        if self._memory.ready_at(item, row, hop, now) > now:
            return LATER
        return self._fought_over(application, row, hop, step, now)

    def _beside(self, application: Application, step: Step, now: float) -> str:
        """A Secret, a ConfigMap or a namespace, which no row shows: brought along, not healed by itself."""
        if application.mode == "sync":
            return permission(application.windows, "prune" if step.verb is Verb.DELETE else "sync", now).why
        return "" if step.verb is Verb.CREATE else "only what a row shows is healed"

    def _fought_over(self, application: Application, row: Row, hop: Place, step: Step, now: float) -> str:
        fields = [(change.manager or "", change.path) for change in step.changes]
        fight = self._memory.fights.noticed(row.key, hop, fields, now)
        if fight is None:
            return ""
        if not self._memory.is_contended(row.key, hop):
            self._memory.contend(self._engine.fleet, row, hop, fight, now)
            facts = {"application": application.name, "resource": str(row.key), "place": hop.value}
            self._told("contended", {**facts, "manager": fight.manager, "why": fight.sentence(hop)})
        return CONTENDED

    # --- noting ----------------------------------------------------------------------------

    def _note(self, application: Application, carried: Carried) -> None:
        """Note what came of each resource at each hop."""
        said = {outcome.step: outcome for outcome in carried.outcomes}
        by_where: defaultdict[tuple[ResourceKey, Place], list[tuple[Step, Outcome]]] = defaultdict(list)
        for step in carried.plan.runnable:
            hop, outcome = _PLACE_OF.get(step.stage), said.get(step.id)
            if hop is not None and outcome is not None:
                by_where[step.key, hop].append((step, outcome))
        plan = carried.plan.short_id  # a hash of the whole plan: once, not for each resource
        for (key, hop), steps in by_where.items():
            self._note_one(application, key, hop, steps, plan)
        for note in carried.notes:
            self._told("note", {"application": application.name, "message": note})

    def _note_one(
        self,
        application: Application,
        key: ResourceKey,
        hop: Place,
        steps: Iterable[tuple[Step, Outcome]],
        plan: str,
    ) -> None:
        now, item = self._rim.clock(), (application.name, key)
        facts: dict[str, object] = {
            "application": application.name,
            "resource": str(key),
            "place": hop.value,
            "plan": plan,
        }
        wrong = next((outcome for _, outcome in steps if outcome.did not in _DONE), None)
        if wrong is None:
            self._memory.pace.healed(key, hop, now)
            self._memory.fights.healed(key, hop)
            self._memory.backoffs.succeeded((item, hop))
            self._memory.told.pop(item, None)
            dids = [outcome.did.value for _, outcome in steps]
            reason = "; ".join(dict.fromkeys(step.reason for step, _ in steps))
            changes = sum(len(step.changes) for step, _ in steps)
            self._told("done", {**facts, "did": dids, "why": reason, "changes": changes})
            return
        row = self._engine.fleet.row(key)
        self._note_wrong(item, hop, row, wrong.message, wrong.next_step, facts)

    def _note_wrong(
        self,
        item: Item,
        hop: Place,
        row: Row | None,
        message: str,
        next_step: str,
        facts: Mapping[str, object],
    ) -> None:
        """It was refused, and waits for another input; or it failed, and is tried again."""
        now, made_from = self._rim.clock(), inputs(row) if row is not None else None
        why = message if next_step in message else f"{message}; {next_step}"
        if is_for_good(next_step):
            self._memory.backoffs.park((item, hop), made_from, why)
            self._told("refused", {**facts, "why": why})
            return
        again = self._memory.backoffs.failed((item, hop), made_from, now)
        self._told("failed", {**facts, "why": why, "again_in_s": round(again - now, 3)})

    def _note_blocked(
        self,
        application: Application,
        plan: Plan,
        keys: Mapping[ResourceKey, Decision],
        left_out: LeftOut,
    ) -> None:
        """What the planner would not do: a suspension is remembered, the rest waits for another input."""
        now, spoken_of = self._rim.clock(), {step.key for step, _ in left_out}
        for step in plan.steps:
            spoken_of.add(step.key)
            hop, row = _PLACE_OF.get(step.stage), self._engine.fleet.row(step.key)
            if not step.blocked or row is None or hop is None or step.key not in keys:
                continue
            first, item = step.blocked[0], (application.name, step.key)
            if first.cause == "dry-run":
                facts = {"application": application.name, "resource": str(step.key), "place": hop.value}
                self._note_wrong(item, hop, row, first.text, first.next_step, facts)
                continue
            if first.cause == "suspended":
                self._memory.suspend(application.name, first.text, now)
            elif blocks_for_good(first.cause):
                self._memory.backoffs.park((item, hop), inputs(row), first.text)
            else:
                self._memory.backoffs.failed((item, hop), inputs(row), now)
            self.leave(item, first.text)
        for step, why in left_out:
            if step.key in keys and why not in (LATER, CONTENDED):
                self.leave((application.name, step.key), why)
        for key in keys.keys() - spoken_of:
            row = self._engine.fleet.row(key)
            if row is not None and not row.application:  # an orphan that another application applied
                why = f"{application.name} did not apply it"
                self._memory.backoffs.park(((application.name, key), Place.CLUSTER), inputs(row), why)

    def _all_failed(self, application: Application, keys: Mapping[ResourceKey, Decision], why: str) -> None:
        now = self._rim.clock()
        for key, decision in keys.items():
            row = self._engine.fleet.row(key)
            for hop in decision.hops if row is not None else ():
                assert row is not None
                self._memory.backoffs.failed(((application.name, key), hop), inputs(row), now)
        self._told("failed", {"application": application.name, "why": why})

    def leave(self, item: Item, why: str) -> None:
        """Say once why nothing is done about a resource."""
        if why and self._memory.told.get(item) != why:
            self._memory.told[item] = why
            self._told("left", {"application": item[0], "resource": str(item[1]), "why": why})
