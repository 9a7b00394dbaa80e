"""Portals, their listings and documentations, and the documentations of APIs, through the Automation API."""

from __future__ import annotations

from typing import Any

from reconciler.rules import identity
from reconciler.simulator.apim import specs
from reconciler.simulator.apim.json_values import copied
from reconciler.simulator.apim.organization import Environment
from reconciler.simulator.apim.records import Kept
from reconciler.simulator.apim.refusals import invalid, unknown_hrid
from reconciler.simulator.apim.shapes import Shape, admit, completed

PARTS: dict[str, Shape] = {
    "portal-listings": specs.LISTING,
    "portal-documentations": specs.DOCUMENTATION,
    "api-documentations": specs.DOCUMENTATION,
}
"""What hangs on a portal or an API, by `<owner>-<collection>`."""


def put(environment: Environment, body: Any, *, dry_run: bool = False) -> dict[str, Any]:
    """Create or update the environment's portal: there is one only (DOMAIN §9, trap 11).

    Raises:
        Refused: 400 for a second portal, or a path that holds other content.
    """
    sent = admit(specs.PORTAL, body)
    spec = completed(specs.PORTAL, sent)
    hrid = str(spec["hrid"])
    portals = environment.kept["portals"]
    if portals and hrid not in portals:
        raise invalid("hrid does not match the established portal for this environment")
    for item in spec["navigation"]:
        if item["path"] in environment.unmanaged_paths:
            raise invalid(
                f"Navigation path [{item['path']}] is already occupied by content not managed by the "
                "Automation API"
            )
    answer = {**sent, "id": environment.id_of(hrid), **environment.placed()}
    if not dry_run:
        now = environment.now()
        created_at = portals[hrid].created_at if hrid in portals else now
        portals[hrid] = Kept(
            environment.id_of(hrid), hrid, environment.cross_id_of(hrid), copied(spec), created_at, now
        )
    return answer


def get(environment: Environment, hrid: str) -> dict[str, Any]:
    """Read a portal.

    Raises:
        Refused: there is none.
    """
    found = environment.kept["portals"].get(hrid)
    if found is None:
        raise unknown_hrid(hrid)
    return {**copied(found.body), "id": found.id, **environment.placed()}


def delete(environment: Environment, hrid: str) -> None:
    """Delete a portal; its listings and documentations stay.

    Raises:
        Refused: there is none.
    """
    if environment.kept["portals"].pop(hrid, None) is None:
        raise unknown_hrid(hrid)


def put_part(
    environment: Environment, kind: str, parent: str, body: Any, *, dry_run: bool = False
) -> dict[str, Any]:
    """Create or update a listing or a documentation; its owner need not exist.

    Args:
        kind: a key of `PARTS`.
        parent: the HRID of the portal or API.

    Raises:
        Refused: 400 for a body that does not fit.
    """
    spec = admit(PARTS[kind], body)
    hrid = str(spec["hrid"])
    answer = _shown(environment, kind, parent, spec)
    if not dry_run:
        now = environment.now()
        known = environment.parts.get((kind, parent, hrid))
        created_at = known.created_at if known is not None else now
        environment.parts[(kind, parent, hrid)] = Kept(
            answer["id"], hrid, answer["id"], copied(spec), created_at, now
        )
    return answer


def get_part(environment: Environment, kind: str, parent: str, hrid: str) -> dict[str, Any]:
    """Read a listing or a documentation.

    Raises:
        Refused: there is none.
    """
    found = environment.parts.get((kind, parent, hrid))
    if found is None:
        raise unknown_hrid(hrid)
    return _shown(environment, kind, parent, found.body)


def delete_part(environment: Environment, kind: str, parent: str, hrid: str) -> None:
    """Delete a listing or a documentation.

    Raises:
        Refused: there is none.
    """
    if environment.parts.pop((kind, parent, hrid), None) is None:
        raise unknown_hrid(hrid)


def _shown(environment: Environment, kind: str, parent: str, body: dict[str, Any]) -> dict[str, Any]:
    owner = kind.partition("-")[0]
    make = identity.portal_part_id if owner == "portal" else identity.api_documentation_id
    identifier = make(environment.organization.id, environment.id, parent, body["hrid"])
    return {**copied(body), "id": identifier, **environment.placed(), f"{owner}Hrid": parent}
