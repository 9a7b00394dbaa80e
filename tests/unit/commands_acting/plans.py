"""Hand-made plans, an engine that carries them out in memory, and a person whose answers are given."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from gko_tui.cli import build_parser
from gko_tui.commands.invocation import Invocation
from gko_tui.commands.planning import Acting
from gko_tui.commands.selection import Selection
from gko_tui.output.console import Console
from gko_tui.view.words import ASCII, UNICODE
from reconciler.engine.fleet import Fleet
from reconciler.model.acting import Carried, Orders, PlanRequest
from reconciler.model.changes import ABSENT, Change, ChangeKind, KeyStep, Origin, Redacted
from reconciler.model.keys import ResourceKey
from reconciler.model.plan import Actor, Inputs, Plan
from reconciler.model.rows import PlaceState, Problem, Row
from reconciler.model.steps import (
    Asks,
    Block,
    Confirmation,
    Did,
    FieldOwner,
    Outcome,
    OwnerClass,
    Risk,
    Stage,
    Step,
    Verb,
    step_id,
)
from reconciler.settings.model import Platform
from tests.unit.cli.fleets import KIND, NOW, READY, ROWS, fleet_of

NAMES = ("payments-api", "orders", "catalog", "billing", "search", "basket")
TAKE = Confirmation(Asks.TAKE_OVER, "take 1", "kubectl-edit changed spec.name")
DELETE = Confirmation(Asks.DESTRUCTIVE, "delete 1", "deletions cannot be undone")
GUARDED = Confirmation(Asks.PROTECTED, "prod-eu", "prod-eu is protected")
TWICE = Block("defined-twice", "Git defines it 2 times: a.yaml:1 and b.yaml:7", "keep one of them")
DIFFERENCES = (
    Change(("spec", "name"), ChangeKind.CHANGED, "Payments", "Paymentz", Origin.RIGHT, "kubectl-edit"),
    Change(("spec", "password"), ChangeKind.CHANGED, Redacted(b"hunter2"), Redacted(b"s3cret"), Origin.RIGHT),
    Change(("spec", "tags"), ChangeKind.REMOVED, ["a", "b"], ABSENT),
    Change(("spec", "plans", KeyStep("free")), ChangeKind.ADDED, ABSENT, {"key": Redacted(b"k3y"), "n": 1}),
)
"""From Git to cluster, as a diff has them: what would be written goes the other way."""
PLATFORM = Platform.model_validate(
    {
        "sources": [{"name": "apis", "path": "/srv/apis"}],
        "clusters": [{"name": "prod-eu"}, {"name": "prod-us"}],
        "applications": [
            {"name": "payments", "source": "apis", "clusters": ["prod-eu"]},
            {"name": "shop", "source": "apis", "clusters": ["prod-us"]},
        ],
    }
)


def key(name: str = "payments-api", *, kind: str = KIND, cluster: str = "prod-eu") -> ResourceKey:
    return ResourceKey(cluster, kind, "pay", name)


def step(name: str = "payments-api", verb: Verb = Verb.CREATE, **more: Any) -> Step:
    stage = more.pop("stage", Stage.CLUSTER)
    at = more.pop("key", None) or key(name)
    more.setdefault("reason", "it is not on the cluster")
    more.setdefault("application", "payments")
    return Step(step_id(stage, verb, at), stage, verb, at, **more)


def plan_of(*steps: Step, purpose: str = "sync", notes: tuple[str, ...] = ()) -> Plan:
    return Plan(purpose, Actor.PERSON, Inputs((("apis", "8f21c0a" + "0" * 33),)), steps, notes)


CREATES = plan_of(step("payments-api"), step("orders", level=1))
RICH = plan_of(
    step("payments-api", Verb.NOOP, reason=""),
    step("orders", Verb.CREATE, risk=Risk.LOW),
    step(
        "catalog",
        Verb.UPDATE,
        reason="somebody changed it",
        risk=Risk.MEDIUM,
        level=1,
        changes=DIFFERENCES,
        takes=(FieldOwner("kubectl-edit", ".spec.name", OwnerClass.PEOPLE),),
        confirmations=(TAKE,),
        warnings=("its context is on no cluster",),
    ),
    step("billing", Verb.DELETE, reason="Git no longer defines it", level=2, confirmations=(DELETE,)),
    step("search", Verb.CREATE, level=2, blocked=(TWICE,)),
    step("catalog", Verb.WAIT, stage=Stage.GATEWAY_WAIT, level=3, reason="until its gateways run it"),
    notes=("1 resource of shop that Git no longer defines stays: pruning is off",),
)


class MemoryEngine:
    """Gives the plan that it is given, and carries it out by saying so."""

    def __init__(self, plan: Plan, rows: Sequence[Row] = ROWS, places: Sequence[PlaceState] = READY) -> None:
        self.platform = PLATFORM
        self.fleet: Fleet = fleet_of(rows, places)
        self.planned = plan
        self.requests: list[PlanRequest] = []
        self.orders: list[Orders] = []
        self.applied: list[Plan] = []
        self.dids: Mapping[str, Outcome] = {}
        self.before_step: Callable[[Step], None] = lambda step: None
        self.hangs_at = ""
        self.notes: tuple[str, ...] = ()

    async def plan(self, request: PlanRequest) -> Plan:
        self.requests.append(request)
        return self.planned

    async def apply(self, plan: Plan, orders: Orders) -> Carried:
        self.applied.append(plan)
        self.orders.append(orders)
        outcomes = []
        for one in plan.steps:
            self.before_step(one)
            if one.id == self.hangs_at:
                await asyncio.Event().wait()
            outcomes.append(self._outcome(one, orders))
            await orders.told(one, outcomes[-1])
        return Carried(plan, tuple(outcomes), orders.stopped(), self.notes)

    def _outcome(self, one: Step, orders: Orders) -> Outcome:
        if one.id in self.dids:
            return self.dids[one.id]
        if one.blocked:
            return Outcome(one.id, Did.SKIPPED, one.blocked[0].text, one.blocked[0].next_step, NOW)
        if orders.stopped():
            return Outcome(one.id, Did.SKIPPED, "it was stopped before this step", at=NOW)
        did = {Verb.CREATE: Did.CREATED, Verb.DELETE: Did.DELETED, Verb.NOOP: Did.UNCHANGED}
        return Outcome(one.id, did.get(one.verb, Did.CONFIGURED), at=NOW, resource_version="7")


@dataclass
class Answers:
    """A person who types these lines, and what was asked."""

    lines: list[str] = field(default_factory=list)
    is_there: bool = True
    questions: list[str] = field(default_factory=list)

    def ask(self, question: str) -> str:
        self.questions.append(question)
        return self.lines.pop(0) if self.lines else ""


NOBODY = Answers(is_there=False)


class Run:
    """One command line on an engine in memory, and what it writes."""

    def __init__(
        self,
        line: str | Sequence[str],
        engine: MemoryEngine,
        *,
        cwd: Path | None = None,
        width: int | None = None,
        ascii_only: bool = False,
        progress: bool = False,
        clock: Callable[[], float] = lambda: NOW,
    ) -> None:
        words = line.split() if isinstance(line, str) else list(line)
        self.out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
        self.err = io.StringIO()
        self.engine = engine
        marks = ASCII if ascii_only else UNICODE
        console = Console(self.out, self.err, width, False, progress, marks)
        arguments = build_parser().parse_args(words)
        self.invocation = Invocation(arguments, console, {}, cwd or Path.cwd(), clock)
        self.acting = Acting(
            engine, Selection.parse(arguments) if hasattr(arguments, "cluster") else Selection()
        )

    @property
    def written(self) -> str:
        self.out.flush()
        buffer: Any = self.out.buffer
        text: str = buffer.getvalue().decode()
        return text

    @property
    def said(self) -> str:
        return self.err.getvalue()

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(self.written)
        return found


def problem(severity: str = "error") -> Problem:
    from reconciler.model.verdicts import Place

    return Problem(Place.GIT, "apis", "pay/bad.yaml:7", "is indented with a tab", severity=severity)
