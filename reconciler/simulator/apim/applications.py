"""Applications through the Automation API. Deleting one only archives it (DOMAIN §9, trap 10)."""

from __future__ import annotations

from typing import Any

from reconciler.simulator.apim import metadata, specs
from reconciler.simulator.apim.api_checks import group_warnings, member_warnings
from reconciler.simulator.apim.json_values import copied
from reconciler.simulator.apim.organization import Environment
from reconciler.simulator.apim.records import Kept, User
from reconciler.simulator.apim.refusals import refused_import, unknown_hrid
from reconciler.simulator.apim.shapes import admit, completed
from reconciler.simulator.apim.subscriptions import forget_of_application


def put(
    environment: Environment, body: Any, user: User, *, dry_run: bool = False, uuid: bool = False
) -> dict[str, Any]:
    """Create, update or revive an application.

    Raises:
        Refused: what the real server refuses.
    """
    shape = {**specs.APPLICATION, "hrid": specs.ANY_ID} if uuid else specs.APPLICATION
    sent = _trimmed(admit(shape, body))
    spec = completed(shape, sent)
    hrid = str(spec["hrid"])
    identifier = hrid if uuid else environment.id_of(hrid)
    errors = {
        "severe": _severe(environment, identifier, spec, user),
        "warning": [
            *group_warnings(environment, spec["groups"]),
            *member_warnings(environment, spec["members"]),
            *_certificate_warnings(spec),
        ],
    }
    answer = {**sent, "id": identifier, **environment.placed()}
    if dry_run:
        return {**answer, "errors": errors} if errors["severe"] or errors["warning"] else answer
    if errors["severe"]:
        raise refused_import(errors["severe"])
    now = environment.now()
    known = environment.kept["applications"].get(hrid)
    created_at = known.created_at if known is not None else now
    saved = _saved(environment, spec)
    environment.kept["applications"][hrid] = Kept(
        identifier, hrid, environment.cross_id_of(hrid), saved, created_at, now
    )
    return {**answer, "errors": errors}


def get(environment: Environment, hrid: str) -> dict[str, Any]:
    """Read an application, an archived one too.

    Raises:
        Refused: there never was one.
    """
    found = _found(environment, hrid)
    body = copied(found.body)
    body["groups"] = [
        group.hrid for group in environment.kept["groups"].values() if group.id in body["groups"]
    ]
    return {**body, "hrid": hrid, "id": found.id, **environment.placed()}


def delete(environment: Environment, hrid: str) -> None:
    """Archive an application: its subscriptions and metadata go, the rest can still be read.

    Raises:
        Refused: there never was one.
    """
    found = _found(environment, hrid)
    found.body["status"] = "ARCHIVED"
    found.body["metadata"] = []
    found.updated_at = environment.now()
    forget_of_application(environment, found.id)


def _found(environment: Environment, hrid: str) -> Kept:
    found = environment.kept["applications"].get(hrid)
    if found is None:
        raise unknown_hrid(hrid)
    return found


def _trimmed(sent: dict[str, Any]) -> dict[str, Any]:
    """A single certificate loses the white space around it."""
    tls = sent.get("settings", {}).get("tls") or {}
    if isinstance(tls.get("clientCertificate"), str):
        tls["clientCertificate"] = tls["clientCertificate"].strip()
    return sent


def _certificate_warnings(spec: dict[str, Any]) -> list[str]:
    if (spec.get("settings", {}).get("tls") or {}).get("clientCertificate"):
        return ["clientCertificate is deprecated, use clientCertificates instead"]
    return []


def _severe(environment: Environment, identifier: str, spec: dict[str, Any], user: User) -> list[str]:
    found = [
        f"can not change the role of primary owner [{member['sourceId']}]"
        for member in spec["members"]
        if member["source"] == user.source and member["sourceId"] == user.name
    ]
    if spec.get("settings", {}).get("oauth") and not environment.client_registration:
        found.append(
            f"configuring OAuth requires client registration to be enabled on environment [{environment.id}]"
        )
    certificates = (spec.get("settings", {}).get("tls") or {}).get("clientCertificates") or ()
    contents = [certificate.get("content") for certificate in certificates]
    if len(set(contents)) != len(contents):
        found.append("client certificate content must be unique")
    client = spec.get("settings", {}).get("app", {}).get("clientId")
    for other in environment.kept["applications"].values():
        theirs = other.body["settings"].get("app", {}).get("clientId")
        if client and theirs == client and other.id != identifier and other.body["status"] == "ACTIVE":
            found.append(
                f"client id [{client}] is already defined for application [{other.body['name']}] with id "
                f"[{other.id}] on environment [{environment.id}]"
            )
    return found


def _saved(environment: Environment, spec: dict[str, Any]) -> dict[str, Any]:
    saved = {name: copied(value) for name, value in spec.items() if name != "hrid"}
    groups = [environment.group_named(name) for name in spec["groups"]]
    saved["groups"] = [group.id for group in groups if group is not None]
    saved["metadata"] = metadata.keyed(spec["metadata"])
    saved["settings"] = copied(spec.get("settings") or {"app": {}})
    saved["members"] = [
        dict(member)
        for member in spec["members"]
        if environment.organization.user(member["source"], member["sourceId"]) is not None
    ]
    saved["status"] = "ACTIVE"
    return saved
