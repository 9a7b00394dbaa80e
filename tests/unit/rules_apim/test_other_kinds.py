"""What APIM does by itself to bodies of the other kinds (DOMAIN §9), each with a real change beside it."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.model.changes import ABSENT, ChangeKind
from reconciler.model.verdicts import Verdict
from tests.unit.rules_apim.described import Content, judged, put, told

CHANGED, ADDED, REMOVED = ChangeKind.CHANGED, ChangeKind.ADDED, ChangeKind.REMOVED

BODIES: dict[str, Content] = {
    "Application": {
        "hrid": "shop-app",
        "name": "App",
        "description": "an app",
        "settings": {"oauth": {"applicationType": "WEB", "grantTypes": ["implicit", "code"]}},
        "metadata": [{"name": "Cost Center", "format": "STRING", "value": "7"}],
    },
    "Subscription": {
        "hrid": "shop-sub",
        "applicationHrid": "shop-app",
        "planHrid": "gold",
        "endingAt": "2027-01-01T01:00:00+01:00",
    },
    "SharedPolicyGroup": {
        "hrid": "shop-headers",
        "name": "Headers",
        "apiType": "PROXY",
        "phase": "REQUEST",
        "steps": [{"name": "a", "policy": "mock"}, {"name": "b", "policy": "mock"}],
    },
    "Group": {
        "hrid": "shop-team",
        "name": "Team",
        "members": [{"source": "memory", "sourceId": "ann", "roles": {"API": "OWNER"}}],
    },
    "Dictionary": {
        "hrid": "shop-words",
        "name": "Words",
        "deployed": True,
        "type": "MANUAL",
        "manual": {"properties": {"b": "2", "a": "1"}},
    },
    "Portal": {
        "hrid": "shop-portal",
        "name": "Portal",
        "navigation": [{"path": "/a", "displayName": "A", "order": 1}],
    },
    "PortalListing": {
        "hrid": "shop-list",
        "apis": [{"apiHrid": "shop-orders", "location": "/a", "order": 1}],
    },
    "PortalLink": {"hrid": "shop-link", "name": "Link", "target": "https://example.org"},
    "Documentation": {"hrid": "shop-doc", "name": "Doc", "type": "GRAVITEE_MARKDOWN", "content": "# Doc"},
}
_PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"


def _certificate(content: str, ends: str) -> Content:
    return {"clientCertificates": [{"name": "c", "content": content, "endsAt": ends}]}


# kind, place, what is sent, what APIM returns, what a person makes of it, the path that is told, how
CASES: dict[str, tuple[str, str, Any, Any, Any, str, ChangeKind]] = {
    "an application is active": (
        "Application", "status", ABSENT, "ACTIVE", "ARCHIVED", "spec.status", CHANGED,
    ),
    "an application's members are not notified": (
        "Application", "notifyMembers", ABSENT, False, True, "spec.notifyMembers", CHANGED,
    ),
    "an application without groups": ("Application", "groups", ABSENT, [], ["g"], "spec.groups", ADDED),
    "an application without members": (
        "Application", "members", ABSENT, [], [{"source": "m", "sourceId": "s", "role": "USER"}],
        "spec.members", ADDED,
    ),
    "an application without settings": (
        "Application", "settings", ABSENT, {"app": {}}, {"app": {"type": "web"}}, "spec.settings", ADDED,
    ),
    "the case of an application's type": (
        "Application", "settings/oauth/applicationType", "WEB", "web", "native",
        "spec.settings.oauth.applicationType", CHANGED,
    ),
    "grants in another order": (
        "Application", "settings/oauth/grantTypes", ["implicit", "code"], ["code", "implicit"], ["code"],
        "spec.settings.oauth.grantTypes[implicit]", REMOVED,
    ),
    "the key of an application's metadata": (
        "Application", "metadata/0/key", ABSENT, "cost-center", ABSENT, "", CHANGED,
    ),
    "the value of an application's metadata": (
        "Application", "metadata/0/value", "7", "7", "8", "spec.metadata[Cost Center].value", CHANGED,
    ),
    "line ends around a certificate": (
        "Application", "settings/tls",
        _certificate(f"{_PEM}\n", "2027-01-01T00:00:00Z"),
        _certificate(_PEM, "2027-01-01T00:00:00.000+00:00"),
        _certificate(_PEM, "2028-01-01T00:00:00Z"),
        "spec.settings.tls.clientCertificates[c].endsAt", CHANGED,
    ),
    "an instant in another zone": (
        "Subscription", "endingAt", "2027-01-01T01:00:00+01:00", "2027-01-01T00:00:00Z",
        "2027-01-02T00:00:00Z", "spec.endingAt", CHANGED,
    ),
    "a subscription without metadata": (
        "Subscription", "metadata", ABSENT, {}, {"a": "b"}, "spec.metadata", ADDED,
    ),
    "the plan of a subscription": (
        "Subscription", "planHrid", "gold", "gold", "free", "spec.planHrid", CHANGED,
    ),
    "steps of a group are on": (
        "SharedPolicyGroup", "steps/0/enabled", ABSENT, True, False, "spec.steps[0].enabled", CHANGED,
    ),
    "a role in integrations": (
        "Group", "members/0/roles", {"API": "OWNER"}, {"INTEGRATION": "USER", "API": "OWNER"},
        {"INTEGRATION": "USER", "API": "USER"}, "spec.members[memory/ann].roles.API", CHANGED,
    ),
    "words come back sorted": (
        "Dictionary", "manual/properties", {"b": "2", "a": "1"}, {"a": "1", "b": "2"}, {"a": "1", "b": "3"},
        "spec.manual.properties.b", CHANGED,
    ),
    "a dictionary that is undeployed": (
        "Dictionary", "deployed", True, True, False, "spec.deployed", CHANGED,
    ),
    "the number of an entry": ("Portal", "navigation/0/order", 1, ABSENT, ABSENT, "", CHANGED),
    "the title of an entry": (
        "Portal", "navigation/0/displayName", "A", "A", "B", "spec.navigation[/a].displayName", CHANGED,
    ),
    "the order of a listing": (
        "PortalListing", "apis/0/order", 1, 1, 2, "spec.apis[shop-orders//a].order", CHANGED,
    ),
    "the target of a link": (
        "PortalLink", "target", "https://example.org", "https://example.org", "https://example.com",
        "spec.target", CHANGED,
    ),
    "the place of a document": (
        "Documentation", "area", ABSENT, "TOP_NAVBAR", "HOMEPAGE", "spec.area", ADDED,
    ),
    "the text of a document": (
        "Documentation", "content", "# Doc", "# Doc", "# Other", "spec.content", CHANGED,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_apim_makes_of_it_is_no_difference(name: str) -> None:
    kind, place, sent, held, *_ = CASES[name]
    base = BODIES[kind]
    assert told(judged(put(base, place, sent), put(base, place, held), kind)) == set()


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case[5]])
def test_a_change_of_it_by_hand_is_told(name: str) -> None:
    kind, place, sent, _, edited, path, how = CASES[name]
    base = BODIES[kind]
    judgement = judged(put(base, place, sent), put(base, place, edited), kind)
    assert told(judgement) == {(path, how)}
    assert judgement.verdict is Verdict.DRIFTED


@pytest.mark.parametrize("kind", BODIES)
def test_ids_and_places_are_no_difference(kind: str) -> None:
    of_its_own = {
        "id": "3f8c503a-322d-3ed3-854e-ebe1d395141b",
        "crossId": "3f8c503a-322d-3ed3-854e-ebe1d395141c",
        "environmentId": "DEFAULT",
        "organizationId": "DEFAULT",
    }
    sent = {**BODIES[kind], "contextRef": {"name": "apim", "namespace": "shop"}}
    assert judged(sent, {**BODIES[kind], **of_its_own}, kind).verdict is Verdict.SYNCED


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("Subscription", "apiHrid", "shop-orders"),
        ("Subscription", "startingAt", "2026-01-01T00:00:00Z"),
        ("Subscription", "apiKeys", []),
        ("Group", "memberCount", 1),
        ("Group", "notifyMembers", False),
        ("PortalListing", "portalHrid", "shop-portal"),
        ("Documentation", "apiHrid", "shop-orders"),
    ],
)
def test_what_only_apim_tells_of_a_kind_is_no_difference(kind: str, field: str, value: object) -> None:
    assert judged(BODIES[kind], {**BODIES[kind], field: value}, kind).verdict is Verdict.SYNCED


@pytest.mark.parametrize("field", ["picture", "metadata/0/hidden"])
def test_what_apim_does_not_know_of_an_application_is_no_difference(field: str) -> None:
    base = BODIES["Application"]
    assert judged(put(base, field, True), base, "Application").verdict is Verdict.SYNCED


@pytest.mark.parametrize("kind", BODIES)
def test_what_is_not_there_is_missing(kind: str) -> None:
    judgement = judged(BODIES[kind], None, kind)
    assert (judgement.verdict, judgement.changes) == (Verdict.MISSING, ())


def test_steps_of_a_shared_policy_group_in_another_order_are_told() -> None:
    base = BODIES["SharedPolicyGroup"]
    assert judged(base, put(base, "steps", base["steps"][::-1]), "SharedPolicyGroup").changes
