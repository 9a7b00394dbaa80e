"""What a deletion does, in which order, and who stands in its way (DOMAIN §2.5, §6, §10.5-6).

The order is the same for every kind: wait until nobody refers to the resource, take it out of APIM, take its
ConfigMap away, release what it used, then its finalizer. A guard that holds is no reason to send anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from reconciler.model.keys import ResourceKey
from reconciler.rules.apim.identities import SENT_KINDS
from reconciler.rules.apim.references import Resource, name_of, text_at
from reconciler.rules.apim.standing_in.marks import finalizers_wanted
from reconciler.rules.apim.standing_in.told import Failure, FailureClass
from reconciler.rules.referring import references_of

_API_KINDS = ("ApiV4Definition", "ApiDefinition")
_HELD_BY: dict[str, tuple[str, ...]] = {
    "ManagementContext": (*_API_KINDS, "Application", "SharedPolicyGroup", "Group", "Dictionary", "Portal"),
    "ApiResource": _API_KINDS,
    "Notification": _API_KINDS,
    "SharedPolicyGroup": ("ApiV4Definition",),
    "ApiV4Definition": ("Documentation", "PortalListing", "Subscription"),
    "ApiDefinition": ("Documentation", "PortalListing", "Subscription"),
    "Application": ("Subscription",),
    "Portal": ("PortalListing", "PortalLink", "Documentation"),
}
"""Kind → the kinds that keep it alive by naming it. Subscriptions do so in GKO's admission only (DOMAIN §6);
here they always do, because a subscription can only be deleted while its API stands (DOMAIN §2.5)."""


class DeletionStep(StrEnum):
    """What a deletion does, in this order; each step may be done twice."""

    WAIT = "wait"
    """Wait until nothing refers to the resource any more."""
    REMOTE = "remote"
    """Take it out of APIM."""
    CONFIG_MAP = "config-map"
    """Take its ConfigMap away."""
    SOURCES = "sources"
    """Take our marks off the Secrets and ConfigMaps that only it used."""
    FINALIZER = "finalizer"
    """Let it go: last, so that whatever was interrupted before is found again."""


@dataclass(frozen=True, slots=True)
class Deletion:
    """What the deletion of a kind takes.

    Attributes:
        steps: what is to be done, in order.
        held_by: the kinds whose references keep it alive.
        absent_is_done: APIM not knowing it is as good as having deleted it. GKO is stuck on it for Group,
            Dictionary and Subscription (DOMAIN §2.5); here it always is.
        missing_place_is_done: where the context or the parent is gone too, nothing is left to delete from.
    """

    steps: tuple[DeletionStep, ...]
    held_by: tuple[str, ...] = ()
    absent_is_done: bool = True
    missing_place_is_done: bool = False


def deletion_of(kind: str) -> Deletion:
    """What the deletion of a kind takes."""
    below = ("Portal", "PortalListing", "PortalLink", "Documentation", "Subscription")
    held_by = _HELD_BY.get(kind, ())
    takes = {
        DeletionStep.WAIT: bool(held_by),
        DeletionStep.REMOTE: kind in SENT_KINDS,
        DeletionStep.CONFIG_MAP: kind in _API_KINDS,
        DeletionStep.SOURCES: True,
        DeletionStep.FINALIZER: True,
    }
    steps = tuple(step for step, yes in takes.items() if yes)
    return Deletion(steps, held_by, missing_place_is_done=kind in below)


def has_to_let_go(obj: Resource) -> bool:
    """Whether a resource is being deleted and still carries a finalizer of ours."""
    metadata = obj.get("metadata") or {}
    own = finalizers_wanted(text_at(obj, "kind"), obj)
    return bool(metadata.get("deletionTimestamp")) and any(
        name in own for name in metadata.get("finalizers") or ()
    )


def users_of(obj: Resource, others: Iterable[Resource]) -> tuple[str, ...]:
    """Who keeps a resource alive: `Kind/namespace/name`, sorted.

    Args:
        obj: the resource.
        others: every resource of its cluster of the kinds in `deletion_of(kind).held_by`; more do no harm.
    """
    kind = text_at(obj, "kind")
    holding, place = _HELD_BY.get(kind, ()), ResourceKey("", kind, *name_of(obj))
    found = set()
    for other in others:
        asked = text_at(other, "kind")
        if asked not in holding:
            continue
        key = ResourceKey("", asked, *name_of(other))
        if any(reference.target == place for reference in references_of(key, other)):
            found.add(f"{asked}/{key.namespace}/{key.name}")
    return tuple(sorted(found))


def held(obj: Resource, others: Iterable[Resource]) -> Failure | None:
    """Why a deletion has to wait; None where nothing refers to the resource.

    Args:
        obj: the resource that is being deleted.
        others: as `users_of` takes them.
    """
    users = users_of(obj, others)
    if not users:
        return None
    named = ", ".join(users[:5]) + (f" and {len(users) - 5} more" if len(users) > 5 else "")
    refer = "refers" if len(users) == 1 else "refer"
    text = f"[{name_of(obj)[1]}] cannot be deleted while {named} {refer} to it; delete what uses it first"
    return Failure(FailureClass.IN_USE, text, users)
