"""Hand-made fleets and invocations, so that the command line is tested without a place to read."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gko_tui.cli import build_parser
from gko_tui.commands.invocation import Invocation
from gko_tui.commands.reading import Reading
from gko_tui.commands.selection import Selection
from gko_tui.output.console import Console
from gko_tui.view.words import ASCII, UNICODE
from reconciler.engine.fleet import Fleet
from reconciler.model.changes import ABSENT, Change, ChangeKind, HopDiff, KeyStep, Origin, Redacted
from reconciler.model.errors import GkoError
from reconciler.model.keys import ResourceKey
from reconciler.model.rows import Cell, ClusterTrace, GitTrace, PlaceState, Problem, Row
from reconciler.model.trace import Trace
from reconciler.model.verdicts import Place, Verdict
from tests.terminal.beyond import trace_of

NOW = 1_790_000_000.0
KIND = "ApiV4Definition"


def cell(verdict: Verdict, *causes: str, changes: int = 0, ago: float = 300.0) -> Cell:
    return Cell(verdict, NOW - ago, NOW - 1, causes, change_count=changes)


def row(
    name: str,
    verdict: Verdict = Verdict.SYNCED,
    *causes: str,
    cluster: str = "prod-eu",
    namespace: str = "pay",
    kind: str = KIND,
    git: Cell | None = None,
    changes: int = 0,
    labels: Mapping[str, str] | None = None,
    application: str = "payments",
) -> Row:
    return Row(
        ResourceKey(cluster, kind, namespace, name),
        application=application,
        git=git or cell(Verdict.SYNCED),
        cluster=cell(verdict, *causes, changes=changes),
        git_trace=GitTrace(
            "apis", f"pay/{name}.yaml", 3, "8f21c0a" + "0" * 33, "Ana", NOW - 3600, "Raise limit"
        ),
        cluster_trace=ClusterTrace("uid-1", "4711", 14, "kubectl-edit", NOW - 300, ""),
        labels=tuple((labels or {}).items()),
    )


READY = (
    PlaceState(Place.GIT, "apis", "ready", observed_at=NOW, detail="8f21c0a"),
    PlaceState(Place.CLUSTER, "prod-eu", "ready", observed_at=NOW, detail="v1.36.3"),
    PlaceState(Place.CLUSTER, f"prod-eu/{KIND}", "ready", observed_at=NOW, kind=KIND),
)
DEAD = PlaceState(
    Place.CLUSTER, "stage", "failed", "does not answer; check the VPN", NOW - 60, retry_at=NOW + 8
)
BROKEN_FILE = Problem(
    Place.GIT, "apis", "pay/bad.yaml:7", "is indented with a tab", "use blanks", severity="error"
)

DRIFT = row("payments-api", Verdict.DRIFTED, "spec.plans[free] was added by kubectl-edit", changes=2)
ROWS = (
    DRIFT,
    row("catalog", cluster="prod-us", namespace="shop", application="shop", labels={"team": "shop"}),
    row("orders", Verdict.MISSING, "is in Git and was not applied to prod-eu", labels={"team": "pay"}),
)

CHANGES = (
    Change(
        ("spec", "plans", KeyStep("free")),
        ChangeKind.ADDED,
        ABSENT,
        {"security": {"type": "KEY_LESS"}, "key": Redacted(b"x")},
        Origin.RIGHT,
        "kubectl-edit",
        NOW - 300,
    ),
    Change(
        ("spec", "name"), ChangeKind.CHANGED, "Payments", "Paymentz", Origin.RIGHT, "kubectl-edit", NOW - 300
    ),
    Change(("spec", "tags"), ChangeKind.REMOVED, ["a", "b"], ABSENT, Origin.FIRST_SIGHT),
    Change(("spec", "password"), ChangeKind.CHANGED, Redacted(b"a"), Redacted(b"b"), Origin.RIGHT),
)


def fleet_of(
    rows: Sequence[Row], places: Sequence[PlaceState] = READY, problems: Sequence[Problem] = ()
) -> Fleet:
    fleet = Fleet()
    fleet.publish({row.key: row for row in rows})
    for place in places:
        fleet.publish_place(place)
    fleet.publish_problems("test", problems)
    return fleet


_SIDES = {
    Place.CLUSTER: ("Git", "cluster"),
    Place.CONTROL_PLANE: ("Cluster prod-eu", "Control plane apim-eu"),
    Place.GATEWAY: ("published revision 8", "eu-gw/c revision 7"),
}


class HandMadeEngine:
    """An engine whose fleet is given; it runs until it is told to stop."""

    def __init__(self, fleet: Fleet, changes: Sequence[Change] = CHANGES) -> None:
        self.fleet = fleet
        self.changes = tuple(changes)
        self.stop = asyncio.Event()

    async def diff(self, key: ResourceKey, hop: Place = Place.CLUSTER, *, gateway: str = "") -> HopDiff:
        row = self.fleet.row(key)
        if row is None:
            raise GkoError("is gone", subject=str(key))
        found = row.cell(hop)
        if found.verdict is None:
            raise GkoError(f"the hop {hop.value} does not exist here", subject=str(key))
        changes = self.changes if found.verdict is Verdict.DRIFTED else ()
        left, right = _SIDES[hop]
        return HopDiff(hop, left, gateway or right, found.verdict, found.causes, changes)

    async def trace(self, key: ResourceKey) -> Trace:
        row = self.fleet.row(key)
        if row is None:
            raise GkoError("is gone", subject=str(key))
        return trace_of(row)

    async def run(self) -> None:
        await self.stop.wait()


class Terminal(io.TextIOWrapper):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Run:
    """One invocation on a hand-made fleet, and what it writes."""

    def __init__(
        self,
        line: Sequence[str],
        fleet: Fleet,
        *,
        width: int | None = None,
        colour: bool = False,
        ascii_only: bool = False,
    ) -> None:
        self.out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
        self.err = io.StringIO()
        arguments = build_parser().parse_args(list(line))
        marks = ASCII if ascii_only else UNICODE
        console = Console(self.out, self.err, width, colour, False, marks)
        self.invocation = Invocation(arguments, console, {}, Path.cwd(), lambda: NOW)
        if hasattr(arguments, "cluster"):
            self.reading = Reading(HandMadeEngine(fleet), Selection.parse(arguments))

    @property
    def written(self) -> str:
        self.out.flush()
        buffer: Any = self.out.buffer
        text: str = buffer.getvalue().decode()
        return text
