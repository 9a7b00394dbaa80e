"""Contended: healing stopped at one hop of a resource because two writers fight, and its cell says so.

Judging does not know of it: whoever heals finds it out and tells the fleet, which shows it in place of the
drift that was judged, and of nothing else. What is in sync again is shown in sync.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reconciler.model.rows import Cell, Row
from reconciler.model.verdicts import Place, Verdict

_FIELDS = {Place.CLUSTER: "cluster", Place.CONTROL_PLANE: "control_plane"}
_SHOWN_INSTEAD_OF = frozenset({Verdict.DRIFTED, Verdict.CONFLICT, Verdict.MISSING})


@dataclass(frozen=True, slots=True)
class Contention:
    """Why healing stopped, and since when (seconds since the epoch)."""

    why: str
    since: float


def contended(row: Row, contentions: Mapping[Place, Contention]) -> Row:
    """A judged row as it is shown.

    Args:
        row: as it was judged.
        contentions: where healing of it stopped.
    """
    changes: dict[str, Cell] = {}
    for place, one in contentions.items():
        cell = row.cell(place)
        if place in _FIELDS and cell.verdict in _SHOWN_INSTEAD_OF:
            causes = (one.why, *cell.causes)
            changes[_FIELDS[place]] = replace(cell, verdict=Verdict.CONTENDED, since=one.since, causes=causes)
    return replace(row, **changes) if changes else row  # type: ignore[arg-type]
