"""What we write on objects is what the real operator wrote on them: every example, created and updated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from reconciler.rules.apim.standing_in.events import event_after, event_started
from reconciler.rules.apim.standing_in.local import config_map_for, is_config_map_of
from reconciler.rules.apim.standing_in.marks import marked
from reconciler.rules.apim.standing_in.status import status_after
from tests.unit.rules_apim.recorded import without_empty
from tests.unit.rules_apim.test_bodies_recorded import compared
from tests.unit.standing_in.recorded import Attempt, attempts, conditions

DEVIATIONS = {
    # The group was never accepted: GKO sends an empty id (and APIM refuses it), we wait for the group.
    "apim__api_definition__v4__api-v4-with-shared-policy-group",
    "apim__api_definition__v4__api-v4-with-shared-policy-group updated",
}


def _compared(shared_data: Path) -> list[Attempt]:
    found = [one for one in attempts(shared_data) if one.name not in DEVIATIONS]
    assert len(found) > 280
    return found


def test_the_status_of_every_example_is_the_operators(shared_data: Path) -> None:
    wrong: dict[str, Any] = {}
    for one in _compared(shared_data):
        recorded = one.after.get("status") or {}
        ours = status_after(one.before, one.told, one.after["metadata"]["generation"], 1_795_000_000)
        mine = {name: value for name, value in ours.items() if name != "conditions"}
        theirs = {name: value for name, value in recorded.items() if name not in ("conditions",)}
        theirs.pop("subscriptions", None)  # of the API and the application: counted from the subscriptions
        if mine != theirs or conditions(ours) != conditions(recorded):
            wrong[one.name] = (mine, theirs, conditions(ours), conditions(recorded))
    assert not wrong, next(iter(wrong.items()))


def test_conditions_say_what_the_operator_says(shared_data: Path) -> None:
    """Word for word; of a refusal as far as the place and APIM's message, without what was answered whole."""
    wrong = {}
    for one in _compared(shared_data):
        ours = status_after(one.before, one.told, 1, 0).get("conditions") or []
        recorded = {item["type"]: item for item in (one.after.get("status") or {}).get("conditions") or ()}
        for item in ours:
            if not recorded[item["type"]]["message"].startswith(item["message"]):
                wrong[one.name] = (item["message"], recorded[item["type"]]["message"])
    assert not wrong, next(iter(wrong.items()))


def test_finalizers_and_annotations_are_the_operators(shared_data: Path) -> None:
    wrong = {}
    for one in _compared(shared_data):
        if not one.told.accepted:
            continue
        metadata = marked(one.before, accepted=True)
        recorded = one.after["metadata"]
        if metadata.get("finalizers") != recorded.get("finalizers") or _named(metadata) != _named(recorded):
            wrong[one.name] = (metadata, recorded)
    assert not wrong, next(iter(wrong.items()))


def test_events_are_the_operators(shared_data: Path) -> None:
    wrong = {}
    for one in _compared(shared_data):
        ours = [event_started(one.before), event_after(one.before, one.told)]
        mine = [(e.type, e.reason, e.component) for e in ours if e is not None]
        theirs = [(e["type"], e["reason"], e["source"]["component"]) for e in one.events]
        if mine != list(dict.fromkeys(theirs)):
            wrong[one.name] = (mine, theirs)
    assert not wrong, next(iter(wrong.items()))


def test_config_maps_hold_what_the_operators_hold(shared_data: Path) -> None:
    compared_maps, wrong = 0, {}
    for one in _compared(shared_data):
        if not one.told.accepted:
            continue
        place = (one.told.organization or "DEFAULT", one.told.environment or "DEFAULT")
        ours = config_map_for(one.before, one.content, *place)
        if (ours is not None) != bool(one.config_maps):
            wrong[one.name] = "one of both has none"
        elif ours is not None and (difference := differing_config_maps(ours, one.config_maps[0])):
            wrong[one.name] = difference
        compared_maps += ours is not None
        assert ours is None or is_config_map_of(ours, one.before)
    assert not wrong, next(iter(wrong.items()))
    assert compared_maps > 60


def differing_config_maps(ours: dict[str, Any], theirs: dict[str, Any]) -> Any:
    for field in ("name", "namespace", "labels", "ownerReferences"):
        if ours["metadata"][field] != theirs["metadata"][field]:
            return field, ours["metadata"][field], theirs["metadata"][field]
    mine, other = dict(ours["data"]), dict(theirs["data"])
    definitions = [compared(json.loads(data.pop("definition"))) for data in (mine, other)]
    if definitions[0] != definitions[1]:
        differing = {
            key: (definitions[0].get(key), definitions[1].get(key))
            for key in {*definitions[0], *definitions[1]}
            if definitions[0].get(key) != definitions[1].get(key)
        }
        return without_empty(differing)
    return None if mine == other else (mine, other)


def _named(metadata: dict[str, Any]) -> dict[str, str]:
    """Annotations; of the hash only that it is there, for it is opaque (DOMAIN §2.2)."""
    notes = metadata.get("annotations") or {}
    return {key: len(value) if "hash" in key else value for key, value in notes.items()}
