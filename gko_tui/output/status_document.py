"""The documents `gko-tui/status/v1` and `gko-tui/change/v1`: what is known of resources, for programs.

Their JSON Schemas are in `schemas/`; a field is never renamed or removed within a version.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from gko_tui.output.documents import instant
from reconciler.model.rows import Cell, PlaceState, Problem, Row
from reconciler.model.verdicts import Place, Verdict

STATUS, CHANGE = "gko-tui/status/v1", "gko-tui/change/v1"

_PLACES = tuple(place.value for place in Place)


def status_document(
    rows: Sequence[Row],
    places: Iterable[PlaceState],
    problems: Iterable[Problem],
    *,
    exit_code: int,
    now: float,
) -> dict[str, Any]:
    """Everything that `status` and `get` know.

    Args:
        rows: the resources that were asked for, in the order to write them.
        places: how well each place could be read.
        problems: what could not be read.
        exit_code: what the command ends with.
        now: seconds since the epoch.
    """
    return {
        "schema": STATUS,
        "observedAt": instant(now),
        "exitCode": int(exit_code),
        "summary": summary(rows),
        "hops": hop_summary(rows),
        "places": [place_document(place) for place in places],
        "problems": [problem_document(problem) for problem in problems],
        "resources": [resource_document(row) for row in rows],
    }


def change_document(kind: str, now: float, **content: Any) -> dict[str, Any]:
    """One thing that changed, for `--watch`: `kind` is changed, removed, place or problems."""
    return {"schema": CHANGE, "at": instant(now), "type": kind, **content}


def summary(rows: Iterable[Row]) -> dict[str, int]:
    """How many resources are in each state; every verdict is there, from zero."""
    counts = Counter(row.state for row in rows)
    return {verdict.word: counts[verdict] for verdict in Verdict}


def hop_summary(rows: Sequence[Row]) -> dict[str, dict[str, int]]:
    """How many resources have each verdict at each place; where a hop does not exist, it is not counted."""
    counted = {place: Counter(row.cell(place).verdict for row in rows) for place in Place}
    return {
        place.value: {verdict.word: counts[verdict] for verdict in Verdict}
        for place, counts in counted.items()
    }


def resource_document(row: Row) -> dict[str, Any]:
    """One resource."""
    git, found, held = row.git_trace, row.cluster_trace, row.control_plane_trace
    return {
        **key_document(row),
        "state": row.state.word,
        "places": dict(zip(_PLACES, map(cell_document, row.cells), strict=True)),
        "git": None
        if git is None
        else {
            "source": git.source,
            "path": git.path,
            "line": git.line,
            "revision": git.revision or None,
            "author": git.author or None,
            "committedAt": instant(git.committed_at),
            "subject": git.subject or None,
        },
        "clusterObject": None
        if found is None
        else {
            "uid": found.uid,
            "resourceVersion": found.resource_version,
            "generation": found.generation,
            "manager": found.manager or None,
            "changedAt": instant(found.changed_at),
            "owner": found.owner or None,
        },
        "controlPlane": None
        if held is None
        else {
            "name": held.control_plane,
            "id": held.id or None,
            "hrid": held.hrid or None,
            "origin": held.origin or None,
            "owner": held.owner or None,
            "state": held.state or None,
            "createdAt": instant(held.created_at),
            "updatedAt": instant(held.updated_at),
            "deployedAt": instant(held.deployed_at),
        },
        "gatewayCount": row.gateway_count or None,
        "labels": dict(row.labels),
    }


def key_document(row: Row) -> dict[str, Any]:
    """What names a resource."""
    key = row.key
    return {
        "cluster": key.cluster,
        "kind": key.kind,
        "namespace": key.namespace,
        "name": key.name,
        "application": row.application or None,
    }


def place_document(place: PlaceState) -> dict[str, Any]:
    """How well one place could be read."""
    return {
        "place": place.place.value,
        "name": place.name,
        "phase": place.phase,
        "message": place.message or None,
        "detail": place.detail or None,
        "observedAt": instant(place.observed_at),
        "retryAt": instant(place.retry_at),
    }


def problem_document(problem: Problem) -> dict[str, Any]:
    """Something that could not be read."""
    return {
        "place": problem.place.value,
        "name": problem.name,
        "severity": problem.severity,
        "where": problem.where,
        "message": problem.message,
        "nextStep": problem.next_step or None,
        "resource": problem.resource or None,
    }


def cell_document(cell: Cell) -> dict[str, Any]:
    """What one hop says."""
    return {
        "verdict": cell.verdict.word if cell.verdict is not None else None,
        "since": instant(cell.since),
        "observedAt": instant(cell.observed_at),
        "causes": list(cell.causes),
        "firstSight": cell.first_sight,
        "changes": cell.change_count,
    }
