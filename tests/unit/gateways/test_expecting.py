"""What pods should run, read from an API's events or from its ConfigMap, whatever state those are in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.gateways.expecting import expectation_of_config_map, expectation_of_events
from reconciler.gateways.facts import deployed_api
from reconciler.gateways.folding import PodView, comparing, judge_pod
from reconciler.model.verdicts import Verdict
from tests.unit.gateways.fake_gateway import definition

DEEP = '{"definition": ' + '{"a": ' * 300 + "1" + "}" * 301


def event(kind: str, at: str, number: str = "1", **changes: Any) -> dict[str, Any]:
    payload = json.dumps({"id": "orders", "definition": json.dumps(definition("orders", tags=["internal"]))})
    known = {
        "type": kind,
        "createdAt": at,
        "environmentIds": ["DEFAULT"],
        "payload": payload,
        "properties": {"API_ID": "orders", "DEPLOYMENT_NUMBER": number},
    }
    return known | changes


def test_the_newest_event_that_concerns_gateways_counts() -> None:
    wanted = expectation_of_events(
        "orders",
        [
            event("PUBLISH_API", "2026-11-22T12:00:00Z", "1"),
            event("PUBLISH_API", "2026-11-22T12:30:00.5Z", "2"),
            event("GATEWAY_STARTED", "2026-11-22T13:00:00Z", "9"),
        ],
        read_at=5.0,
        environments=["default"],
    )
    assert wanted is not None
    assert (wanted.revision, wanted.published_at, wanted.started) == ("2", 1795350600.5, True)
    assert wanted.tags == ("internal",)
    assert wanted.environments == {"DEFAULT", "default"}
    assert wanted.definition == definition("orders", tags=["internal"])


@pytest.mark.parametrize(("last", "started"), [("STOP_API", False), ("START_API", True)])
def test_a_stop_or_start_after_the_deployment_counts(last: str, started: bool) -> None:
    events = [event("PUBLISH_API", "2026-11-22T12:00:00Z"), event(last, "2026-11-22T12:01:00Z")]
    wanted = expectation_of_events("orders", events, read_at=5.0)
    assert wanted is not None
    assert wanted.started is started


def test_an_api_that_was_never_published_expects_nothing() -> None:
    assert expectation_of_events("orders", [], read_at=5.0) is None
    other = event("PUBLISH_API", "2026-11-22T12:00:00Z", properties={"API_ID": "stock"})
    assert expectation_of_events("orders", [other], read_at=5.0) is None


@pytest.mark.parametrize(
    "payload", [None, "", "{", "[]", '{"definition": "{"}', '{"definition": 3}', 7, DEEP]
)
def test_a_payload_that_cannot_be_read_leaves_the_definition_unknown(payload: object) -> None:
    broken = event("PUBLISH_API", "not an instant", "4", payload=payload)
    wanted = expectation_of_events("orders", [broken], read_at=5.0)
    assert wanted is not None
    assert (wanted.revision, wanted.definition, wanted.published_at) == ("4", None, 0.0)


def test_the_recorded_events_of_a_real_server_are_read(shared_data: Path) -> None:
    file = shared_data / "exchanges" / "12b-v2-api-events.json"
    events = json.loads(file.read_text())["response"]["body"]["data"]
    wanted = expectation_of_events("3ced8d79-8fb5-32e8-aaf5-e0c9893935e4", events, read_at=5.0)
    assert wanted is not None
    assert (wanted.revision, wanted.started, wanted.tags) == ("2", True, ())
    assert wanted.published_at == pytest.approx(1795350578.921)


# -- local ConfigMap mode ----------------------------------------------------------------------


def config_map(**changes: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "name": "orders",
            "resourceVersion": "88123",
            "creationTimestamp": "2026-11-22T12:00:00Z",
            "managedFields": [{"time": "2026-11-22T12:30:00Z"}],
        },
        "data": {
            "definition": json.dumps(definition("orders")),
            "environmentId": "DEFAULT",
            "organizationId": "DEFAULT",
            "apiDefinitionVersion": "4.0.0",
        },
    } | changes


def test_a_config_map_is_judged_by_its_resource_version() -> None:
    wanted = expectation_of_config_map(config_map(), read_at=5.0)
    assert wanted is not None
    assert (wanted.api_id, wanted.revision, wanted.sync_from) == ("orders", "88123", "KUBERNETES")
    assert wanted.published_at == 1795350600.0
    body = {"definition": definition("orders", tags=[], flows=[]), "revision": "88123", "deployedAt": 1}
    runs = deployed_api("orders", body, b"")
    now = 1795360000.0
    view = PodView("edge", "gw-0", None, (), frozenset({"orders"}), now, {"orders": runs}, {"orders": now})
    assert judge_pod(wanted, "orders", view, comparing(b"k")).verdict is Verdict.SYNCED


@pytest.mark.parametrize("data", [None, {}, {"definition": "{"}, {"definition": "{}"}, {"definition": 4}])
def test_a_config_map_without_a_definition_expects_nothing(data: object) -> None:
    assert expectation_of_config_map(config_map(data=data), read_at=5.0) is None
