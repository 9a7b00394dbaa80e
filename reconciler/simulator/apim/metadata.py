"""Metadata of APIs and applications: keys derived from names, and who is written before whom."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from reconciler.simulator.apim.records import Api
from reconciler.simulator.apim.refusals import unexpected

EMAIL_SUPPORT: dict[str, Any] = {
    "key": "email-support",
    "name": "email-support",
    "format": "MAIL",
    "value": "${(api.primaryOwner.email)!''}",
    "defaultValue": "support@change.me",
}
"""The environment's entry that every API inherits."""


def key_of(name: str) -> str:
    """The key that is made from a name."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def keyed(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries, each with its key."""
    return [{**entry, "key": entry.get("key") or key_of(entry["name"])} for entry in entries]


def check(api: Api | None, entries: list[dict[str, Any]]) -> None:
    """Raise Refused (500) where an entry without key would be made a second time (DOMAIN §9, trap 3)."""
    known = {entry["key"] for entry in api.metadata} if api is not None else set()
    for entry in entries:
        key = key_of(entry["name"])
        if not entry.get("key") and key in known and api is not None:
            raise unexpected(
                "io.gravitee.apim.core.exception.TechnicalDomainException: An error occurs while trying to "
                f"create the {key} metadata of [apiId={api.id}]"
            )


def synchronise(api: Api, entries: list[dict[str, Any]]) -> None:
    """Write an API's entries: new ones first, then the known ones; what is not named any more goes."""
    known = {entry["key"] for entry in api.metadata}
    wanted = keyed(entries)
    new = [entry for entry in wanted if entry["key"] not in known]
    api.metadata = new + [entry for entry in wanted if entry["key"] in known]


def shown(api: Api) -> list[dict[str, Any]]:
    """What reading gives: the inherited entry first, with the API's own value where it has one."""
    names = ("key", "name", "format", "value", "defaultValue")
    own = [{name: entry[name] for name in names if name in entry} for entry in api.metadata]
    override = next((entry for entry in own if entry["key"] == EMAIL_SUPPORT["key"]), {})
    return [{**EMAIL_SUPPORT, **override}] + [entry for entry in own if entry["key"] != EMAIL_SUPPORT["key"]]
