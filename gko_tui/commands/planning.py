"""From the words of a command line to a plan: what is read for it, what it is asked for, how it ends."""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from glob import escape
from typing import TYPE_CHECKING, Any, Protocol, cast

from gko_tui.commands.invocation import Invocation
from gko_tui.commands.reading import read_platform
from gko_tui.commands.selection import NothingSelected, Selection
from gko_tui.output.progress import Progress
from reconciler.model.acting import BOTH_HOPS, Carried, Orders, PlanRequest
from reconciler.model.errors import UsageError
from reconciler.model.keys import ResourceKey
from reconciler.model.plan import Plan
from reconciler.model.rows import Row
from reconciler.model.verdicts import ExitCode, Place, Verdict
from reconciler.settings.nearest import known_names

if TYPE_CHECKING:
    from reconciler.engine.fleet import Fleet
    from reconciler.settings.model import Platform

UNSELECTED: dict[str, Any] = {
    "resources": [],
    "cluster": None,
    "namespace": None,
    "kind": None,
    "selector": None,
    "application": None,
    "control_plane": None,
    "filter": None,
    "timeout": None,
}
"""What a command line holds that selects everything."""


class ActingEngine(Protocol):
    """What commands that act need of an engine."""

    platform: Platform

    @property
    def fleet(self) -> Fleet: ...

    async def plan(self, request: PlanRequest) -> Plan: ...

    async def apply(self, plan: Plan, orders: Orders) -> Carried: ...


@dataclass(frozen=True, slots=True)
class Acting:
    """An engine that has read what was asked for, and what that was."""

    engine: ActingEngine
    selection: Selection


@asynccontextmanager
async def acting_platform(invocation: Invocation) -> AsyncIterator[Acting]:
    """Read the places that a command line asks for, whole: a plan needs to know who uses what.

    Raises:
        UsageError: a selector is not of its form.
        NothingSelected: no cluster has the name that was given.
        ConfigurationError: the configuration cannot be used.
    """
    within = getattr(invocation.arguments, "within", 1.0)
    if not within > 0:
        raise UsageError("is not a number of seconds above 0", subject=f"--within {within:g}")
    async with read_platform(invocation) as reading:
        yield Acting(cast(ActingEngine, reading.engine), reading.selection)


def selecting(invocation: Invocation, clusters: Sequence[str]) -> Invocation:
    """An invocation that selects all on these clusters, for a command that names no resources."""
    known = {**UNSELECTED, **vars(invocation.arguments), "cluster": [escape(name) for name in clusters]}
    return replace(invocation, arguments=argparse.Namespace(**known))


# --- what is asked for ---------------------------------------------------------------------------


def picked(acting: Acting) -> list[Row]:
    """The resources that were asked for.

    Raises:
        NothingSelected: a selector matches nothing.
    """
    selection, rows = acting.selection, acting.engine.fleet.rows()
    if by_application(selection):  # one that defines nothing any more has no rows, and still has a plan
        return [row for row in rows.values() if selection.matches(row)]
    return selection.pick(rows)


def request_for(acting: Acting, arguments: argparse.Namespace, purpose: str, *, wait: bool) -> PlanRequest:
    """What the engine is asked to plan.

    Args:
        acting: the engine, after it has read.
        arguments: `hops`, of the command line.
        purpose: a word for the plan.
        wait: whether it ends with waiting for the gateways.

    Raises:
        NothingSelected: a selector matches nothing.
    """
    selection = acting.selection
    hops = frozenset(map(Place, arguments.hops)) if getattr(arguments, "hops", None) else BOTH_HOPS
    request = PlanRequest(hops=hops, purpose=purpose, wait=wait)
    if by_application(selection):
        known = [one.name for one in acting.engine.platform.applications]
        return replace(request, applications=frozenset(_applications(selection.applications, known)))
    if replace(selection, clusters=()).everything:
        return request
    return replace(request, keys=frozenset(row.key for row in picked(acting)))


def by_application(selection: Selection) -> bool:
    """Whether applications are asked for whole: then what stands beside their resources belongs to it."""
    return bool(selection.applications) and replace(selection, applications=(), clusters=()).everything


def one_resource(acting: Acting) -> ResourceKey:
    """The one resource that was named.

    Raises:
        NothingSelected: there is none of that name.
        UsageError: there are several.
    """
    rows = picked(acting)
    if len(rows) != 1:
        text = acting.selection.resources[0][0]
        shown = ", ".join(str(row.key) for row in rows[:5]) + (" and others" if len(rows) > 5 else "")
        raise UsageError(f"means {len(rows)} resources", subject=text, next_step=f"name one of {shown}")
    return rows[0].key


def _applications(patterns: Sequence[str], known: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for pattern in patterns:
        matching = {name for name in known if fnmatchcase(name, pattern)}
        if not matching:
            raise NothingSelected(
                "no application is called that",
                subject=f"--application {pattern}",
                next_step=known_names(pattern, known, "applications"),
            )
        found |= matching
    return found


# --- making the plan -----------------------------------------------------------------------------


async def made_plan(invocation: Invocation, acting: Acting, request: PlanRequest) -> Plan:
    """Ask for the plan, with progress on a terminal: trying it asks every cluster."""
    with Progress(invocation.console) as progress:
        progress("planning")
        return await acting.engine.plan(request)


def plan_code(
    plan: Plan, acting: Acting, hops: frozenset[Place], now: float, *, allow_unknown: bool
) -> ExitCode:
    """What `plan` ends with: 1 nothing could be read, 4 blocked, 2 changes, 5 incomplete, 0.

    Args:
        plan: what would be done.
        acting: the engine and the selection.
        hops: the hops that the plan is about.
        now: seconds since the epoch, to tell what is stale.
        allow_unknown: what could not be read does not count.
    """
    places = acting.engine.fleet.places()
    if places and all(place.phase == "failed" for place in places):
        return ExitCode.ERROR
    if plan.blocked:
        return ExitCode.BLOCKED
    if plan.writes:
        return ExitCode.CHANGES
    if not allow_unknown and incomplete(acting, hops, now):
        return ExitCode.INCOMPLETE
    return ExitCode.IN_SYNC


def incomplete(acting: Acting, hops: frozenset[Place], now: float) -> bool:
    """Whether something could not be read, so that the plan may lack steps.

    Args:
        acting: the engine and the selection.
        hops: the hops that count, besides Git and the clusters.
        now: seconds since the epoch, to tell what is stale.
    """
    fleet, near = acting.engine.fleet, {Place.GIT, Place.CLUSTER, *hops}
    rows = picked(acting)
    if any(row.cell(place).verdict is Verdict.UNKNOWN for row in rows for place in near):
        return True
    if any(fleet.stale_for(cluster, now) for cluster in {row.key.cluster for row in rows}):
        return True
    if acting.selection.resources:  # what is unread elsewhere does not count
        return False
    return any(place.phase != "ready" and place.place in near for place in fleet.places()) or any(
        problem.severity == "error" and problem.place in near for problem in fleet.problems()
    )
