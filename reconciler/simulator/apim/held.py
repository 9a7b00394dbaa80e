"""What an API becomes when it is saved, and what reading it back fills in (DOMAIN §9, "PUT then GET")."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from typing import Any

from reconciler.simulator.apim.json_values import copied
from reconciler.simulator.apim.plugins import HTTP_BLOCK

_LOGGED = ("headers", "messageHeaders", "payload", "messagePayload", "messageMetadata")


def save(
    spec: dict[str, Any], previous: dict[str, Any] | None, cross_id_of: Callable[[str], str]
) -> dict[str, Any]:
    """Return the body as the database keeps it.

    Args:
        spec: an admitted body in the Automation API's form.
        previous: what was saved before; None for a new API.
        cross_id_of: gives the id of a shared policy group from its HRID.
    """
    raw = {
        name: copied(value)
        for name, value in spec.items()
        if name not in ("plans", "pages", "metadata", "members", "groups", "portalNavigation", "state")
    }
    for listener in raw["listeners"]:
        for path in listener.get("paths", ()):
            path["path"] = clean_path(path["path"])
    raw["flows"] = [save_flow(flow, cross_id_of) for flow in raw["flows"]]
    raw.setdefault("analytics", {"enabled": True})
    raw["properties"] = _save_properties(raw["properties"], (previous or {}).get("properties", []))
    return raw


def clean_path(path: str) -> str:
    """A context path with a slash at both ends and none doubled."""
    return re.sub(r"/{2,}", "/", f"/{path}/")


def save_flow(flow: dict[str, Any], cross_id_of: Callable[[str], str]) -> dict[str, Any]:
    """A flow as it is kept: conditions first among its selectors, shared policy groups by their id."""
    saved = copied(flow)
    saved["selectors"] = sorted(
        saved.get("selectors", []), key=lambda selector: selector["type"] != "CONDITION"
    )
    for steps in saved.values():
        if not isinstance(steps, list):
            continue
        for step in steps:
            if isinstance(step, dict) and step.get("policy") == "shared-policy-group-policy":
                configuration = step.setdefault("configuration", {})
                if configuration.get("hrid"):  # GKO sends an empty one, and the id itself
                    configuration["sharedPolicyGroupId"] = cross_id_of(configuration["hrid"])
    return saved


def _save_properties(sent: list[dict[str, Any]], before: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Properties as kept: one that is to be encrypted is so from its second write on (as observed)."""
    known = {item["key"]: item for item in before}
    saved = []
    for item in sent:
        value, encrypted = item["value"], False
        old = known.get(item["key"])
        if old is not None and old.get("sealed") and value == old["value"]:
            encrypted = True
        elif item.get("encryptable") and old is not None:
            value, encrypted = _sealed(value), True
        saved.append(
            {"key": item["key"], "value": value, "dynamic": bool(item.get("dynamic")), "sealed": encrypted}
        )
    return saved


def _sealed(value: str) -> str:
    return base64.b64encode(hashlib.sha256(value.encode()).digest()[:24]).decode()


def filled(raw: dict[str, Any]) -> dict[str, Any]:
    """Return a saved body with all that reading adds; still in the Automation API's form."""
    body = copied(raw)
    for listener in body["listeners"]:
        if "cors" in listener:
            listener["cors"] = {"allowCredentials": False, "runPolicies": False, **listener["cors"]}
    for group in body["endpointGroups"]:
        group.setdefault("loadBalancer", {"type": "ROUND_ROBIN"})
        group.setdefault("services", {})
        _fill_http(group, "sharedConfiguration")
        for endpoint in group["endpoints"]:
            endpoint.setdefault("services", {})
            _fill_http(endpoint, "sharedConfigurationOverride")
    body.setdefault("flowExecution", {"mode": "DEFAULT", "matchRequired": False})
    logging = body["analytics"].get("logging")
    if isinstance(logging, dict) and isinstance(logging.get("content"), dict):
        logging["content"] = {**dict.fromkeys(_LOGGED, False), **logging["content"]}
    return body


def _fill_http(owner: dict[str, Any], name: str) -> None:
    configuration = owner.get(name)
    if owner.get("type") == "http-proxy" and isinstance(configuration, dict):
        block = configuration.get("http")
        if isinstance(block, dict):
            configuration["http"] = {**HTTP_BLOCK, **block}
