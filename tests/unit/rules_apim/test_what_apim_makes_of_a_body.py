"""Whatever APIM does to a body by itself is no difference; a real change of the same field is one.

One case for every item of DOMAIN §9, "PUT then GET". Each is judged three times: as APIM returns it, with a
change by hand on the right, and with the same change on the left.
"""

from __future__ import annotations

import pytest

from reconciler.model.changes import ABSENT
from reconciler.model.verdicts import Verdict
from tests.unit.rules_apim.cases import ADDED, CASES, CHANGED, LOST, REMOVED
from tests.unit.rules_apim.described import API, judged, put, told


@pytest.mark.parametrize("name", CASES)
def test_what_apim_makes_of_it_is_no_difference(name: str) -> None:
    case = CASES[name]
    judgement = judged(put(API, case.place, case.sent), put(API, case.place, case.held))
    assert judgement.verdict is Verdict.SYNCED, told(judgement)


@pytest.mark.parametrize("name", CASES)
def test_a_change_of_it_by_hand_is_told(name: str) -> None:
    case = CASES[name]
    judgement = judged(put(API, case.place, case.sent), put(API, case.place, case.edited))
    assert judgement.verdict is Verdict.DRIFTED
    assert told(judgement) == {(case.path, case.how)}


@pytest.mark.parametrize("name", CASES)
def test_the_same_change_on_its_way_is_told(name: str) -> None:
    case = CASES[name]
    judgement = judged(put(API, case.place, case.edited), put(API, case.place, case.held))
    back = {CHANGED: CHANGED, ADDED: REMOVED, REMOVED: ADDED}[case.how]
    expected = {(case.path, back)}
    if case.path.endswith(".entrypointConnect"):  # no body of GKO's can carry it: see LOST
        assert judgement.verdict is Verdict.SYNCED
        assert [one.rule for one in judgement.ignored] == ["connect-phase-not-kept"]
    else:
        assert told(judgement) == expected


@pytest.mark.parametrize("name", LOST)
def test_what_apim_does_not_keep_is_no_difference(name: str) -> None:
    place, value = LOST[name]
    held = put(API, place, ABSENT)
    assert judged(put(API, place, value), held).verdict is Verdict.SYNCED


_OF_ITS_OWN = (
    "id",
    "crossId",
    "environmentId",
    "organizationId",
    "errors",
    "primaryOwner",
    "plans/0/id",
    "pages/0/id",
    "portalNavigation",
)


@pytest.mark.parametrize("place", _OF_ITS_OWN)
def test_what_apim_adds_of_its_own_is_no_difference(place: str) -> None:
    assert judged(API, put(API, place, "3f8c503a-322d-3ed3-854e-ebe1d395141b")).verdict is Verdict.SYNCED


def test_a_field_that_nobody_knows_is_told_where_apim_shows_it() -> None:
    assert told(judged(API, {**API, "someNewSwitch": True})) == {("spec.someNewSwitch", ADDED)}


def test_a_null_or_nothing_inside_what_belongs_to_a_plugin_is_told() -> None:
    place = "resources/0/configuration"
    assert told(judged(API, put(API, place, {"timeToLiveSeconds": 4, "mode": ""}))) == {
        ("spec.resources[cache].configuration.mode", ADDED)
    }
    assert told(judged(API, put(API, place, {"timeToLiveSeconds": None}))) == {
        ("spec.resources[cache].configuration.timeToLiveSeconds", CHANGED)
    }


def test_the_case_of_a_path_counts() -> None:
    held = put(API, "listeners/0/paths/0/path", "/Orders/")
    assert told(judged(API, held)) == {
        ("spec.listeners[HTTP].paths[shop.example.org//Orders/]", ADDED),
        ("spec.listeners[HTTP].paths[shop.example.org//orders/]", REMOVED),
    }


def test_a_property_that_asks_to_be_encrypted_may_read_back_as_a_cipher() -> None:
    sent = put(API, "properties/0", {"key": "limit", "value": "10", "encryptable": True})
    held = put(API, "properties/0", {"key": "limit", "value": "c2VhbGVk", "encryptable": False})
    judgement = judged(sent, held)
    assert judgement.verdict is Verdict.SYNCED
    assert {one.rule for one in judgement.ignored} == {"property-is-encrypted"}
    gone = judged(sent, put(API, "properties", []))
    assert told(gone) == {("spec.properties", REMOVED)}
    other = judged(API, put(API, "properties/0/value", "11"))
    assert told(other) == {("spec.properties[limit].value", CHANGED)}
