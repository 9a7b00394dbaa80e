"""Whether what a plan was made from has moved on the screen since: then it is read no further, but made anew.

Carrying out checks every precondition again; this says it before somebody types a phrase for nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from gko_tui.view.lines import safe
from reconciler.model.keys import ResourceKey
from reconciler.model.plan import Plan
from reconciler.model.rows import Row
from reconciler.model.verdicts import Verdict

_MOST_NAMED = 3
Version = tuple[object, ...]


class MadeFrom:
    """The rows of a request as they were when its plan was asked for.

    Args:
        rows: the rows that are known now.
        keys: the resources that were asked for; empty for all.
    """

    def __init__(self, rows: Mapping[ResourceKey, Row], keys: Collection[ResourceKey]) -> None:
        chosen = keys or rows
        self._seen = {key: _version(rows[key]) for key in chosen if key in rows}

    def moved(
        self, plan: Plan, rows: Mapping[ResourceKey, Row], among: Collection[ResourceKey] | None = None
    ) -> str:
        """What of the steps that would run is no longer what it was; empty where nothing is.

        Args:
            plan: what was made from it.
            rows: the rows as they are now.
            among: look at these only; None for all.
        """
        planned = sorted({step.key for step in plan.runnable})
        moved = [
            str(key)
            for key in planned
            if (among is None or key in among)
            and key in self._seen
            and _differ(self._seen[key], _version(rows.get(key)))
        ]
        if not moved:
            return ""
        more = f" and {len(moved) - _MOST_NAMED} more" if len(moved) > _MOST_NAMED else ""
        return f"{safe(', '.join(moved[:_MOST_NAMED]))}{more}: changed since this plan was made"


def _version(row: Row | None) -> Version:
    """What of a row a plan depends on; that it was seen once more is nothing."""
    if row is None:
        return ()
    held, written = row.cluster_trace, row.git_trace
    return (
        row.git.verdict,
        row.cluster.verdict,
        row.control_plane.verdict,
        written.revision if written is not None else "",
        (held.uid, held.generation) if held is not None else None,
    )


def _differ(before: Version, now: Version) -> bool:
    """Whether two versions differ; what could not be read on either side says nothing."""
    if len(before) != len(now):
        return True
    return any(
        one != other and Verdict.UNKNOWN not in (one, other) for one, other in zip(before, now, strict=True)
    )
