"""Bar 2: every seeded incident shows exactly its verdict, every other cell is Synced or has no hop."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler.model.changes import ABSENT
from reconciler.model.keys import ResourceKey
from reconciler.model.verdicts import Place, Verdict
from reconciler.simulator.demo.incidents import INCIDENTS
from reconciler.simulator.demo.makings import ClusterEdit, Incident
from reconciler.simulator.demo.matrix import Cells, expected_matrix
from tests.demo.conftest import GkoTui
from tests.demo.stories import story

EDITS = [incident for incident in INCIDENTS if isinstance(incident.made, ClusterEdit)]


def _shown(status: dict[str, Any]) -> dict[ResourceKey, Cells]:
    """The matrix that a status document holds."""
    return {
        _key(row): {
            place: Verdict.from_word(cell["verdict"]) if cell["verdict"] else None
            for place, cell in row["places"].items()
        }
        for row in status["resources"]
    }


def _key(row: dict[str, Any]) -> ResourceKey:
    return ResourceKey(row["cluster"], row["kind"], row["namespace"], row["name"])


def _causes(status: dict[str, Any], incident: Incident) -> list[str]:
    """What is said of the first resource of an incident."""
    row = next(row for row in status["resources"] if _key(row) == incident.keys[0])
    causes: list[str] = row["places"][incident.place.value]["causes"]
    return causes


def test_the_rows_are_exactly_those_that_were_made(first_status: dict[str, Any]) -> None:
    """Given a fresh demo, when its status is read, then no row is missing and none is invented."""
    assert _shown(first_status).keys() == expected_matrix(story()).keys()


@pytest.mark.parametrize("place", Place, ids=lambda place: place.value)
def test_every_cell_of_every_row_is_as_it_was_made(first_status: dict[str, Any], place: Place) -> None:
    """Given a fresh demo, when its status is read, then every cell of a hop is the expected one."""
    shown = {key: cells[place.value] for key, cells in _shown(first_status).items()}
    expected = {key: cells[place.value] for key, cells in expected_matrix(story()).items()}

    different = {key: shown[key] for key in expected.keys() & shown.keys() if shown[key] != expected[key]}
    assert different == {}


def test_the_matrix_stays_when_it_is_read_again(first_status: dict[str, Any], gko_tui: GkoTui) -> None:
    """Given a ledger from the first read, when it is read again, then no verdict flips."""
    again = json.loads(gko_tui("status", "-o", "json").stdout)

    assert _shown(again) == _shown(first_status)


def test_every_cell_that_is_not_synced_names_a_cause(first_status: dict[str, Any]) -> None:
    silent = [
        (_key(row), place)
        for row in first_status["resources"]
        for place, cell in row["places"].items()
        if cell["verdict"] not in (None, "Synced") and not cell["causes"]
    ]
    assert not silent


@pytest.mark.parametrize("incident", EDITS, ids=lambda incident: incident.id)
def test_a_drifted_cell_names_who_wrote_it(first_status: dict[str, Any], incident: Incident) -> None:
    made = incident.made
    assert isinstance(made, ClusterEdit)

    causes = _causes(first_status, incident)

    if made.value is not ABSENT:  # what is gone has no owner
        assert causes and all(made.manager in cause for cause in causes)


@pytest.mark.parametrize(
    ("incident", "words"),
    [
        ("plan-approved-by-all", ["validation"]),
        ("target-changed", ["target"]),
        ("stopped-in-console", ["state"]),
        ("detached", ["detached"]),
        ("trial-in-console", ["Console", "lea.fournier@example.org"]),
        ("survey-in-console", ["Console", "olga.petrova@example.org"]),
        ("path-taken", ["Path [/data/flags/] already exists"]),
        ("two-writers", ["prod-us:ApiV4Definition/marketing/gift-finder", "marketing-gift-finder"]),
        ("resource-lost", ["payments-direct-debit"]),
        ("pod-behind", ["2/3", "eu-gw-6c9f7-hw7lp", "revision 1, not 2"]),
        ("groups-forbidden-below", ["Group/platform/payments-leads"]),
    ],
)
def test_a_cell_beyond_the_cluster_says_what_is_wrong(
    first_status: dict[str, Any], incident: str, words: list[str]
) -> None:
    (found,) = [one for one in INCIDENTS if one.id == incident]

    causes = " ".join(_causes(first_status, found))

    assert [word for word in words if word not in causes] == []


def test_the_unreadable_file_is_reported_with_its_line_and_the_next_step(
    first_status: dict[str, Any],
) -> None:
    (problem,) = first_status["problems"]

    assert problem["where"] == "apps/marketing/prod/newsletter.yaml:45"
    assert "tab" in problem["message"]
    assert problem["nextStep"]


def test_the_forbidden_kind_names_the_missing_right(first_status: dict[str, Any]) -> None:
    rows = [row for row in first_status["resources"] if (row["cluster"], row["kind"]) == ("prod-us", "Group")]

    assert len(rows) == 4
    for row in rows:
        assert "list" in row["places"]["cluster"]["causes"][0]
        assert "groups" in row["places"]["cluster"]["causes"][0]
