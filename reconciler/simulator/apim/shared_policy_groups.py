"""Shared policy groups through the Automation API. One that is in use can be deleted (DOMAIN §9, trap 10)."""

from __future__ import annotations

from typing import Any

from reconciler.simulator.apim import specs
from reconciler.simulator.apim.json_values import copied
from reconciler.simulator.apim.organization import Environment
from reconciler.simulator.apim.records import Kept
from reconciler.simulator.apim.refusals import refused_import, unknown_hrid
from reconciler.simulator.apim.shapes import admit, completed

_KIND = "shared-policy-groups"


def put(environment: Environment, body: Any, *, dry_run: bool = False, uuid: bool = False) -> dict[str, Any]:
    """Create or update a shared policy group.

    Raises:
        Refused: 400 for a body that does not fit, or policies that cannot stand there.
    """
    shape = specs.SHARED_POLICY_GROUP
    sent = admit({**shape, "hrid": specs.ANY_ID} if uuid else shape, body)
    spec = completed(shape, sent)
    hrid = str(spec["hrid"])
    same = _by_cross_id(environment, hrid) if uuid else None
    cross_id = hrid if uuid else environment.cross_id_of(hrid)
    identifier = same.id if same is not None else hrid if uuid else environment.id_of(hrid)
    plugins = environment.organization.plugins
    severe = plugins.severe_of_steps(spec["apiType"], spec["phase"], spec["steps"])
    answer = {**sent, "id": identifier, **environment.placed(), "crossId": cross_id}
    if dry_run:
        return {**answer, "errors": {"severe": severe, "warning": []}} if severe else answer
    if severe:
        raise refused_import(severe)
    for step in spec["steps"]:
        plugins.check_policy(step["policy"], step.get("configuration"))
    now = environment.now()
    own = same.hrid if same is not None else hrid
    known = environment.kept[_KIND].get(own)
    created_at = known.created_at if known is not None else now
    environment.kept[_KIND][own] = Kept(identifier, own, cross_id, copied(spec), created_at, now)
    return answer


def _by_cross_id(environment: Environment, cross_id: str) -> Kept | None:
    """The group that has this id in all environments: a PUT with a UUID means that one (recorded)."""
    return next((one for one in environment.kept[_KIND].values() if one.cross_id == cross_id), None)


def get(environment: Environment, hrid: str, *, uuid: bool = False) -> dict[str, Any]:
    """Read a shared policy group.

    Raises:
        Refused: there is none.
    """
    found = _found(environment, hrid, uuid=uuid)
    if found is None:
        raise unknown_hrid(hrid)
    return {**copied(found.body), "id": found.id, **environment.placed(), "crossId": found.cross_id}


def delete(environment: Environment, hrid: str, *, uuid: bool = False) -> None:
    """Delete a shared policy group.

    Raises:
        Refused: there is none.
    """
    found = _found(environment, hrid, uuid=uuid)
    if found is None:
        raise unknown_hrid(hrid)
    del environment.kept[_KIND][found.hrid]


def _found(environment: Environment, hrid: str, *, uuid: bool) -> Kept | None:
    """A UUID in a path is the group's own id; by the one it was written by it is not found (recorded)."""
    if not uuid:
        return environment.kept[_KIND].get(hrid)
    return next((one for one in environment.kept[_KIND].values() if one.id == hrid), None)
