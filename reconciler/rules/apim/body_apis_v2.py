"""Management v1's `import-crd` body of an ApiDefinition (version 2), which the Automation API does not know.

Ids are part of it: those of plans and pages follow from the API's (DOMAIN §2.4, checked against recordings).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.rules.apim.body_apis import console_notification, inlined_resources
from reconciler.rules.apim.making import Making
from reconciler.rules.apim.references import Missing, elements, name_of, status_of, text_at
from reconciler.rules.apim.xxh3 import legacy_id

_NOT_SENT = frozenset({"contextRef", "local"})


def api_v2_body(making: Making) -> dict[str, Any]:
    """Make the body of `PUT apis/import-crd`."""
    spec = making.spec
    body = {name: value for name, value in spec.items() if name not in _NOT_SENT}
    own_id = making.identity.id
    if not own_id:
        making.problems.append(Missing("not-ready", "metadata.uid", "is not there, and the API's id follows"))
    namespace, name = name_of(making.resource)
    body["id"] = own_id
    body["crossId"] = (
        text_at(spec, "crossId")
        or text_at(status_of(making.resource), "crossId")
        or legacy_id(f"{namespace}/{name}")
    )
    body["definition_context"] = _context(spec)
    body["resources"] = inlined_resources(making)
    body["groups"] = [
        *elements(spec.get("groups")),
        *making.group_names(spec.get("groupRefs"), namespace, where="spec.groupRefs"),
    ]
    if notification := console_notification(making):
        body["consoleNotificationConfiguration"] = {
            "config_type": "PORTAL",
            "origin": "KUBERNETES",
            "hooks": notification["events"],
            "groups": notification["groups"],
        }
    body["plans"] = [_plan(plan, own_id) for plan in elements(spec.get("plans"))]
    if isinstance(spec.get("pages"), Mapping):
        body["pages"] = {
            str(key): _page(str(key), page, own_id, f"{namespace}/{name}")
            for key, page in spec["pages"].items()
        }
    return body


def _context(spec: Mapping[str, Any]) -> dict[str, Any]:
    stated = spec.get("definition_context")
    local = spec.get("local") is True
    defaults = {
        "origin": "kubernetes",
        "mode": "fully_managed",
        "syncFrom": "KUBERNETES" if local else "MANAGEMENT",
    }
    return {**defaults, **{k: v for k, v in (stated or {}).items() if k != "syncFrom"}}


def _plan(plan: Any, api_id: str) -> Any:
    if not isinstance(plan, Mapping):
        return plan
    name = text_at(plan, "name")
    cross = text_at(plan, "crossId") or legacy_id(f"{api_id}/{name}")
    return {**plan, "crossId": cross, "id": legacy_id(f"{cross}/{name}")}


def plan_id(spec: Mapping[str, Any], name: str, api_id: str) -> str:
    """The id of an access plan of an API, by its name; the name itself where the API has no such plan.

    Args:
        spec: of the API.
        name: as a Subscription names it.
        api_id: the API's id.
    """
    for plan in elements(spec.get("plans")):
        if isinstance(plan, Mapping) and text_at(plan, "name") == name:
            return text_at(_plan(plan, api_id), "id")
    return name


def _page(key: str, page: Any, api_id: str, api_name: str) -> Any:
    if not isinstance(page, Mapping):
        return page
    out = {
        **page,
        "id": text_at(page, "id") or legacy_id(f"{api_id}/{key}"),
        "crossId": text_at(page, "crossId") or legacy_id(f"{api_name}/{key}"),
        "api": api_id,
    }
    if parent := text_at(page, "parent"):
        out["parentId"] = legacy_id(f"{api_id}/{parent}")
    return out
