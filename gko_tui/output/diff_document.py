"""The document `gko-tui/diff/v1`: what differs on a hop, field by field, for programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gko_tui.output.documents import instant
from gko_tui.output.status_document import key_document, place_document, problem_document
from reconciler.model.changes import ABSENT, Change, HopDiff, Redacted, path_text
from reconciler.model.rows import PlaceState, Problem, Row

DIFF = "gko-tui/diff/v1"

_JSON_INT = 2**63


def diff_document(
    diffs: Sequence[tuple[Row, HopDiff]],
    places: Iterable[PlaceState],
    problems: Iterable[Problem],
    *,
    hop: str,
    exit_code: int,
    now: float,
) -> dict[str, Any]:
    """Every difference that was asked for.

    Args:
        diffs: resources with what differs, in the order to write them; equal ones have no changes.
        places: how well each place could be read.
        problems: what could not be read.
        hop: the hop that was asked for, by its right-hand place, or `all`.
        exit_code: what the command ends with.
        now: seconds since the epoch.
    """
    return {
        "schema": DIFF,
        "observedAt": instant(now),
        "exitCode": int(exit_code),
        "hop": hop,
        "places": [place_document(place) for place in places],
        "problems": [problem_document(problem) for problem in problems],
        "diffs": [_diff(row, diff) for row, diff in diffs],
    }


def _diff(row: Row, diff: HopDiff) -> dict[str, Any]:
    return {
        **key_document(row),
        "hop": diff.hop.value,
        "left": diff.left,
        "right": diff.right,
        "verdict": diff.verdict.word if diff.verdict is not None else None,
        "causes": list(diff.causes),
        "changes": [_change(change) for change in diff.changes],
        "ignored": [{"path": path_text(ignored.path), "rule": ignored.rule} for ignored in diff.ignored],
    }


def _change(change: Change) -> dict[str, Any]:
    written: dict[str, Any] = {"path": path_text(change.path), "kind": change.kind.value}
    for side, value in (("left", change.left), ("right", change.right)):
        if value is not ABSENT:  # what a side does not have is not there; null is a value
            written[side] = plain(value)
    return {
        **written,
        "origin": change.origin.value,
        "manager": change.manager,
        "at": instant(change.at),
    }


def plain(value: object) -> Any:
    """A value as JSON can hold it: `Redacted` becomes {"redacted": true}, numbers beyond 64 bits text."""
    if isinstance(value, Redacted):
        return {"redacted": True}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and not -_JSON_INT <= value < 2 * _JSON_INT:
        return str(value)
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()  # a lone surrogate is no text
    return value if isinstance(value, (bool, int, float, type(None))) else str(value)
