"""The bodies that are made here against what the real operator sent for every example manifest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from reconciler.rules.apim.bodies import Body, body_for
from reconciler.rules.apim.identities import SENT_KINDS
from reconciler.rules.apim.references import Problems
from reconciler.rules.apim.xxh3 import legacy_id
from tests.unit.rules_apim.recorded import Cluster, golden, without_empty

DEVIATIONS = {
    # GKO sends a step with an empty id when the shared policy group was never accepted; we send nothing.
    "apim__api_definition__v4__api-v4-with-shared-policy-group": "not-ready",
}


def compared(body: dict[str, Any]) -> dict[str, Any]:
    """A body without nulls and empty values, its plans and pages in one order (GKO's is random)."""
    plain: dict[str, Any] = without_empty(json.loads(json.dumps(body)))
    for part in ("plans", "pages"):
        if isinstance(plain.get(part), list):
            plain[part] = sorted(plain[part], key=lambda item: (item.get("hrid") or "", item["name"]))
    return plain


def made(record: dict[str, Any]) -> Body | Problems:
    subject = json.loads(json.dumps(record["object"]))
    puts = [request for request in record["requests"] if request["method"] == "PUT"]
    if subject["kind"] == "ApiDefinition" and puts:
        subject["metadata"]["uid"] = puts[0]["body"]["id"]  # the recorder took uids away
    return body_for(subject, Cluster([*record["applied"], *(record.get("referenced") or ())]))


def test_the_body_of_every_example_is_what_the_operator_sent(shared_data: Path) -> None:
    wrong: dict[str, object] = {}
    equal = 0
    for name, record in golden(shared_data):
        puts = [request for request in record["requests"] if request["method"] == "PUT"]
        if record["object"]["kind"] not in SENT_KINDS or not puts:
            continue
        body = made(record)
        if isinstance(body, Problems):
            wrong[name] = body[0].cause
            continue
        sent, place = puts[0], body.identity.place
        api = "/management" if body.management_v1 else "/automation"
        path = f"{api}/organizations/{place.organization}/environments/{place.environment}/{body.collection}"
        assert path == sent["path"], name
        assert set(body.uuids) <= {tuple(part.split("=")) for part in sent["query"].split("&")}, name
        if compared(body.content) == compared(sent["body"]):
            equal += 1
        else:
            wrong[name] = "differs"
    assert wrong == DEVIATIONS
    assert equal == 119


def test_nothing_is_made_where_the_operator_sends_nothing(shared_data: Path) -> None:
    silent = {
        name: made(record)
        for name, record in golden(shared_data)
        if record["object"]["kind"] in SENT_KINDS
        and not any(request["method"] == "PUT" for request in record["requests"])
    }
    assert len(silent) >= 7
    for name, body in silent.items():
        assert isinstance(body, Problems), name
        assert [problem.cause for problem in body] == ["no-context"], name


SCENARIO_DEVIATIONS = {
    # Both objects have one HRID: the last request was the other one's.
    ("hrid-collision", "hc-a/b-c", "c"): "differs",
    # The group went after the API had been sent.
    ("group-reference-missing", "group deleted while referenced", "api"): "differs",
    # The group was accepted only after the API had been sent with an empty id; or never.
    ("spg-fails-and-api-refers", "API refers to it", "api"): "not-ready",
    ("spg-fails-and-api-refers", "group accepted", "api"): "differs",
    ("spg-referenced-before-it-exists", "group created", "api"): "differs",
    ("spg-referenced-before-it-exists", "group changed", "api"): "differs",
    ("spg-referenced-before-it-exists", "group deleted while in use", "api"): "differs",
}


def test_the_bodies_of_the_scenarios_last_requests_are_equal_too(shared_data: Path) -> None:
    """The objects of a step are those at its end, so only its last request can be compared."""
    equal = 0
    wrong: dict[tuple[str, str, str], str] = {}
    for path in sorted((shared_data / "golden" / "scenarios").glob("*.json")):
        known: dict[str, dict[str, Any]] = {}
        for step in json.loads(path.read_text())["steps"]:
            known |= {_named(item): item for item in step.get("applied") or ()}
            for name, item in (step.get("objects") or {}).items():
                known[name] = item
            known = {name: item for name, item in known.items() if item}
            for subject in [item for item in (step.get("objects") or {}).values() if item]:
                sent = [r for r in step.get("requests") or [] if _is_put_of(r, subject)]
                if not sent:
                    continue
                body = body_for(subject, Cluster(known.values()))
                if isinstance(body, Body) and compared(body.content) == compared(sent[-1]["body"]):
                    equal += 1
                else:
                    name = subject["metadata"]["name"]
                    why = body[0].cause if isinstance(body, Problems) else "differs"
                    wrong[path.stem, step["step"], name] = why
    assert wrong == SCENARIO_DEVIATIONS
    assert equal > 180


def _named(item: dict[str, Any]) -> str:
    metadata = item["metadata"]
    return f"{item['kind']}/{metadata.get('namespace', 'default')}/{metadata['name']}"


def _is_put_of(request: dict[str, Any], subject: dict[str, Any]) -> bool:
    if request["method"] != "PUT" or not isinstance(request.get("body"), dict):
        return False
    name = f"{subject['metadata'].get('namespace', 'default')}-{subject['metadata']['name']}"
    kind = {"ApiV4Definition": "/apis", "Application": "/applications", "Group": "/groups"}
    ends = kind.get(subject["kind"])
    return bool(ends and request["path"].endswith(ends) and request["body"].get("hrid") == name)


def test_the_ids_that_the_operator_makes_up_are_computed_offline() -> None:
    assert legacy_id("default/api-with-notification") == "d5cb18d7-5464-6d85-099b-7da324a5c613"
    assert legacy_id("53bd87b4-d39f-46c1-bbd3-c851a4d80f67KeyLess") == "e367099b-fd5d-06c4-5807-4bb296dac985"
