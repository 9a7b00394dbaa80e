"""`gko-tui status` and `gko-tui get`: every resource that was asked for, with its verdicts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from gko_tui.commands.invocation import Invocation
from gko_tui.commands.reading import Reading, read_platform
from gko_tui.output.console import Console
from reconciler.model.rows import NO_HOP, Row
from reconciler.model.verdicts import ExitCode, Place


def status(invocation: Invocation) -> int:
    """The table of everything, the places that were read, and what could not be."""
    return asyncio.run(_run(invocation, overview=True))


def get(invocation: Invocation) -> int:
    """The resources that were named, with every cause."""
    return asyncio.run(_run(invocation, overview=False))


async def _run(invocation: Invocation, *, overview: bool) -> int:
    async with read_platform(invocation) as reading:
        code = answer(invocation, reading, overview=overview)
        if invocation.arguments.watch:
            from gko_tui.commands.watch import follow

            await follow(invocation, reading)
        return code


def answer(invocation: Invocation, reading: Reading, *, overview: bool) -> int:
    """Write what was read, in the form that was asked for.

    Returns:
        the exit code.

    Raises:
        NothingSelected: a selector matches nothing.
    """
    now, fleet = invocation.clock(), reading.engine.fleet
    rows = reading.selection.pick(fleet.rows())
    code = fleet.exit_code(
        [only_hops(row, invocation.arguments.hop) for row in rows],
        now=now,
        allow_unknown=invocation.arguments.allow_unknown,
        named=bool(reading.selection.resources),
    )
    if invocation.arguments.output == "table":
        write_table(invocation.console, reading, rows, now, overview=overview)
    else:
        _write_document(invocation, reading, rows, code, now)
    return int(code)


def only_hops(row: Row, hops: Sequence[str] | None) -> Row:
    """The row with nothing but these hops (None: all), for an exit code that only they decide."""
    if not hops:
        return row
    kept = {place: row.cell(place) if place.value in hops else NO_HOP for place in Place}
    return replace(
        row,
        git=kept[Place.GIT],
        cluster=kept[Place.CLUSTER],
        control_plane=kept[Place.CONTROL_PLANE],
        gateway=kept[Place.GATEWAY],
        control_plane_trace=row.control_plane_trace if hops != [Place.CLUSTER.value] else None,
    )


def write_table(console: Console, reading: Reading, rows: list[Row], now: float, *, overview: bool) -> None:
    """Write rows for people; an overview ends with a summary, the places and every problem."""
    from gko_tui.output.status_table import (
        hop_summary_lines,
        place_lines,
        problem_lines,
        status_lines,
        summary_line,
    )

    fleet = reading.engine.fleet
    lines = status_lines(rows, console, now, every_cause=not overview)
    if overview:
        lines += ["", summary_line(rows, console), *hop_summary_lines(rows, console), ""]
        lines += place_lines(fleet.places(), console, now)
        lines += problem_lines(fleet.problems(), console)
    console.write("".join(f"{line}\n" for line in lines))
    if not overview:  # rows were asked for; what stands in their way is said beside them
        failed = [place for place in fleet.places() if place.phase in ("failed", "partial")]
        for line in place_lines(failed, console, now):
            console.warn(line)


def _write_document(
    invocation: Invocation, reading: Reading, rows: list[Row], code: ExitCode, now: float
) -> None:
    from gko_tui.output.documents import encode
    from gko_tui.output.status_document import status_document

    fleet = reading.engine.fleet
    document = status_document(rows, fleet.places(), fleet.problems(), exit_code=code, now=now)
    form, watching = invocation.arguments.output, invocation.arguments.watch
    invocation.console.write_bytes(encode(document, form, one_line=watching))
