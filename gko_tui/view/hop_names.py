"""The hops of one resource: which there are, their names, and on which one a diff is worth opening."""

from __future__ import annotations

from gko_tui.view.lines import safe
from gko_tui.view.words import BEFORE, Marks
from reconciler.model.changes import HopDiff
from reconciler.model.rows import Row
from reconciler.model.verdicts import HOPS, Place, Verdict

_NOTHING_TO_COMPARE = (None, Verdict.SYNCED, Verdict.UNKNOWN, Verdict.FAILED)
"""Why such a row is as it is stands among its places, not in a diff."""
_COMPARED = (Verdict.DRIFTED, Verdict.CONFLICT, Verdict.AHEAD)
"""Beyond the cluster, every other verdict is about the thing as a whole, and its cause says it all."""

_SHORT = {
    Place.GIT: "Git",
    Place.CLUSTER: "Cluster",
    Place.CONTROL_PLANE: "Control",
    Place.GATEWAY: "Gateway",
}


def hops_of(row: Row) -> tuple[Place, ...]:
    """The hops that exist for a resource, each by its right-hand place."""
    return tuple(hop for hop in HOPS if row.cell(hop).verdict is not None)


def worth_a_diff(row: Row) -> Place | None:
    """The leftmost hop on which two sides can be laid beside one another and differ."""
    for hop in HOPS:
        verdict = row.cell(hop).verdict
        if hop is Place.CLUSTER:
            if verdict not in _NOTHING_TO_COMPARE:
                return hop
        elif verdict in _COMPARED:
            return hop
    return None


def first_hop(row: Row) -> Place:
    """The hop that a diff opens on."""
    return worth_a_diff(row) or next(iter(hops_of(row)), Place.CLUSTER)


def hop_label(row: Row, hop: Place, marks: Marks) -> str:
    """One hop in a few characters: `Cluster ≠ Control 2`, `Control ≠ Gateway 2/3`."""
    cell = row.cell(hop)
    label = f"{_SHORT[BEFORE[hop]]} {marks.verdict(cell.verdict)} {_SHORT[hop]}"
    if hop is Place.GATEWAY and row.gateway_count:
        return f"{label} {row.gateway_count}"
    return f"{label} {cell.change_count}" if cell.change_count else label


def direction(diff: HopDiff, arrow: str) -> str:
    """From where to where: always written, with the kind of place on both sides."""
    left, right = safe(diff.left), safe(diff.right)
    if diff.hop is Place.GATEWAY and not right.lower().startswith("gateway"):
        left, right = f"Control plane: {left}", f"gateway {right}"
    return f"{left} {arrow} {right}"


def another_version(diff: HopDiff) -> bool:
    """Whether one side runs another version of the whole document, which no field is singled out of."""
    return (
        not diff.changes
        and diff.verdict not in (None, Verdict.SYNCED, Verdict.UNKNOWN)
        and bool(diff.left_lines)
        and bool(diff.right_lines)
        and diff.left_lines != diff.right_lines
    )
