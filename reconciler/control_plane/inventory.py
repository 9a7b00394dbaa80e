"""What the cheap list tells of every API of an environment, as values; and what moved between two lists.

Management v2's list gives nearly whole APIs: no plans, no pages, no HRID (DOMAIN §9: cost, trap 8).
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from reconciler.control_plane.packing import digest_of

_BESIDE_THE_POINT = ("_links", "deploymentState", "primaryOwner")


@dataclass(frozen=True, slots=True)
class InventoryEntry:
    """One API of an environment.

    Instants are seconds since the epoch, 0 where APIM tells none.

    Attributes:
        version: the API's own version.
        definition_version: V2, V4, FEDERATED…
        origin: MANAGEMENT (the Console), KUBERNETES (as code), INTEGRATION.
        sync_from: MANAGEMENT or KUBERNETES: where gateways take it from.
        owner: the primary owner's name; empty as long as it was not read (it is for what is not as code).
        state: STARTED, STOPPED…
        lifecycle: PUBLISHED, CREATED, ARCHIVED…
        hrid: its HRID, computed from what is expected or told by its last publication; empty if not known.
        fingerprint: equal as long as nothing moved that the list shows.
    """

    id: str
    cross_id: str = ""
    name: str = ""
    version: str = ""
    definition_version: str = ""
    type: str = ""
    origin: str = ""
    sync_from: str = ""
    owner: str = ""
    created_at: float = 0.0
    updated_at: float = 0.0
    deployed_at: float = 0.0
    state: str = ""
    lifecycle: str = ""
    visibility: str = ""
    tags: tuple[str, ...] = ()
    hrid: str = ""
    fingerprint: bytes = field(default=b"", repr=False)

    @property
    def as_code(self) -> bool:
        """Whether APIM says that it comes from Kubernetes."""
        return self.origin == "KUBERNETES"


def entry_of(item: object) -> InventoryEntry | None:
    """Read one item of a list; None for what is no API."""
    if not isinstance(item, dict) or not isinstance(item.get("id"), str) or not item["id"]:
        return None
    try:
        fingerprint = digest_of(
            {name: value for name, value in item.items() if name not in _BESIDE_THE_POINT}
        )
    except ValueError:  # nested deeper than any API
        return None
    context = item.get("originContext") or item.get("definitionContext")
    origin: Mapping[str, Any] = context if isinstance(context, dict) else {}
    tags = item.get("tags")
    return InventoryEntry(
        id=item["id"],
        cross_id=_text(item, "crossId"),
        name=_text(item, "name"),
        version=_text(item, "apiVersion"),
        definition_version=_word(item, "definitionVersion"),
        type=_word(item, "type"),
        origin=_word(origin, "origin").upper(),
        sync_from=_word(origin, "syncFrom").upper(),
        owner=owner_of(item),
        created_at=instant(item.get("createdAt")),
        updated_at=instant(item.get("updatedAt")),
        deployed_at=instant(item.get("deployedAt")),
        state=_word(item, "state"),
        lifecycle=_word(item, "lifecycleState"),
        visibility=_word(item, "visibility"),
        tags=tuple(sorted(str(tag) for tag in tags)) if isinstance(tags, list) else (),
        fingerprint=fingerprint,
    )


def owner_of(item: Mapping[str, Any]) -> str:
    """The primary owner's name, where the item tells it."""
    owner = item.get("primaryOwner")
    return _text(owner, "displayName") or _text(owner, "email") if isinstance(owner, dict) else ""


def moved(before: InventoryEntry | None, now: InventoryEntry) -> bool:
    """Whether something moved that the list shows: a new API, or another fingerprint."""
    return before is None or before.fingerprint != now.fingerprint


def instant(value: object) -> float:
    """An instant of APIM (RFC 3339 text, or milliseconds since the epoch) in seconds; 0 for anything else."""
    if isinstance(value, bool):
        return 0.0
    if isinstance(value, (int, float)):
        return float(value) / 1000.0
    if isinstance(value, str):
        with contextlib.suppress(ValueError, OverflowError):
            read = datetime.fromisoformat(value)
            return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
    return 0.0


def _text(item: Mapping[str, Any], name: str) -> str:
    value = item.get(name)
    return value if isinstance(value, str) else ""


def _word(item: Mapping[str, Any], name: str) -> str:
    """One of few words: kept once however many APIs say it."""
    return sys.intern(_text(item, name))
