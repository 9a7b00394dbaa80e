"""What the headless loop says: each change once, as one JSON line, nothing of it harmful to a terminal."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from reconciler.engine.fleet import Fleet
from reconciler.headless.report import Reporter
from reconciler.model.keys import ResourceKey
from reconciler.model.rows import Cell, PlaceState, Problem, Row
from reconciler.model.verdicts import Place, Verdict

KEY = ResourceKey("eu", "ApiV4Definition", "pay", "payments\x1b[31m")


@pytest.fixture
def fleet() -> Fleet:
    return Fleet()


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def reporter(fleet: Fleet, out: io.StringIO) -> Reporter:
    return Reporter(fleet, out, clock=lambda: 1_760_000_000.25)


def told(out: io.StringIO) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    out.truncate(0)
    out.seek(0)
    return lines


def row(verdict: Verdict, *causes: str) -> Row:
    return Row(KEY, "payments", Cell(Verdict.SYNCED), Cell(verdict, causes=causes))


def test_a_verdict_is_told_when_it_changes_and_only_then(
    fleet: Fleet, out: io.StringIO, reporter: Reporter
) -> None:
    fleet.publish({KEY: row(Verdict.SYNCED)})
    reporter.changes()
    fleet.publish({KEY: row(Verdict.SYNCED).bumped()})
    reporter.changes()
    assert [line["state"] for line in told(out)] == ["Synced"]
    fleet.publish({KEY: row(Verdict.DRIFTED, "spec.name differs (by kubectl-edit)")})
    reporter.changes()
    (line,) = told(out)
    assert line["event"] == "verdict"
    assert line["at"] == "2025-10-09T08:53:20.250Z"
    assert line["places"] == {
        "git": "Synced",
        "cluster": "Drifted",
        "control-plane": None,
        "gateway": None,
    }
    assert line["causes"] == ["spec.name differs (by kubectl-edit)"]
    assert "\x1b" not in line["resource"]


def test_what_is_gone_is_told_once(fleet: Fleet, out: io.StringIO, reporter: Reporter) -> None:
    fleet.publish({KEY: row(Verdict.SYNCED)})
    reporter.changes()
    fleet.publish({}, removed=[KEY])
    reporter.changes()
    reporter.changes()
    assert [line["event"] for line in told(out)] == ["verdict", "gone"]


def test_places_and_problems_are_told_when_they_change(
    fleet: Fleet, out: io.StringIO, reporter: Reporter
) -> None:
    fleet.publish_place(PlaceState(Place.CLUSTER, "eu", "failed", "refused", observed_at=1.0))
    fleet.publish_problems("app", [Problem(Place.GIT, "repo", "a.yaml:3", "a tab", "use spaces")])
    reporter.changes()
    fleet.publish_place(PlaceState(Place.CLUSTER, "eu", "failed", "refused", observed_at=2.0))
    reporter.changes()
    place, problem = told(out)
    assert (place["event"], place["name"], place["phase"]) == ("place", "eu", "failed")
    assert (problem["event"], problem["where"], problem["next"]) == ("problem", "a.yaml:3", "use spaces")


def test_a_summary_counts_states(fleet: Fleet, out: io.StringIO, reporter: Reporter) -> None:
    fleet.publish({KEY: row(Verdict.DRIFTED, "x")})
    reporter.summary()
    (line,) = told(out)
    assert (line["resources"], line["states"]) == (1, {"Drifted": 1})


def test_what_was_done_is_a_line_without_harmful_text(reporter: Reporter, out: io.StringIO) -> None:
    reporter.did("done", {"resource": str(KEY), "did": ["configured\x1b[0m"], "changes": 2})
    (line,) = told(out)
    assert line["event"] == "done" and line["changes"] == 2
    assert "\x1b" not in line["resource"] and "\x1b" not in line["did"][0]
