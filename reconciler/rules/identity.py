"""Where APIM keeps what a manifest defines: HRIDs and the UUIDs that follow from them, computed offline.

Source: DOMAIN §2.4 (APIM's HRIDToUUID, GKO's hrid format), verified against recordings of live servers.
This module imports nothing but the model, so that the simulator may use it.
"""

from __future__ import annotations

import hashlib
import re
import uuid

HRID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]+[a-zA-Z0-9]")
"""What APIM accepts as an HRID; at most 256 characters."""
HRID_MAX = 256


def hrid(namespace: str, name: str) -> str:
    """The HRID of a resource. `a-b/c` and `a/b-c` share one: two such resources overwrite each other."""
    return f"{namespace}-{name}"


def part_hrid(key: str) -> str:
    """The HRID of a plan or a page: its key with spaces and dots turned into dashes."""
    return key.replace(" ", "-").replace(".", "-")


def is_hrid(text: str) -> bool:
    """Whether APIM accepts this as an HRID."""
    return len(text) <= HRID_MAX and HRID.fullmatch(text) is not None


def cross_id(organization: str, resource_hrid: str) -> str:
    """The id of an API, application, group, dictionary, portal or shared policy group in all environments."""
    return _uuid(organization, resource_hrid)


def resource_id(organization: str, environment: str, resource_hrid: str) -> str:
    """The id of an API, application, group, dictionary, portal or shared policy group in one environment.

    There is no salt for the kind: an API and an application of one HRID share their id.
    """
    return id_in(cross_id(organization, resource_hrid), environment)


def id_in(cross: str, environment: str) -> str:
    """The id in one environment of what has this id in all of them."""
    return _uuid(cross, environment)


def part_cross_id(organization: str, api_hrid: str, sub_hrid: str) -> str:
    """The id of a plan, page or subscription of an API in all environments."""
    return _uuid(cross_id(organization, api_hrid), sub_hrid)


def part_id(organization: str, environment: str, api_hrid: str, sub_hrid: str) -> str:
    """The id of a plan, page or subscription of an API in one environment."""
    return _uuid(cross_id(organization, api_hrid), environment, sub_hrid)


def portal_part_id(organization: str, environment: str, portal_hrid: str, sub_hrid: str) -> str:
    """The id of a listing, link or documentation of a portal."""
    return _uuid(_uuid(organization, "portal", portal_hrid), environment, sub_hrid)


def api_documentation_id(organization: str, environment: str, api_hrid: str, sub_hrid: str) -> str:
    """The id of a documentation of an API."""
    return _uuid(_uuid(organization, "api", api_hrid), environment, sub_hrid)


def _uuid(*parts: str) -> str:
    """Java's `UUID.nameUUIDFromBytes` over the parts written one after the other, without separator."""
    digest = hashlib.md5("".join(parts).encode(), usedforsecurity=False).digest()
    return str(uuid.UUID(bytes=digest, version=3))
