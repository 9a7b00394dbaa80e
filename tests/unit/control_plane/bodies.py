"""Bodies for the simulated APIM, and the refs that name what they make."""

from __future__ import annotations

from typing import Any

from reconciler.control_plane.refs import API, StateRef
from reconciler.simulator.apim import Apim


def api_body(hrid: str, *, plan: str = "free") -> dict[str, Any]:
    """What GKO sends for a small API."""
    return {
        "hrid": hrid,
        "name": hrid.title(),
        "version": "1.0",
        "type": "PROXY",
        "state": "STARTED",
        "lifecycleState": "PUBLISHED",
        "listeners": [
            {"type": "HTTP", "paths": [{"path": f"/{hrid}/"}], "entrypoints": [{"type": "http-proxy"}]}
        ],
        "endpointGroups": [
            {
                "name": "default",
                "type": "http-proxy",
                "endpoints": [
                    {"name": "e1", "type": "http-proxy", "configuration": {"target": "http://backend:8080"}}
                ],
            }
        ],
        "plans": [
            {
                "hrid": plan,
                "name": plan,
                "security": {"type": "KEY_LESS"},
                "status": "PUBLISHED",
                "type": "API",
                "validation": "AUTO",
                "mode": "STANDARD",
            }
        ],
    }


def console_body(name: str) -> dict[str, Any]:
    """What the Console sends for a new API."""
    body = api_body(name.lower())
    for unknown in ("hrid", "version", "state", "lifecycleState", "plans"):
        del body[unknown]
    return {**body, "name": name, "apiVersion": "1.0", "definitionVersion": "V4"}


def put_apis(apim: Apim, *hrids: str) -> list[StateRef]:
    """Make some APIs as code."""
    for hrid in hrids:
        apim.put_api("DEFAULT", api_body(hrid))
    return [StateRef(API, hrid) for hrid in hrids]
