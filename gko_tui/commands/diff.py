"""`gko-tui diff`: what differs on a hop, field by field."""

from __future__ import annotations

import asyncio

from gko_tui.commands.invocation import Invocation
from gko_tui.commands.reading import Reading, read_platform
from gko_tui.view.words import counted
from reconciler.model.changes import HopDiff
from reconciler.model.errors import GkoError
from reconciler.model.rows import NO_HOP, Row
from reconciler.model.verdicts import Place, Verdict


def run(invocation: Invocation) -> int:
    """Show the differences of the resources that were named, or of all that are not Synced."""
    return asyncio.run(_run(invocation))


async def _run(invocation: Invocation) -> int:
    async with read_platform(invocation) as reading:
        return await answer(invocation, reading)


async def answer(invocation: Invocation, reading: Reading) -> int:
    """Write the differences that were asked for.

    Returns:
        the exit code: of this hop alone, other hops have their own diffs.

    Raises:
        NothingSelected: a selector matches nothing.
    """
    hop = Place(invocation.arguments.hop)
    rows = reading.selection.pick(reading.engine.fleet.rows())
    shown = rows
    if not reading.selection.resources:  # what could not be compared shows no difference
        shown = [row for row in rows if row.cell(hop).verdict not in (None, Verdict.SYNCED, Verdict.UNKNOWN)]
    diffs = await _diffs(reading, shown, hop)
    now = invocation.clock()
    judged = [Row(row.key, git=row.cell(hop)) for row in rows]
    code = reading.engine.fleet.exit_code(
        judged,
        now=now,
        allow_unknown=invocation.arguments.allow_unknown,
        named=bool(reading.selection.resources),
    )
    unknown = sum(row.cell(hop).verdict is Verdict.UNKNOWN for row in rows) if shown is not rows else 0
    _write(invocation, reading, diffs, hop, code, now, unknown)
    return int(code)


async def _diffs(reading: Reading, rows: list[Row], hop: Place) -> list[tuple[Row, HopDiff]]:
    found = []
    for row in rows:
        try:
            diff = await reading.engine.diff(row.key, hop)
        except GkoError as error:
            cell = row.cell(hop) if row.cell(hop) is not NO_HOP else row.git
            diff = HopDiff(hop, "left", "right", cell.verdict, (error.sentence(), *cell.causes))
        found.append((row, diff))
    return found


def _write(
    invocation: Invocation,
    reading: Reading,
    diffs: list[tuple[Row, HopDiff]],
    hop: Place,
    code: int,
    now: float,
    unknown: int,
) -> None:
    console, fleet = invocation.console, reading.engine.fleet
    if invocation.arguments.output != "table":
        from gko_tui.output.diff_document import diff_document
        from gko_tui.output.documents import encode

        document = diff_document(
            diffs, fleet.places(), fleet.problems(), hop=hop.value, exit_code=code, now=now
        )
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
