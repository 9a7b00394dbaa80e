"""Every id that a real APIM gave to what is as code follows from HRID, organisation and environment alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reconciler.rules import identity as ids

_PATH = re.compile(r"/automation/organizations/([^/]+)/environments/([^/?]+)/([^?]*)")
_WITH_CROSS_ID = {"apis", "shared-policy-groups"}


def answers(folder: Path) -> Iterator[tuple[str, str, str, list[str], dict[str, Any]]]:
    """Every state that was returned: file, organisation, environment, parts of its path, the body."""
    for file in sorted(folder.glob("*.json")):
        exchange = json.loads(file.read_bytes())
        found = _PATH.search(exchange["request"]["path"])
        body = exchange["response"]["body"]
        if isinstance(body, str):
            try:
                body = json.loads(body)
            except ValueError:
                continue
        if found and isinstance(body, dict) and body.get("id") and body.get("hrid"):
            parts = found[3].split("/")
            if exchange["request"]["method"] == "GET":
                parts = parts[:-1]
            yield file.name, found[1], found[2], parts, body


def computed(org: str, env: str, parts: list[str], hrid: str) -> str:
    if len(parts) == 1:
        return ids.resource_id(org, env, hrid)
    if parts[0] == "portals":
        return ids.portal_part_id(org, env, parts[1], hrid)
    if parts[2] == "documentations":
        return ids.api_documentation_id(org, env, parts[1], hrid)
    return ids.part_id(org, env, parts[1], hrid)


def test_every_id_is_computed_offline(shared_data: Path) -> None:
    checked = 0
    for file, org, env, parts, body in answers(shared_data / "exchanges"):
        assert body["id"] == computed(org, env, parts, body["hrid"]), file
        if body.get("crossId") and parts[-1] in _WITH_CROSS_ID:
            assert body["crossId"] == ids.cross_id(org, body["hrid"]), file
        for part in (*(body.get("plans") or ()), *(body.get("pages") or ())):
            if part.get("id") and part.get("hrid"):
                assert part["id"] == ids.part_id(org, env, body["hrid"], part["hrid"]), file
                checked += 1
        checked += 1
    assert checked > 90


def test_management_v2_shows_ids_that_follow_from_the_id_in_all_environments(shared_data: Path) -> None:
    """Its bodies carry no HRID, so everything as code is matched by the computed id (DOMAIN §9, trap 8)."""
    listed = 0
    for file in sorted((shared_data / "exchanges").glob("*-list*.json")):
        body = json.loads(file.read_bytes())["response"]["body"]
        body = json.loads(body) if isinstance(body, str) and body else body
        for item in body.get("data", ()) if isinstance(body, dict) else ():
            context = item.get("originContext") or {}
            if context.get("origin") == "KUBERNETES" and item.get("definitionVersion") == "V4":
                assert item["id"] == ids.id_in(item["crossId"], "DEFAULT"), file.name
                listed += 1
    assert listed > 5
