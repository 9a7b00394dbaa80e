"""What is written on the things that a resource uses is what the real operator wrote there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reconciler.rules.apim.standing_in.marks import source_marked
from reconciler.rules.apim.standing_in.status import subscriptions_on

BETTER = {
    # A context moved from one Secret to the other: GKO leaves the finalizer on the first, and puts none on
    # the second (DOMAIN §10.8).
    ("context-secret", "one"),
    ("context-secret", "two"),
    # A spec dropped its template, and GKO's mark stays (DOMAIN §10.7).
    ("template-configmap", "tpl"),
    # What a failing resource waits for is marked before the resource has had success.
    ("context-secret-missing", "cred"),
    ("template-secret-missing-and-present", "tpl"),
}
"""Where ours differ. Everywhere else they are equal."""
RECOUNTED = {("api-deleted-under-subscription", "api")}
"""The API was made anew under a subscription: GKO had added one to the old object only."""


def test_secrets_and_config_maps_carry_the_operators_marks(shared_data: Path) -> None:
    wrong: dict[tuple[str, str], Any] = {}
    marked = 0
    for name, fresh, objects in _moments(shared_data):
        for obj in fresh:
            if obj["kind"] not in ("Secret", "ConfigMap"):
                continue
            bare = {key: value for key, value in obj["metadata"].items() if key != "finalizers"}
            bare.pop("annotations", None)
            ours = source_marked({**obj, "metadata": bare}, objects)
            theirs = obj["metadata"]
            marked += bool(theirs.get("finalizers"))
            mine = (ours.get("finalizers") or [], ours.get("annotations") or {})
            if mine != (theirs.get("finalizers") or [], theirs.get("annotations") or {}):
                wrong[name, theirs["name"]] = (mine, theirs)
    assert wrong.keys() == BETTER, wrong
    assert marked > 15


def test_subscriptions_are_counted_as_the_operator_counts_them(shared_data: Path) -> None:
    wrong, counted = {}, 0
    for name, fresh, objects in _moments(shared_data):
        subscriptions = [one for one in objects if one["kind"] == "Subscription"]
        for obj in fresh:
            if obj["kind"] not in ("ApiV4Definition", "ApiDefinition", "Application"):
                continue
            theirs = (obj.get("status") or {}).get("subscriptions", 0)
            ours = subscriptions_on(obj, subscriptions)
            counted += theirs > 0
            if ours != theirs:
                wrong[name, obj["metadata"]["name"]] = (ours, theirs)
    assert wrong.keys() == RECOUNTED, wrong
    assert counted >= 8


_Objects = list[dict[str, Any]]


def _moments(shared_data: Path) -> Iterator[tuple[str, _Objects, _Objects]]:
    """The objects recorded at the end of each example and step, and with them all that still exist."""
    for path in sorted((shared_data / "golden" / "examples").glob("*.json")):
        record = json.loads(path.read_text())
        if record.get("object"):
            objects = [record["object"], *(record.get("referenced") or ())]
            yield path.stem, objects, objects
    for path in sorted((shared_data / "golden" / "scenarios").glob("*.json")):
        known: dict[str, Any] = {}
        for step in json.loads(path.read_text())["steps"]:
            fresh = step.get("objects") or {}
            known |= fresh
            there = [one for one in known.values() if one]
            yield path.stem, [one for one in fresh.values() if one], there
