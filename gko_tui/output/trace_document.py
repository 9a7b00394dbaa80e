"""The document `gko-tui/trace/v1`: the way of resources through the places, for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gko_tui.output.documents import instant
from gko_tui.output.status_document import cell_document, key_document, place_document, problem_document
from reconciler.model.rows import PlaceState, Problem, Row
from reconciler.model.trace import Happening, Station, Trace

TRACE = "gko-tui/trace/v1"


def trace_document(
    traced: Sequence[tuple[Row, Trace]],
    places: Iterable[PlaceState],
    problems: Iterable[Problem],
    *,
    exit_code: int,
    now: float,
) -> dict[str, Any]:
    """Every way that was asked for.

    Args:
        traced: resources with their traces, in the order to write them.
        places: how well each place could be read.
        problems: what could not be read.
        exit_code: what the command ends with.
        now: seconds since the epoch.
    """
    return {
        "schema": TRACE,
        "observedAt": instant(now),
        "exitCode": exit_code,
        "places": [place_document(place) for place in places],
        "problems": [problem_document(problem) for problem in problems],
        "traces": [_trace(row, trace) for row, trace in traced],
    }


def _trace(row: Row, trace: Trace) -> dict[str, Any]:
    return {
        **key_document(row),
        "state": row.state.word,
        "gatewayCount": row.gateway_count or None,
        "stations": [_station(station) for station in trace.stations],
        "happenings": [_happening(happening) for happening in trace.happenings],
        "unread": list(trace.unread),
    }


def _station(station: Station) -> dict[str, Any]:
    return {
        "place": station.place.value,
        "name": station.name,
        **cell_document(station.cell),
        "facts": dict(station.facts),
    }


def _happening(happening: Happening) -> dict[str, Any]:
    return {
        "at": instant(happening.at),
        "place": happening.place.value,
        "where": happening.where,
        "who": happening.who or None,
        "what": happening.what,
    }
