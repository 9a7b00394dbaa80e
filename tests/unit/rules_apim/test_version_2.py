"""APIs of version 2: what is sent to Management v1 and what Management v2 shows of it use other words.

No exchange with such an API was recorded: names and defaults are those of APIM's OpenAPI description, the
body is of the form that GKO was recorded to send.
"""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.model.changes import ABSENT, ChangeKind, path_text
from reconciler.model.verdicts import Verdict
from reconciler.rules import identity as ids
from tests.unit.rules_apim.described import Content, judged, put, told

CHANGED, ADDED, REMOVED = ChangeKind.CHANGED, ChangeKind.ADDED, ChangeKind.REMOVED
KIND = "ApiDefinition"
API_ID = "5347ff15-6dd7-4dce-abdb-502b6674de90"

SENT: Content = {
    "id": API_ID,
    "crossId": "c78014bd-2039-75a9-3b26-62cdb73877e9",
    "name": "Orders",
    "version": "1.0",
    "state": "STARTED",
    "visibility": "PRIVATE",
    "lifecycle_state": "CREATED",
    "gravitee": "2.0.0",
    "flow_mode": "DEFAULT",
    "definition_context": {"origin": "kubernetes", "mode": "fully_managed", "syncFrom": "KUBERNETES"},
    "tags": None,
    "labels": ["b", "a"],
    "groups": ["Support"],
    "notifyMembers": True,
    "proxy": {
        "virtual_hosts": [{"path": "/orders"}],
        "groups": [
            {
                "name": "default",
                "endpoints": [{"name": "one", "target": "https://one.example.org", "type": "http"}],
                "load_balancing": {"type": "ROUND_ROBIN"},
                "http": {"idleTimeout": 60000, "pipelining": False, "version": "HTTP_1_1"},
            }
        ],
        "strip_context_path": False,
        "preserve_host": False,
    },
    "flows": [{"name": "main", "path-operator": {"path": "/", "operator": "STARTS_WITH"}, "pre": []}],
    "plans": [
        {
            "id": "4bf43662-10bc-1c2e-c8de-638a25e7ea03",
            "name": "Gold",
            "security": "JWT",
            "securityDefinition": '{"signature": "RSA_RS256"}',
            "status": "PUBLISHED",
            "validation": "AUTO",
            "comment_required": True,
            "order": 1,
        }
    ],
    "pages": {"home": {"name": "Home", "type": "MARKDOWN", "content": "# Home", "api": API_ID}},
    "response_templates": {"DEFAULT": {"*/*": {"status": 418, "body": "tea"}}},
    "services": {"health-check": {"enabled": True, "schedule": "*/1 * * * * *"}},
}
SHOWN: Content = {
    "id": API_ID,
    "crossId": "c78014bd-2039-75a9-3b26-62cdb73877e9",
    "name": "Orders",
    "apiVersion": "1.0",
    "definitionVersion": "V2",
    "state": "STARTED",
    "deploymentState": "DEPLOYED",
    "visibility": "PRIVATE",
    "lifecycleState": "CREATED",
    "executionMode": "V3",
    "contextPath": "/orders",
    "flowMode": "DEFAULT",
    "originContext": {"origin": "KUBERNETES", "mode": "FULLY_MANAGED", "syncFrom": "KUBERNETES"},
    "labels": ["a", "b"],
    "groups": [ids.resource_id("DEFAULT", "DEFAULT", "shop-support")],
    "primaryOwner": {"displayName": "admin"},
    "proxy": {
        "virtualHosts": [{"path": "/orders", "overrideEntrypoint": False}],
        "groups": [
            {
                "name": "default",
                "endpoints": [
                    {"name": "one", "target": "https://one.example.org", "type": "http", "weight": 1}
                ],
                "loadBalancer": {"type": "ROUND_ROBIN"},
                "httpClientOptions": {"idleTimeout": 60000, "version": "HTTP_1_1", "maxHeaderSize": 8192},
            }
        ],
    },
    "flows": [
        {"name": "main", "id": "x", "pathOperator": {"path": "/", "operator": "STARTS_WITH"}, "enabled": True}
    ],
    "services": {"healthCheck": {"enabled": True, "schedule": "*/1 * * * * *"}},
    "responseTemplates": {"DEFAULT": {"*/*": {"statusCode": 418, "body": "tea"}}},
    "plans": [
        {
            "id": "4bf43662-10bc-1c2e-c8de-638a25e7ea03",
            "name": "Gold",
            "security": {"type": "JWT", "configuration": {"signature": "RSA_RS256"}},
            "status": "PUBLISHED",
            "validation": "AUTO",
            "commentRequired": True,
            "mode": "STANDARD",
        },
        {"name": "Old", "status": "CLOSED", "security": {"type": "KEY_LESS"}},
    ],
    "pages": [{"id": "1", "name": "Home", "type": "MARKDOWN", "content": "# Home", "published": False}],
}
KNOWN = {"group_hrids": {"Support": "shop-support"}}


