"""Waits until a place shows what was done: a control plane holds it, gateways run it, or no longer do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from reconciler.engine.planning.carrying_out import STOPPED, Rules
from reconciler.engine.planning.control_plane.seen import HopPlaces
from reconciler.model.errors import GkoError
from reconciler.model.steps import Did, Outcome, Step
from reconciler.model.verdicts import Verdict

FIRST_S, LONGEST_S = 0.3, 3.0
"""Seconds between two looks: at first, and at most."""
SETTLES_S = 3.0
"""What fails for want of something else may succeed at the operator's next try."""
_BROKEN = frozenset({Verdict.FAILED, Verdict.CONTENDED})

Looked = tuple[Did | None, str]
"""What a look says: how the waiting ends, None for not yet; and why."""


async def wait_for_control_plane(step: Step, places: HopPlaces, rules: Rules, *, gone: bool) -> Outcome:
    """Wait until the control plane holds what the cluster says, or holds it no longer.

    Args:
        step: the waiting step.
        places: read again and again.
        rules: how long.
        gone: the resource was deleted.
    """
    broken_since: list[float] = []

    async def look() -> Looked:
        seen = await places.look(step.key)
        why = "; ".join(seen.causes)
        if gone:
            return (Did.UNCHANGED, "") if not seen.uid and seen.verdict is None else (None, why)
        if seen.verdict is Verdict.SYNCED or seen.verdict is None:
            return Did.UNCHANGED, ""
        if seen.verdict not in _BROKEN:
            broken_since.clear()
            return None, why or seen.verdict.word
        broken_since.append(rules.rim.clock())
        settled = broken_since[-1] - broken_since[0] >= SETTLES_S
        return (Did.FAILED if settled else None), why

    return await _wait(step, rules, look, f"{step.reason}: not yet")


async def wait_for_gateways(step: Step, places: HopPlaces, rules: Rules, *, gone: bool) -> Outcome:
    """Wait until every gateway runs what is published, or none runs it any longer.

    The arguments are those of `wait_for_control_plane`.
    """

    async def look() -> Looked:
        seen = await places.look_at_gateways(step.key)
        wanted = (None,) if gone else (Verdict.SYNCED, None)
        return (Did.UNCHANGED, "") if seen.verdict in wanted else (None, "; ".join(seen.causes))

    return await _wait(step, rules, look, "not all gateways show it yet")


async def _wait(step: Step, rules: Rules, look: Callable[[], Awaitable[Looked]], late: str) -> Outcome:
    until, pause = rules.rim.clock() + rules.wait_s, FIRST_S
    while True:
        try:
            did, why = await look()
        except GkoError as error:
            did, why = None, error.sentence()
        now = rules.rim.clock()
        if did is not None:
            return Outcome(step.id, did, why, "see what it names" if did is Did.FAILED else "", now)
        if rules.stopped():
            return Outcome(step.id, Did.SKIPPED, STOPPED, "look again with: gko-tui status", now)
        if now + pause > until:
            said = f"{late}: {why}" if why else late
            return Outcome(step.id, Did.UNKNOWN, said, "look again with: gko-tui status", now)
        await rules.rim.sleep(pause)
        pause = min(LONGEST_S, pause * 1.5)
