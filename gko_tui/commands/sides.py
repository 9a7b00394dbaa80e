"""`gko-tui diff A..B RESOURCE…`: any two sides of a resource, whether or not they are neighbours."""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from gko_tui.commands.invocation import Invocation
from gko_tui.commands.reading import Reading, read_platform
from reconciler.model.changes import HopDiff
from reconciler.model.errors import GkoError, UsageError
from reconciler.model.rows import Row
from reconciler.model.verdicts import ExitCode, Place, Verdict

if TYPE_CHECKING:
    from reconciler.engine.sides import Side

MOST_AT_ONCE = 8


async def compare_sides(invocation: Invocation) -> int:
    """Show how two sides differ, for the resources that were named or selected.

    Returns:
        the exit code: 0 all equal, 2 differences, 5 something could not be compared.

    Raises:
        UsageError: the first argument is not of the form A..B, or no resource was selected.
        NothingSelected: a selector matches nothing.
    """
    from reconciler.engine.sides import parse_sides

    text, *resources = invocation.arguments.resources
    left, right = parse_sides(text)
    arguments = argparse.Namespace(**{**vars(invocation.arguments), "resources": resources, "hop": "all"})
    inside = replace(invocation, arguments=arguments)
    async with read_platform(inside) as reading:
        if reading.selection.everything:
            raise UsageError(
                "names no resource", subject=f"diff {text}", next_step="add a RESOURCE, or --application NAME"
            )
        rows = reading.selection.pick(reading.engine.fleet.rows())
        diffs = await _compared(reading, rows, left, right)
        code = _code(diffs)
        _write(inside, reading, diffs, f"{left}..{right}", code)
    return int(code)


async def _compared(reading: Reading, rows: list[Row], left: Side, right: Side) -> list[tuple[Row, HopDiff]]:
    gate = asyncio.Semaphore(MOST_AT_ONCE)

    async def compare(row: Row) -> tuple[Row, HopDiff]:
        async with gate:
            try:
                return row, await reading.engine.compare(row.key, left, right)
            except GkoError as error:
                if len(rows) == 1:
                    raise
                return row, HopDiff(Place.CLUSTER, str(left), str(right), None, (error.sentence(),))

    return await asyncio.gather(*map(compare, rows))


def _code(diffs: list[tuple[Row, HopDiff]]) -> ExitCode:
    if any(diff.changes for _, diff in diffs):
        return ExitCode.CHANGES
    equal = all(diff.verdict is Verdict.SYNCED for _, diff in diffs)
    return ExitCode.IN_SYNC if equal else ExitCode.INCOMPLETE


def _write(
    invocation: Invocation, reading: Reading, diffs: list[tuple[Row, HopDiff]], sides: str, code: ExitCode
) -> None:
    console, fleet, now = invocation.console, reading.engine.fleet, invocation.clock()
    if invocation.arguments.output != "table":
        from gko_tui.output.diff_document import diff_document
        from gko_tui.output.documents import encode

        document = diff_document(diffs, fleet.places(), fleet.problems(), hop=sides, exit_code=code, now=now)
        console.write_bytes(encode(document, invocation.arguments.output))
        return
    from gko_tui.output.diff_table import diff_lines

    console.write("\n\n".join("\n".join(diff_lines(row, diff, console, now)) for row, diff in diffs) + "\n")
