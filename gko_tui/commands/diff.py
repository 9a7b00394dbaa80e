"""`gko-tui diff`: what differs on each hop, field by field."""

from __future__ import annotations

import asyncio

from gko_tui.commands.invocation import Invocation
from gko_tui.commands.reading import Reading, read_platform
from gko_tui.commands.status import only_hops
from gko_tui.view.words import BEFORE, PLACE_WORDS, counted
from reconciler.model.changes import HopDiff
from reconciler.model.errors import GkoError
from reconciler.model.rows import NO_HOP, Row
from reconciler.model.verdicts import HOPS, Place, Verdict

MOST_AT_ONCE = 8
"""So many diffs are asked for at the same time: each may cost a control plane a request."""
_NOT_SHOWN = (None, Verdict.SYNCED, Verdict.UNKNOWN)
"""Without a name, nothing is said of hops that have no difference to show."""


def run(invocation: Invocation) -> int:
    """Show the differences of the resources that were named, or of all that are not Synced."""
    return asyncio.run(_run(invocation))


async def _run(invocation: Invocation) -> int:
    resources = invocation.arguments.resources
    if resources and ".." in resources[0]:
        from gko_tui.commands.sides import compare_sides

        return await compare_sides(invocation)
    async with read_platform(invocation) as reading:
        return await answer(invocation, reading)


async def answer(invocation: Invocation, reading: Reading) -> int:
    """Write the differences that were asked for.

    Returns:
        the exit code: of the hops that were asked for alone.

    Raises:
        NothingSelected: a selector matches nothing.
    """
    asked = invocation.arguments.hop
    hops = HOPS if asked == "all" else (Place(asked),)
    rows = reading.selection.pick(reading.engine.fleet.rows())
    now = invocation.clock()
    named = bool(reading.selection.resources)
    code = reading.engine.fleet.exit_code(
        [only_hops(row, [hop.value for hop in hops]) for row in rows],
        now=now,
        allow_unknown=invocation.arguments.allow_unknown,
        named=named,
    )
    verdicts = [(row, hop, row.cell(hop).verdict) for row in rows for hop in hops]
    if named:  # what was asked for is answered, a hop that was named even where it does not exist
        wanted = [(row, hop) for row, hop, verdict in verdicts if verdict is not None or asked != "all"]
        unknown = 0
    else:  # what could not be compared shows no difference
        wanted = [(row, hop) for row, hop, verdict in verdicts if verdict not in _NOT_SHOWN]
        unknown = len({row.key for row, _, verdict in verdicts if verdict is Verdict.UNKNOWN})
    diffs = await _diffs(reading, wanted, invocation.arguments.gateway)
    _write(invocation, reading, diffs, asked, code, now, unknown)
    return int(code)


async def _diffs(
    reading: Reading, wanted: list[tuple[Row, Place]], gateway: str
) -> list[tuple[Row, HopDiff]]:
    gate = asyncio.Semaphore(MOST_AT_ONCE)

    async def diff(row: Row, hop: Place) -> tuple[Row, HopDiff]:
        async with gate:
            try:
                return row, await reading.engine.diff(
                    row.key, hop, gateway=gateway if hop is Place.GATEWAY else ""
                )
            except GkoError as error:
                cell = row.cell(hop)
                if cell is NO_HOP and row.git.verdict is not Verdict.SYNCED:
                    cell = row.git  # what keeps the hop from being looked at
                left, right = PLACE_WORDS[BEFORE[hop]], PLACE_WORDS[hop]
                return row, HopDiff(hop, left, right, cell.verdict, (error.sentence(), *cell.causes))

    return await asyncio.gather(*(diff(row, hop) for row, hop in wanted))


def _write(
    invocation: Invocation,
    reading: Reading,
    diffs: list[tuple[Row, HopDiff]],
    hop: str,
    code: int,
    now: float,
    unknown: int,
) -> None:
    console, fleet = invocation.console, reading.engine.fleet
    if invocation.arguments.output != "table":
        from gko_tui.output.diff_document import diff_document
        from gko_tui.output.documents import encode

        document = diff_document(diffs, fleet.places(), fleet.problems(), hop=hop, exit_code=code, now=now)
        console.write_bytes(encode(document, invocation.arguments.output))
        return
    from gko_tui.output.diff_table import diff_lines
    from gko_tui.output.status_table import place_lines

    blocks = ["\n".join(diff_lines(row, diff, console, now)) for row, diff in diffs]
    if blocks:
        console.write("\n\n".join(blocks) + "\n")
    else:
        console.write("no difference in what could be read\n")
    failed = [place for place in fleet.places() if place.phase in ("failed", "partial")]
    for line in place_lines(failed, console, now):
        console.warn(line)
    if unknown:
        console.warn(f"{counted(unknown, 'resource')} could not be compared; see gko-tui status")
