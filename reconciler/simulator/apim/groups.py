"""Groups through the Automation API."""

from __future__ import annotations

from typing import Any

from reconciler.simulator.apim import specs
from reconciler.simulator.apim.api_checks import member_warnings
from reconciler.simulator.apim.json_values import copied
from reconciler.simulator.apim.organization import Environment
from reconciler.simulator.apim.records import Kept
from reconciler.simulator.apim.refusals import unknown_hrid
from reconciler.simulator.apim.shapes import admit, completed

_ROLES = ("OWNER", "PRIMARY_OWNER", "REVIEWER", "USER")


def put(environment: Environment, body: Any, *, dry_run: bool = False, uuid: bool = False) -> dict[str, Any]:
    """Create or update a group; members nobody knows are left out with a warning.

    Raises:
        Refused: 400 for a body that does not fit.
    """
    shape = {**specs.GROUP, "hrid": specs.ANY_ID} if uuid else specs.GROUP
    sent = admit(shape, body)
    spec = completed(shape, sent)
    hrid = str(spec["hrid"])
    identifier = hrid if uuid else environment.id_of(hrid)
    warnings = member_warnings(environment, spec["members"])
    known_members = [
        member
        for member in spec["members"]
        if environment.organization.user(member["source"], member["sourceId"]) is not None
    ]
    answer = {
        **sent,
        "id": identifier,
        **environment.placed(),
        "memberCount": len(known_members),
    }
    errors = {"severe": [], "warning": warnings}
    if dry_run:
        return {**answer, "errors": errors} if warnings else answer
    now = environment.now()
    known = environment.kept["groups"].get(hrid)
    created_at = known.created_at if known is not None else now
    saved = {
        "name": spec["name"],
        "notifyMembers": spec["notifyMembers"],
        "members": [_member(member) for member in known_members],
    }
    environment.kept["groups"][hrid] = Kept(
        identifier, hrid, environment.cross_id_of(hrid), saved, created_at, now
    )
    return {**answer, "errors": errors}


def get(environment: Environment, hrid: str) -> dict[str, Any]:
    """Read a group.

    Raises:
        Refused: there is none.
    """
    found = environment.kept["groups"].get(hrid)
    if found is None:
        raise unknown_hrid(hrid)
    body = copied(found.body)
    return {
        **body,
        "hrid": hrid,
        "id": found.id,
        **environment.placed(),
        "memberCount": len(body["members"]),
    }


def delete(environment: Environment, hrid: str) -> None:
    """Delete a group, in use or not: it vanishes from the APIs.

    Raises:
        Refused: there is none.
    """
    found = environment.kept["groups"].pop(hrid, None)
    if found is None:
        raise unknown_hrid(hrid)
    for api in environment.apis.values():
        api.groups = [identifier for identifier in api.groups if identifier != found.id]


def _member(member: dict[str, Any]) -> dict[str, Any]:
    roles = {scope: role for scope, role in member["roles"].items() if role in _ROLES}
    return {
        "source": member["source"],
        "sourceId": member["sourceId"],
        "roles": {"INTEGRATION": "USER", **roles},
    }
