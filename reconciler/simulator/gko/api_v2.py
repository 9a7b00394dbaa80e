"""An ApiDefinition (version 2) as GKO sends it to Management v1."""

from __future__ import annotations

from reconciler.simulator.gko.api_v4 import Translation
from reconciler.simulator.gko.ids import own_id
from reconciler.simulator.gko.lookups import Body


def import_body(resource: Body, spec: Body, translation: Translation) -> Body:
    """The body of `PUT apis/import-crd`.

    Args:
        resource: the object, with uid and status: its id is that of an earlier success, else the uid.
        spec: its spec, with templates resolved.
        translation: resolves what it refers to.

    Raises:
        Failure: a reference leads nowhere.
    """
    metadata, status = resource["metadata"], resource.get("status") or {}
    identifier = str(status.get("id") or spec.get("id") or metadata["uid"])
    name = f"{metadata['namespace']}/{metadata['name']}"
    body = {field: value for field, value in spec.items() if field not in ("contextRef", "local", "pages")}
    body |= {
        "id": identifier,
        "crossId": status.get("crossId") or spec.get("crossId") or own_id(name),
        "definition_context": {
            "origin": "kubernetes",
            "mode": "fully_managed",
            **(spec.get("definition_context") or {}),
            "syncFrom": "KUBERNETES" if spec.get("local") else "MANAGEMENT",
        },
        "resources": translation.resources(spec.get("resources")),
        "groups": translation.groups(spec),
        "plans": [_plan(plan, identifier) for plan in spec.get("plans") or ()],
    }
    if spec.get("pages") is not None:
        body["pages"] = {key: _page(key, page, identifier, name) for key, page in spec["pages"].items()}
    notified = translation.notification(spec)
    if notified is not None:
        body["consoleNotificationConfiguration"] = {
            "config_type": "PORTAL",
            "origin": "KUBERNETES",
            "hooks": notified[0],
            "groups": notified[1],
        }
    return body


def _plan(plan: Body, api: str) -> Body:
    cross = plan.get("crossId") or own_id(api, "/", plan["name"])
    return {**plan, "crossId": cross, "id": own_id(cross, "/", plan["name"])}


def _page(key: str, page: Body, api: str, name: str) -> Body:
    sent = {
        **page,
        "id": page.get("id") or own_id(api, "/", key),
        "crossId": page.get("crossId") or own_id(name, "/", key),
        "api": api,
    }
    if page.get("parent"):
        sent["parentId"] = own_id(api, "/", page["parent"])
    return sent
