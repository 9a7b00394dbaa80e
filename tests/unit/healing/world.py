"""An engine that is a table: what is drifted, what a write brings, and when each was asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.cluster.rim import Rim
from reconciler.engine.fleet import Fleet
from reconciler.engine.healing.healer import Healer
from reconciler.model.acting import Carried, Orders, PlanRequest
from reconciler.model.changes import ABSENT, Change, ChangeKind, Origin
from reconciler.model.errors import GkoError
from reconciler.model.keys import ResourceKey
from reconciler.model.plan import Inputs, Plan
from reconciler.model.rows import Cell, ClusterTrace, GitTrace, PlaceState, Row
from reconciler.model.steps import Block, Did, FieldOwner, Outcome, OwnerClass, Stage, Step, Verb, step_id
from reconciler.model.verdicts import Place, Verdict
from reconciler.settings.model import Application, Platform
from tests.unit.control_plane.virtual_time import clock

SYNCED, DRIFTED = Cell(Verdict.SYNCED), Cell(Verdict.DRIFTED, causes=("spec.description differs",))


def application(name: str = "apis", mode: str = "heal", **more: Any) -> Application:
    return Application.model_validate(
        {"name": name, "source": "repo", "clusters": ["eu"], "mode": mode, **more}
    )


def key(name: str, cluster: str = "eu") -> ResourceKey:
    return ResourceKey(cluster, "ApiV4Definition", "pay", name)


def row(name: str, cluster: Cell = SYNCED, *, of: str = "apis", revision: str = "a" * 40, **more: Any) -> Row:
    """A row of a resource that Git defines and the cluster holds."""
    return Row(
        key(name),
        of,
        Cell(Verdict.SYNCED),
        cluster,
        git_trace=GitTrace("repo", f"{name}.yaml", 1, revision),
        cluster_trace=ClusterTrace("uid", "1", 1),
        **more,
    )


@dataclass
class World:
    """A fleet and what happens to it.

    Attributes:
        drifts: who wrote what is drifted, by resource.
        plans, writes: when (seconds since the start of virtual time) and what.
        failing: outcomes of the next writes of a resource, in order.
        slow_s: how long a write of an application takes, in seconds.
        blocks: what blocks a resource's step.
    """

    applications: Sequence[Application]
    fleet: Fleet = field(default_factory=Fleet)
    drifts: dict[ResourceKey, str] = field(default_factory=dict)
    plans: list[tuple[float, PlanRequest]] = field(default_factory=list)
    writes: list[tuple[float, str]] = field(default_factory=list)
    failing: dict[ResourceKey, list[Outcome]] = field(default_factory=dict)
    blocks: dict[ResourceKey, Block] = field(default_factory=dict)
    slow_s: dict[str, float] = field(default_factory=dict)
    plan_fails: int = 0
    takes: bool = False
    at_once: dict[str, int] = field(default_factory=dict)
    most_at_once: int = 0
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.platform = Platform(applications=tuple(self.applications))
        self.answers("eu")

    def answers(self, cluster: str, phase: str = "ready") -> None:
        """The cluster answered now, or (`failed`) does not."""
        self.fleet.publish_place(PlaceState(Place.CLUSTER, cluster, phase, observed_at=clock()))

    def shows(self, *rows: Row) -> None:
        self.fleet.publish({one.key: one for one in rows})

    def drift(self, name: str, manager: str = "kubectl-edit", of: str = "apis") -> None:
        """Somebody writes a field."""
        before = self.fleet.row(key(name))
        self.drifts[key(name)] = manager
        self.shows(replace(before, cluster=DRIFTED) if before else row(name, DRIFTED, of=of))

    def now(self) -> float:
        return round(asyncio.get_running_loop().time(), 1)

    async def plan(self, request: PlanRequest) -> Plan:
        (name,) = request.applications
        self.plans.append((self.now(), request))
        self.at_once[name] = self.at_once.get(name, 0) + 1
        self.most_at_once = max(self.most_at_once, self.at_once[name])
        await asyncio.sleep(0.01)
        self.at_once[name] -= 1
        if self.plan_fails:
            self.plan_fails -= 1
            raise GkoError("is gone", subject="the world")
        rows = self.fleet.rows()
        wanted = [one for one in self.drifts if rows[one].application == name]
        steps = [self._step(one, name) for one in sorted(wanted) if one in (request.keys or wanted)]
        return Plan(request.purpose, request.actor, Inputs(), tuple(steps))

    def _step(self, one: ResourceKey, name: str) -> Step:
        path, manager = ("spec", "description"), self.drifts[one]
        change = Change(path, ChangeKind.ADDED, ABSENT, "x", Origin.RIGHT, manager)
        taken = (FieldOwner(manager, "spec.description", OwnerClass.PEOPLE),) if self.takes else ()
        block = (self.blocks[one],) if one in self.blocks else ()
        number = step_id(Stage.CLUSTER, Verb.UPDATE, one)
        return Step(
            number,
            Stage.CLUSTER,
            Verb.UPDATE,
            one,
            "it was changed",
            application=name,
            changes=(change,),
            takes=taken,
            blocked=block,
        )

    async def apply(self, plan: Plan, orders: Orders) -> Carried:
        outcomes = []
        for step in plan.runnable:
            if orders.stopped():
                break
            await asyncio.sleep(self.slow_s.get(step.application, 0.0))
            self.writes.append((self.now(), step.key.name))
            failures = self.failing.get(step.key, [])
            if failures:
                outcomes.append(replace(failures.pop(0), step=step.id))
                continue
            outcomes.append(Outcome(step.id, Did.CONFIGURED))
            self.drifts.pop(step.key, None)
            before = self.fleet.row(step.key)
            assert before is not None
            self.shows(replace(before, cluster=SYNCED))
        return Carried(plan, tuple(outcomes))

    def healer(self, dice: float = 0.5) -> Healer:
        def told(event: str, facts: Mapping[str, object]) -> None:
            self.events.append((event, dict(facts)))

        return Healer(self, rim=Rim(clock, asyncio.sleep, lambda: dice), told=told)

    def of(self, event: str) -> list[dict[str, Any]]:
        return [facts for word, facts in self.events if word == event]
