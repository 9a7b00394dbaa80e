"""The ConfigMap of an API that gateways take from the cluster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from reconciler.rules.apim.bodies import Body, body_for
from reconciler.rules.apim.references import Problems
from reconciler.rules.apim.standing_in.local import (
    config_map_for,
    goes_nowhere,
    is_config_map_of,
    local_body,
    wants_config_map,
)
from tests.unit.rules_apim.recorded import Cluster
from tests.unit.standing_in.test_recorded_marks import differing_config_maps

_SPEC = {
    "name": "pets",
    "version": "1.0",
    "type": "PROXY",
    "state": "STARTED",
    "definitionContext": {"origin": "KUBERNETES", "syncFrom": "KUBERNETES"},
    "listeners": [
        {"type": "HTTP", "paths": [{"path": "/pets"}], "entrypoints": [{"type": "http-proxy", "qos": "AUTO"}]}
    ],
    "flows": [{"selectors": [{"type": "HTTP", "pathOperator": "STARTS_WITH"}], "enabled": True}],
    "plans": {"Free": {"name": "Free plan", "status": "PUBLISHED", "security": {"type": "KEY_LESS"}}},
}


def api(**changes: Any) -> dict[str, Any]:
    return {
        "apiVersion": "gravitee.io/v1alpha1",
        "kind": "ApiV4Definition",
        "metadata": {"namespace": "ns", "name": "pets", "uid": "u-1"},
        "spec": {**_SPEC, **changes},
    }


def definition(config_map: dict[str, Any] | None) -> Any:
    assert config_map is not None
    return json.loads(config_map["data"]["definition"])


def made(obj: dict[str, Any]) -> Body:
    body = local_body(obj, Cluster([]))
    assert isinstance(body, Body)
    return body


def test_gateways_find_their_own_words() -> None:
    config_map = config_map_for(api(), made(api()).content)
    read = definition(config_map)
    assert (read["type"], read["definitionVersion"], read["apiVersion"]) == ("proxy", "4.0.0", "1.0")
    assert read["listeners"][0]["type"] == "http"
    assert read["listeners"][0]["entrypoints"][0]["qos"] == "auto"
    assert read["flows"][0]["selectors"][0] == {"type": "http", "pathOperator": "STARTS_WITH"}
    (plan,) = read["plans"]
    assert (plan["name"], plan["status"], plan["security"]) == ("Free", "published", {"type": "key-less"})
    assert read["id"] and plan["id"]


def test_a_config_map_is_known_as_its_apis() -> None:
    config_map = config_map_for(api(), made(api()).content)
    assert config_map is not None
    assert is_config_map_of(config_map, api())
    other = api()
    other["metadata"]["name"] = "other"
    assert not is_config_map_of(config_map, other)
    by_hand = {**config_map, "metadata": {**config_map["metadata"], "labels": {}}}
    assert not is_config_map_of(by_hand, api())


def test_a_stopped_api_has_none() -> None:
    assert not wants_config_map(api(state="STOPPED"))
    assert config_map_for(api(state="STOPPED"), {}) is None


def test_an_api_that_goes_to_apim_has_none() -> None:
    turned = api(definitionContext={"syncFrom": "MANAGEMENT"}, contextRef={"name": "ctx"})
    assert not goes_nowhere(turned)
    assert not wants_config_map(turned)


def test_an_api_that_is_to_come_from_an_apim_it_does_not_name_is_nowhere() -> None:
    astray = api(definitionContext={"syncFrom": "MANAGEMENT"})
    assert goes_nowhere(astray)
    assert not wants_config_map(astray)


def test_a_version_2_api_without_context_has_to_be_local() -> None:
    obj = {**api(local=False, plans=[]), "kind": "ApiDefinition"}
    problems = local_body(obj, Cluster([]))
    assert isinstance(problems, Problems)
    assert problems[0].cause == "no-context"
    assert made({**obj, "spec": {**obj["spec"], "local": True}}).identity.id == "u-1"


LEFT_BEHIND = {
    # GKO leaves the ConfigMap where an API turns to APIM (DOMAIN §10.13).
    ("sync-from-kubernetes", "syncFrom MANAGEMENT"),
    ("v2-local", "local false"),
}
NOT_RESTORED = {("sync-from-kubernetes", "ConfigMap deleted by hand")}


def test_config_maps_of_the_scenarios_are_the_operators(shared_data: Path) -> None:
    compared, extra, lacking, wrong = 0, set(), set(), {}
    for scenario in ("sync-from-kubernetes", "sync-from-kubernetes-without-context", "v2-local"):
        record = json.loads((shared_data / "golden" / "scenarios" / f"{scenario}.json").read_text())
        known: dict[str, Any] = {}
        for step in record["steps"]:
            known |= step["objects"]
            there = {item["metadata"]["name"]: item for item in _maps(step)}
            cluster = Cluster([item for item in known.values() if item])
            for obj in (item for item in step["objects"].values() if item):
                name = obj["metadata"]["name"]
                ours = _config_map(obj, cluster)
                if ours is None and name in there:
                    extra.add((scenario, step["step"]))
                elif ours is not None and name not in there:
                    lacking.add((scenario, step["step"]))
                elif ours is not None:
                    compared += 1
                    if difference := differing_config_maps(ours, there[name]):
                        wrong[scenario, step["step"]] = difference
    assert not wrong
    assert (extra, lacking) == (LEFT_BEHIND, NOT_RESTORED)
    assert compared >= 8


def _maps(step: dict[str, Any]) -> list[dict[str, Any]]:
    maps = step.get("configmaps") or []
    return list(maps.values()) if isinstance(maps, dict) else maps


def _config_map(obj: dict[str, Any], cluster: Cluster) -> dict[str, Any] | None:
    if obj["kind"] not in ("ApiV4Definition", "ApiDefinition") or not obj["metadata"].get("finalizers"):
        return None
    known = {**obj, "metadata": {**obj["metadata"], "uid": (obj.get("status") or {}).get("id")}}
    if not wants_config_map(obj):
        return None
    body = local_body(known, cluster) if goes_nowhere(obj) else body_for(known, cluster)
    assert isinstance(body, Body)
    return config_map_for(obj, body.content)