def test_what_the_two_apis_say_in_other_words_is_no_difference() -> None:
    judgement = judged(SENT, SHOWN, KIND, body=KNOWN)
    assert judgement.verdict is Verdict.SYNCED, told(judgement)
    assert {one.rule for one in judgement.ignored} <= {"off-is-absent"}


EDITS: dict[str, tuple[str, Any, str, ChangeKind]] = {
    "version": ("apiVersion", "2.0", "spec.apiVersion", CHANGED),
    "state": ("state", "STOPPED", "spec.state", CHANGED),
    "path": ("proxy/virtualHosts/1", {"path": "/more"}, "spec.proxy.virtualHosts[/more]", ADDED),
    "target": (
        "proxy/groups/0/endpoints/0/target",
        "https://two.example.org",
        "spec.proxy.groups[default].endpoints[one].target",
        CHANGED,
    ),
    "timeout": (
        "proxy/groups/0/httpClientOptions/idleTimeout",
        1,
        "spec.proxy.groups[default].httpClientOptions.idleTimeout",
        CHANGED,
    ),
    "balancing": (
        "proxy/groups/0/loadBalancer/type",
        "RANDOM",
        "spec.proxy.groups[default].loadBalancer.type",
        CHANGED,
    ),
    "a switch": ("proxy/preserveHost", True, "spec.proxy.preserveHost", CHANGED),
    "a plan by hand": ("plans/1", {"name": "New", "status": "PUBLISHED"}, "spec.plans[New]", ADDED),
    "a plan's status": ("plans/0/status", "DEPRECATED", "spec.plans[Gold].status", CHANGED),
    "a plan's security": (
        "plans/0/security/configuration/signature",
        "HMAC",
        "spec.plans[Gold].security.configuration.signature",
        CHANGED,
    ),
    "a comment": ("plans/0/commentRequired", False, "spec.plans[Gold].commentRequired", CHANGED),
    "a page's text": ("pages/0/content", "# Other", "spec.pages[Home].content", CHANGED),
    "a flow by hand": ("flows/1", {"name": "more"}, "spec.flows[more]", ADDED),
    "a template": (
        "responseTemplates/DEFAULT/*~*/statusCode",
        500,
        'spec.responseTemplates.DEFAULT["*/*"].status',
        CHANGED,
    ),
    "a schedule": (
        "services/healthCheck/schedule", "0 0 * * * *", "spec.services.healthCheck.schedule", CHANGED,
    ),
    "a label": ("labels/2", "hand", "spec.labels[hand]", ADDED),
    "groups": ("groups", ABSENT, "spec.groups", REMOVED),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_is_told_at_its_place(name: str) -> None:
    place, value, path, how = EDITS[name]
    judgement = judged(SENT, put(SHOWN, place, value), KIND, body=KNOWN)
    assert judgement.verdict is Verdict.DRIFTED
    assert told(judgement) == {(path, how)}


def test_a_plan_closed_by_hand_is_missing() -> None:
    judgement = judged(SENT, put(SHOWN, "plans/0/status", "CLOSED"), KIND, body=KNOWN)
    assert told(judgement) == {("spec.plans", REMOVED)}


def test_groups_that_are_known_by_name_only_are_not_compared_and_that_is_said() -> None:
    judgement = judged(SENT, put(SHOWN, "groups", ["3f8c503a-322d-3ed3-854e-ebe1d395141b"]), KIND)
    assert judgement.verdict is Verdict.SYNCED
    assert ("spec.groups", "groups-by-id-only") in {
        (path_text(one.path), one.rule) for one in judgement.ignored
    }


def test_a_group_that_apim_does_not_know_is_left_out() -> None:
    warning = "Group [Support] could not be found in environment [DEFAULT]"
    assert judged(SENT, put(SHOWN, "groups", []), KIND, warned=(warning,)).verdict is Verdict.SYNCED
