"""A shared policy group from before 4.12 is written by the id that it has in all environments (recorded)."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.rules.apim.bodies import Body, body_for
from reconciler.rules.apim.references import Resource

OWN, EVERYWHERE = "5a873654-d96f-3bc7-9c62-32761b585334", "33846a3b-48b1-3c69-a934-5ba2c336ea4f"
CONTEXT = {
    "kind": "ManagementContext",
    "metadata": {"name": "ctx", "namespace": "pay"},
    "spec": {"baseUrl": "http://apim", "organizationId": "DEFAULT", "environmentId": "DEFAULT"},
}


class OneContext:
    """References that lead to one context."""

    def resource(self, kind: str, namespace: str, name: str) -> Resource | None:
        return CONTEXT if (kind, namespace, name) == ("ManagementContext", "pay", "ctx") else None

    def secret(self, namespace: str, name: str) -> None:
        raise AssertionError(f"{namespace}/{name} was asked for")

    config_map = secret


def group(conditions: list[dict[str, Any]], **status: str) -> Resource:
    return {
        "kind": "SharedPolicyGroup",
        "metadata": {"name": "limits", "namespace": "pay"},
        "spec": {
            "name": "Limits",
            "apiType": "PROXY",
            "phase": "REQUEST",
            "steps": [],
            "contextRef": {"name": "ctx"},
        },
        "status": {"conditions": conditions, **status},
    }


def sent(resource: Resource) -> Body:
    body = body_for(resource, OneContext())
    assert isinstance(body, Body)
    return body


def test_it_is_written_by_its_cross_id_and_known_by_its_own() -> None:
    body = sent(group([], id=OWN, crossId=EVERYWHERE))
    assert (body.content["hrid"], body.content["crossId"]) == (EVERYWHERE, EVERYWHERE)
    assert dict(body.uuids) == {"hridContainsUUID": "true"}
    assert body.identity.hrid == OWN


def test_without_a_cross_id_its_own_is_all_there_is() -> None:
    assert sent(group([], id=OWN)).content["hrid"] == OWN


@pytest.mark.parametrize("status", [{}, {"id": OWN, "crossId": EVERYWHERE}])
def test_one_that_automation_made_is_written_by_its_hrid(status: dict[str, str]) -> None:
    managed = [{"type": "AutomationAPIManaged", "status": "True"}] if status else []
    assert sent(group(managed, **status)).content["hrid"] == "pay-limits"
