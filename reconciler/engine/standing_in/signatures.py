"""What of an object is news: to itself, and to those that refer to it.

Status, labels and other people's annotations are written all the time; acting on them would be acting on
ourselves (DOMAIN §2.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from reconciler.rules.apim.references import elements, status_of, text_at


class Signature(NamedTuple):
    """Equal ones mean that nothing has to be done."""

    own: tuple[object, ...]
    for_users: tuple[object, ...]


def signature_of(body: Mapping[str, Any]) -> Signature:
    """The signature of an object as it is now.

    For itself: another spec, its deletion, or a status that says nothing any more (a restore, a GitOps tool
    that wiped it). For its users: another spec, its deletion, or that it is accepted now, with which ids.
    """
    metadata = body["metadata"]
    status = status_of(body)
    accepted = next(
        (
            text_at(one, "status")
            for one in elements(status.get("conditions"))
            if isinstance(one, Mapping) and one.get("type") == "Accepted"
        ),
        "",
    )
    spec = (metadata.get("uid"), metadata.get("generation"), bool(metadata.get("deletionTimestamp")))
    own = (*spec, bool(accepted), (metadata.get("annotations") or {}).get("gravitee.io/template"))
    return Signature(own, (*spec, accepted, text_at(status, "id"), text_at(status, "crossId")))
