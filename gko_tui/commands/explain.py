"""`gko-tui explain`: why a verdict is what it is, rule by rule; or what a verdict means."""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gko_tui.commands.invocation import Invocation
from gko_tui.commands.reading import Reading, read_platform
from gko_tui.output.console import Console
from gko_tui.view.words import counted
from reconciler.model.changes import HopDiff, path_text
from reconciler.model.errors import GkoError
from reconciler.model.rows import Row
from reconciler.model.verdicts import HOPS, ExitCode, Place, Verdict
from reconciler.rules.text import printable

if TYPE_CHECKING:
    from reconciler.rules.explaining import Explanation

MAX_PATHS = 8
"""Paths of one rule that are written on a terminal; `-o json` has them all."""


def run(invocation: Invocation) -> int:
    """Explain a verdict by its word, or one resource."""
    subject = invocation.arguments.subject
    verdict = next((one for one in Verdict if one.word.lower() == subject.lower()), None)
    if verdict is not None:
        return _verdict(invocation, verdict)
    return asyncio.run(_resource(invocation))


def _verdict(invocation: Invocation, verdict: Verdict) -> int:
    from reconciler.rules.documentation import verdict_documentation

    told, console = verdict_documentation(verdict), invocation.console
    if invocation.arguments.output != "table":
        from gko_tui.output.documents import encode

        document = {
            "schema": "gko-tui/verdict/v1",
            "verdict": verdict.word,
            "mark": verdict.glyph,
            "meaning": told.meaning,
            "why": told.why,
            "nextStep": told.next_step,
        }
        console.write_bytes(encode(document, invocation.arguments.output))
    else:
        mark = console.family(f"{console.marks.verdict(verdict)} {verdict.word}", verdict.family)
        console.write(f"{mark}: {told.meaning}\n{told.why}\n{told.next_step}\n")
    return int(ExitCode.IN_SYNC)


async def _resource(invocation: Invocation) -> int:
    arguments = argparse.Namespace(
        **{**vars(invocation.arguments), "resources": [invocation.arguments.subject], "hop": "all"}
    )
    async with read_platform(replace(invocation, arguments=arguments)) as reading:
        rows = reading.selection.pick(reading.engine.fleet.rows())
        told = [await _explained(reading, row, invocation.arguments.path) for row in rows]
    console = invocation.console
    if invocation.arguments.output != "table":
        from gko_tui.output.documents import encode

        document = {"schema": "gko-tui/explain/v1", "resources": [_document(*one) for one in told]}
        console.write_bytes(encode(document, invocation.arguments.output))
    else:
        console.write("\n\n".join("\n".join(_lines(console, *one)) for one in told) + "\n")
    return int(ExitCode.IN_SYNC)


Told = tuple[Row, "Explanation | None", dict[Place, HopDiff]]


async def _explained(reading: Reading, row: Row, path: str | None) -> Told:
    explanation = await reading.engine.explain(row.key, path)
    diffs = {}
    for hop in HOPS[1:]:
        if row.cell(hop).verdict is not None:
            try:
                diffs[hop] = await reading.engine.diff(row.key, hop)
            except GkoError:
                continue  # the cell itself says what stands in the way
    return row, explanation, diffs


def _lines(
    console: Console, row: Row, explanation: Explanation | None, diffs: dict[Place, HopDiff]
) -> list[str]:
    lines = [console.strong(printable(str(row.key)))]
    for place in Place:
        cell = row.cell(place)
        if cell.verdict is None:
            continue
        mark = console.family(
            f"{console.marks.verdict(cell.verdict)} {cell.verdict.word}", cell.verdict.family
        )
        sight = (
            ", first sight: judged by times, no earlier state in sync is known" if cell.first_sight else ""
        )
        lines.append(f"{place.letter} {place.value}: {mark}{sight}")
        lines += [f"    {printable(cause)}" for cause in cell.causes]
        if place is Place.CLUSTER and explanation is not None:
            for fired in explanation.fired:
                paths = (*fired.left, *fired.right, *fired.on_change)
                lines += _rule(console, fired.rule, fired.what_for, paths)
        elif place in diffs:
            for rule, paths in _by_rule(diffs[place]).items():
                lines += _rule(console, rule, "", paths)
    return lines


def _rule(console: Console, rule: str, what_for: str, paths: tuple[str, ...]) -> list[str]:
    shown = [printable(path) for path in dict.fromkeys(paths)]
    more = [f"and {len(shown) - MAX_PATHS} more"] if len(shown) > MAX_PATHS else []
    about = f" ({what_for})" if what_for else ""
    head = f"    {console.quiet('rule')} {rule}{about}: {counted(len(shown), 'place')}"
    return [head, *(f"        {path}" for path in (*shown[:MAX_PATHS], *more))]


def _by_rule(diff: HopDiff) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for ignored in diff.ignored:
        found.setdefault(ignored.rule, []).append(path_text(ignored.path))
    return {rule: tuple(paths) for rule, paths in found.items()}


def _document(row: Row, explanation: Explanation | None, diffs: dict[Place, HopDiff]) -> dict[str, Any]:
    from gko_tui.output.status_document import key_document

    places = []
    for place in Place:
        cell = row.cell(place)
        if cell.verdict is None:
            continue
        rules: list[dict[str, Any]] = []
        if place is Place.CLUSTER and explanation is not None:
            rules = [
                {
                    "rule": fired.rule,
                    "step": fired.step.name.lower(),
                    "for": fired.what_for,
                    "left": list(fired.left),
                    "right": list(fired.right),
                    "changes": list(fired.on_change),
                }
                for fired in explanation.fired
            ]
        elif place in diffs:
            rules = [{"rule": rule, "changes": list(paths)} for rule, paths in _by_rule(diffs[place]).items()]
        places.append(
            {
                "place": place.value,
                "verdict": cell.verdict.word,
                "causes": list(cell.causes),
                "firstSight": cell.first_sight,
                "rules": rules,
            }
        )
    return {**key_document(row), "places": places}
