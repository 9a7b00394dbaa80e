"""What a failure leaves in the status is what the real operator left: every failure of every scenario."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from reconciler.rules.apim.bodies import body_for
from reconciler.rules.apim.identities import identity_of
from reconciler.rules.apim.references import Problems, Unresolved
from reconciler.rules.apim.standing_in.deleting import held
from reconciler.rules.apim.standing_in.local import goes_nowhere, local_body
from reconciler.rules.apim.standing_in.marks import template_sources
from reconciler.rules.apim.standing_in.retrying import Again, Parked, retry_of
from reconciler.rules.apim.standing_in.silent import looked_through, sends_nothing
from reconciler.rules.apim.standing_in.status import status_after
from reconciler.rules.apim.standing_in.told import (
    Told,
    failed,
    refused,
    unanswered,
    unresolved,
)
from tests.unit.rules_apim.recorded import Cluster
from tests.unit.standing_in.recorded import conditions

BETTER = {
    # Its Secret was there again, or had the key; GKO had parked the resource and never looked again.
    ("template-secret-missing-and-present", "secret has the key"),
    # The API was there again; GKO tries at intervals that double, and its deletion still stood still.
    ("api-deleted-under-subscription", "API created again"),
}


def test_every_recorded_failure_leaves_the_status_that_ours_does(shared_data: Path) -> None:
    wrong: dict[tuple[str, str, str], Any] = {}
    seen: Counter[str] = Counter()
    for scenario, step, obj, beside in _failures(shared_data):
        told = _told(obj, beside)
        where = (scenario, step, obj["kind"])
        if told is None:
            wrong[where] = "nothing stands in its way"
            continue
        recorded = obj["status"]
        ours = status_after(_before(obj), told, obj["metadata"]["generation"], 1_795_000_000)
        mine = {name: value for name, value in ours.items() if name != "conditions"}
        theirs = {name: value for name, value in recorded.items() if name != "conditions"}
        seen[conditions(recorded)["Accepted"][1]] += 1
        if mine != theirs or conditions(ours) != conditions(recorded):
            wrong[where] = (mine, theirs, conditions(ours), conditions(recorded))
    assert {where[:2] for where in wrong} == BETTER, wrong
    assert seen["ControlPlaneError"] > 70
    assert seen["ReconcileFailed"] > 40
    assert seen["IllegalStateError"] == 2


def test_no_recorded_failure_is_given_up_for_ever(shared_data: Path) -> None:
    """GKO parks on a missing key and on wrong credentials, and nothing wakes them (DOMAIN §10.7, §10.8)."""
    parked = 0
    for _, _, obj, beside in _failures(shared_data):
        told = _told(obj, beside)
        again = retry_of(told) if told is not None else Again(0)
        if isinstance(again, Parked):
            parked += 1
            its_spec = told is not None and told.failure is not None and told.failure.status == 400
            illegal = conditions(obj["status"])["Accepted"][1] == "IllegalStateError"
            assert its_spec or illegal or again.woken_by or again.look_again_s, (obj["metadata"], again)
    assert parked > 20


def _failures(shared_data: Path) -> Iterator[tuple[str, str, dict[str, Any], list[dict[str, Any]]]]:
    """(scenario, step, object, all objects then) wherever an object was not accepted."""
    for path in sorted((shared_data / "golden" / "scenarios").glob("*.json")):
        known: dict[str, dict[str, Any]] = {}
        for step in json.loads(path.read_text())["steps"]:
            known |= {_named(item): item for item in step.get("applied") or ()}
            known |= step.get("objects") or {}
            known = {name: item for name, item in known.items() if item}
            for obj in (step.get("objects") or {}).values():
                if obj and conditions(obj.get("status") or {}).get("Accepted", ("True",))[0] == "False":
                    yield path.stem, step["step"], obj, list(known.values())


def _told(obj: dict[str, Any], beside: Iterable[dict[str, Any]]) -> Told | None:
    """What ours is told of the same attempt; APIM's answer is taken from the operator's message."""
    cluster = Cluster(beside)
    said = next(item["message"] for item in obj["status"]["conditions"] if item["type"] == "Accepted")
    deleting = bool(obj["metadata"].get("deletionTimestamp"))
    if answered := re.match(r"request \[(\w+)\] (\S+) failed with status (\d+)", said):
        return failed(refused(answered[1], answered[2], int(answered[3]), []), deleting=deleting)
    if silent := re.match(r"unable to perform request \[(\w+)\] (\S+):", said):
        return failed(unanswered(silent[1], silent[2], "it did not answer"), deleting=deleting)
    if deleting:
        failure = held(obj, beside)
        if failure is None:
            try:
                identity_of(obj, cluster)
            except Unresolved as problem:
                failure = unresolved(Problems((problem.problem,)), obj["kind"])
        return None if failure is None else failed(failure, deleting=True)
    if sends_nothing(obj):
        return looked_through(obj, cluster)
    known = {**obj, "metadata": {**obj["metadata"], "uid": "u-1"}}
    body = local_body(known, cluster) if goes_nowhere(obj) else body_for(known, cluster)
    if not isinstance(body, Problems):
        return _through_its_context(obj, beside, cluster)
    return failed(unresolved(body, obj["kind"], {str(source) for source in template_sources(obj)}))


def _through_its_context(
    obj: dict[str, Any], beside: Iterable[dict[str, Any]], cluster: Cluster
) -> Told | None:
    """A context whose Secret is missing fails whoever sends through it."""
    name = (obj["spec"].get("contextRef") or {}).get("name")
    for context in beside:
        if context["kind"] == "ManagementContext" and context["metadata"]["name"] == name:
            told = looked_through(context, cluster)
            return None if told.accepted else told
    return None


def _before(obj: dict[str, Any]) -> dict[str, Any]:
    """The object without what the attempt wrote."""
    status = obj["status"]
    kept = {name: value for name, value in status.items() if name not in ("processingStatus", "errors")}
    kept["conditions"] = [one for one in status["conditions"] if one["type"] == "AutomationAPIManaged"]
    return {**obj, "status": kept}


def _named(item: dict[str, Any]) -> str:
    metadata = item["metadata"]
    return f"{item['kind']}/{metadata.get('namespace', 'default')}/{metadata['name']}"
