"""A platform without an engine: rows, places and answers that a test decides on.

The terminal cannot tell it from the real one: it publishes into the `Fleet` it is given and answers
the same questions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from reconciler.engine.fleet import Fleet
from reconciler.model.acting import Carried, Orders, PlanRequest
from reconciler.model.changes import HopDiff, KeyPath, path_text
from reconciler.model.errors import ClusterError
from reconciler.model.keys import ResourceKey
from reconciler.model.plan import Plan
from reconciler.model.rows import PlaceState, Problem, Row
from reconciler.model.steps import Did, Outcome
from reconciler.model.trace import Trace
from reconciler.model.verdicts import Place
from reconciler.rules.adding_rules import RuleOffer, rule_for
from tests.terminal.beyond import CHAIN_PLACES, beyond_diff, chain_story, trace_of
from tests.terminal.plans import APPLICATIONS, PROTECTED, STOPPED, healed, outcome_of, plan_for
from tests.terminal.story import CLUSTERS, NOW, diff_of, row, story

__all__ = (
    "CLUSTERS",
    "NOW",
    "Replay",
    "chain_replay",
    "dead",
    "diff_of",
    "paths",
    "platform",
    "ready",
    "row",
)


def platform(clusters: Iterable[str] = CLUSTERS, sources: Iterable[str] = ("platform",)) -> Any:
    """As much of a `Platform` as the terminal looks at."""
    return SimpleNamespace(
        clusters=tuple(SimpleNamespace(name=name, protected=name in PROTECTED) for name in clusters),
        sources=tuple(SimpleNamespace(name=name) for name in sources),
        applications=tuple(SimpleNamespace(name=name) for name in APPLICATIONS),
    )


def paths(folder: Path) -> Any:
    """Where this machine keeps its state, for one test."""
    return SimpleNamespace(state=folder, cache=folder)


def ready(name: str, place: Place = Place.CLUSTER, detail: str = "v1.36.3") -> PlaceState:
    """A place that is well."""
    return PlaceState(place, name, "ready", "", NOW - 1, None, detail)


def dead(name: str, *, age: float = 41, retry: float = 8) -> PlaceState:
    """A cluster that stopped answering `age` seconds ago and is tried again in `retry` seconds."""
    return PlaceState(
        Place.CLUSTER,
        name,
        "failed",
        f"{name}: no answer within 3 s; check the VPN, then: kubectl --context {name} get --raw /readyz",
        NOW - age,
        NOW + retry,
        "v1.36.3",
    )


@dataclass
class Replay:
    """An engine that says what it was told to.

    `questions` records what it was asked. `answer_diff` may be replaced. `gate`, if set, holds every
    diff back until it is set (from the engine's own loop).
    """

    rows: list[Row] = field(default_factory=story)
    places: list[PlaceState] = field(
        default_factory=lambda: [
            ready("platform", Place.GIT, "main 8f21c0a"),
            *(ready(name) for name in CLUSTERS),
        ]
    )
    problems: tuple[Problem, ...] = ()
    answer_diff: Callable[..., HopDiff] = diff_of
    answer_trace: Callable[[Row], Trace] = trace_of
    hold_diff: bool = False
    fails_with: Exception | None = None
    questions: list[tuple[str, ResourceKey | None]] = field(default_factory=list)
    fleet: Fleet | None = None
    gate: asyncio.Event | None = None
    answer_plan: Callable[[PlanRequest, Iterable[Row]], Plan] = plan_for
    hold_plan: bool = False
    """Holds a plan back until `release`."""
    requests: list[PlanRequest] = field(default_factory=list)
    """The plans that were asked for."""
    applied: list[tuple[Plan, Orders]] = field(default_factory=list)
    """The plans that were begun."""
    hold_steps: bool = False
    """Holds every step back until `let_step`."""
    dids: dict[str, Outcome] = field(default_factory=dict)
    """What comes of steps, by their ids, where that is not what the plan says."""
    carried_notes: tuple[str, ...] = ()
    breaks_with: Exception | None = None
    """What carrying out fails with before its first step."""
    turns: asyncio.Semaphore | None = None
    loop: asyncio.AbstractEventLoop | None = None

    def __call__(self, fleet: Fleet) -> Replay:
        """Be the factory too."""
        if self.fails_with is not None:
            raise self.fails_with
        self.fleet = fleet
        self.publish()
        return self

    def publish(self) -> None:
        """Publish everything."""
        assert self.fleet is not None
        for place in self.places:
            self.fleet.publish_place(place)
        self.fleet.publish_problems("platform", self.problems)
        self.fleet.publish({row.key: row for row in self.rows})

    def put(self, *rows: Row, removed: Iterable[ResourceKey] = ()) -> None:
        """Publish some rows, now."""
        assert self.fleet is not None
        self.fleet.publish({row.key: row for row in rows}, removed)

    def release(self) -> None:
        """Let held answers go."""
        assert self.loop is not None and self.gate is not None
        self.loop.call_soon_threadsafe(self.gate.set)

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def refresh(self) -> None:
        self.questions.append(("refresh", None))

    async def diff(self, key: ResourceKey, hop: Place = Place.CLUSTER, *, gateway: str = "") -> HopDiff:
        if self.hold_diff:
            self.loop = asyncio.get_running_loop()
            self.gate = self.gate or asyncio.Event()
        self.questions.append(
            ("diff" if hop is Place.CLUSTER else f"diff {hop.value} {gateway}".strip(), key)
        )
        if self.gate is not None:
            await self.gate.wait()
        row = self.fleet.row(key) if self.fleet else None
        if row is None:
            raise ClusterError("is not known", subject=str(key))
        return self.answer_diff(row) if hop is Place.CLUSTER else beyond_diff(row, hop, gateway)

    @staticmethod
    def _which(hop: Place, gateway: str) -> tuple[str, ...]:
        return () if hop is Place.CLUSTER else (hop.value, gateway) if gateway else (hop.value,)

    async def trace(self, key: ResourceKey) -> Trace:
        self.questions.append(("trace", key))
        row = self.fleet.row(key) if self.fleet else None
        if row is None:
            raise ClusterError("is not known", subject=str(key))
        return self.answer_trace(row)

    async def offer_rules(self, key: ResourceKey, hop: Place, path: KeyPath) -> RuleOffer:
        self.questions.append((f"offer {hop.value} {path_text(path)}", key))
        rules = (rule_for(key, hop, path, of_kind=all_, taken=frozenset()) for all_ in (False, True))
        return RuleOffer("~/.config/gko-tui/rules.yaml", *rules)

    async def ignore(self, rule: str) -> None:
        self.questions.append((rule, None))

    async def look_at(self, keys: Iterable[ResourceKey]) -> None:
        self.questions += [("look", key) for key in keys]

    async def document(self, key: ResourceKey, place: Place) -> tuple[str, ...]:
        self.questions.append((f"document {place.value}", key))
        return (
            "apiVersion: gravitee.io/v1alpha1",
            f"kind: {key.kind}",
            "metadata:",
            f"  name: {key.name}",
            "spec:",
            "  resources:",
            "    - configuration:",
            "        password: ‹redacted›",
        )

    async def plan(self, request: PlanRequest) -> Plan:
        self.loop = asyncio.get_running_loop()
        self.requests.append(request)
        if self.hold_plan:
            self.gate = asyncio.Event()
            await self.gate.wait()
        assert self.fleet is not None
        return self.answer_plan(request, self.fleet.rows().values())

    async def apply(self, plan: Plan, orders: Orders) -> Carried:
        self.loop = asyncio.get_running_loop()
        self.applied.append((plan, orders))
        if self.breaks_with is not None:
            raise self.breaks_with
        outcomes: list[Outcome] = []
        for step in plan.steps:
            stopped = orders.stopped()  # a step that was begun is finished
            if self.hold_steps and step.runs and not stopped:
                await self._turns().acquire()
            outcome = self.dids.get(step.id) or outcome_of(step, orders.typed, stopped=stopped)
            outcomes.append(outcome)
            await orders.told(step, outcome)
            if outcome.did in (Did.CREATED, Did.CONFIGURED) and self.fleet is not None:
                self.put(healed(self.fleet.row(step.key)))
        stopped = any(outcome.message == STOPPED for outcome in outcomes)
        return Carried(plan, tuple(outcomes), stopped, self.carried_notes)

    def _turns(self) -> asyncio.Semaphore:
        if self.turns is None:
            self.turns = asyncio.Semaphore(0)
        return self.turns

    def let_step(self) -> None:
        """Let one step more be done."""
        assert self.loop is not None
        self.loop.call_soon_threadsafe(lambda: self._turns().release())

    async def aclose(self) -> None:
        pass


def chain_replay() -> Replay:
    """A replay of `chain_story`."""
    return Replay(chain_story(), list(CHAIN_PLACES))
