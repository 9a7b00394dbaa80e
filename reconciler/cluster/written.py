"""What came of one write to a cluster, told so that a person knows what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.cluster.failures import Refused
from reconciler.cluster.field_owners import may_take
from reconciler.cluster.preconditions import version_of
from reconciler.model.errors import ClusterError
from reconciler.model.steps import Did, FieldOwner, OwnerClass, Precondition

if TYPE_CHECKING:
    from reconciler.cluster.addresses import Address

PLAN_AGAIN = "make a new plan"


@dataclass(frozen=True, slots=True)
class Written:
    """What came of one write.

    `cause` is a stable word where nothing was written: `moved` (the object is not as the plan saw it),
    `conflict` (fields belong to others), `refused`, `unreachable`, or `unknown` (sent, and nobody can tell).
    `body` is the object as it is now, as far as that was seen; None once it is gone.
    """

    did: Did
    body: dict[str, Any] | None = None
    cause: str = ""
    message: str = ""
    next_step: str = ""
    owners: tuple[FieldOwner, ...] = ()
    dry_run: bool = False

    @property
    def seen(self) -> Precondition | None:
        """The version that this write left, as a precondition of the next one."""
        return version_of(self.body) if self.body is not None else None


def did(before: Mapping[str, Any] | None, now: Mapping[str, Any]) -> Did:
    if before is None:
        return Did.CREATED
    return Did.UNCHANGED if version(before) == version(now) else Did.CONFIGURED


def version(body: Mapping[str, Any] | None) -> str:
    return str(body["metadata"].get("resourceVersion", "")) if body is not None else ""


def unknown(error: ClusterError, now: dict[str, Any] | None = None) -> Written:
    message = f"the write was sent and no answer came ({error.what}): it arrived or not"
    return Written(Did.UNKNOWN, now, "unknown", message, "look at the object, then make a new plan")


def conflict(address: Address, owners: tuple[FieldOwner, ...]) -> Written:
    told = ", ".join(f"{one.path} ({one.manager})" for one in owners[:5])
    more = f" and {len(owners) - 5} more" if len(owners) > 5 else ""
    if may_take(owners):
        next_step = "confirm that these fields are taken over"
    else:
        others = sorted({one.manager for one in owners if one.owner is OwnerClass.CONTROLLER})
        next_step = f"let {', '.join(others)} give them up, or leave them out of Git"
    message = f"{address} has fields that belong to others: {told}{more}"
    return Written(Did.FAILED, None, "conflict", message, next_step, owners)


def not_as_planned(address: Address, error: Refused) -> Written:
    if error.status == 409:
        why = f"{address} changed while it was being written"
        return Written(Did.FAILED, None, "moved", why, PLAN_AGAIN)
    return refusal(error)


def refusal(error: Refused) -> Written:
    """The server's own words, whole."""
    cause = "unreachable" if error.status is None else "moved" if error.status == 409 else "refused"
    next_step = PLAN_AGAIN if cause == "moved" else error.next_step
    told = error.told or error.what
    return Written(Did.FAILED, None, cause, told, next_step or "correct what the message names")
