"""The operators of a cluster as they were seen, and who of them is in charge of a namespace (ENGINE §8).

Pure. GKO's replicas agree by a Lease who of them works; whoever holds it is in charge of the namespaces that
this GKO serves. What cannot be seen is GKO's: two writers are worse than none.
Source: DOMAIN §2.1 (the lease), §2.8 (`NAMESPACE` of ConfigMap `gko-config`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

LEASE = "24d975d3.gravitee.io"
"""The Lease by which replicas of GKO agree who of them works."""
_OURS = "gko-tui_"


class Who(Enum):
    """Who writes to the control plane what changes in a namespace."""

    GKO = "gko"
    GKO_TUI = "gko-tui"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Record:
    """A take-over that somebody decided on.

    Attributes:
        owner: who.
        reason: why.
        at: when (seconds since the epoch).
        handing_back: it is to end: nothing is begun any more, and the lease is let go.
        version: the resourceVersion it was read at.
    """

    owner: str
    reason: str
    at: float
    handing_back: bool = False
    version: str = ""


@dataclass(frozen=True, slots=True)
class Instance:
    """One GKO, or the place that is kept for one.

    Attributes:
        namespace: of its lease.
        holder: who holds that; empty where nobody does.
        scope: the namespaces that it serves; empty means all.
        record: the take-over that was decided, or None.
        replicas: how many of GKO's pods are ready there; None where that cannot be seen.
    """

    namespace: str
    holder: str = ""
    scope: frozenset[str] = frozenset()
    record: Record | None = None
    replicas: int | None = None

    def covers(self, namespace: str) -> bool:
        """Whether it serves a namespace."""
        return not self.scope or namespace in self.scope

    @property
    def is_ours(self) -> bool:
        """Whether a gko-reconciler holds its lease."""
        return is_ours(self.holder)

    @property
    def is_taken(self) -> bool:
        """Whether a take-over was decided that is not to end."""
        return self.record is not None and not self.record.handing_back


@dataclass(frozen=True, slots=True)
class Charge:
    """Who is in charge, and the sentence that says why."""

    who: Who
    why: str


def identity_of(host: str, suffix: str) -> str:
    """What a gko-reconciler calls itself as the holder of a lease.

    Args:
        host: the pod's or machine's name.
        suffix: tells processes on one host apart.
    """
    return f"{_OURS}{host}_{suffix}"


def is_ours(holder: str) -> bool:
    """Whether a holder is some gko-reconciler."""
    return holder.startswith(_OURS)


def charge_of(namespace: str, instances: Iterable[Instance], *, unreadable: str = "") -> Charge:
    """Judge who is in charge of one namespace.

    Args:
        namespace: the namespace.
        instances: every operator that was seen.
        unreadable: why they could not be looked at; then GKO is in charge.
    """
    if unreadable:
        return Charge(Who.GKO, f"what cannot be looked at is GKO's: {unreadable}")
    covering = [one for one in instances if one.covers(namespace)]
    if not covering:
        return Charge(Who.NOBODY, "no operator serves this namespace")
    for one in covering:
        if one.holder and not one.is_ours:
            return Charge(Who.GKO, f"{one.holder} holds lease {one.namespace}/{LEASE}")
    for one in covering:
        if not one.is_taken:
            ending = "is to be handed back" if one.record is not None else "was never taken over"
            who = Who.NOBODY if one.is_ours else Who.GKO
            return Charge(who, f"what lease {one.namespace}/{LEASE} stands for {ending}")
        if not one.is_ours:
            return Charge(
                Who.NOBODY, f"no gko-reconciler holds lease {one.namespace}/{LEASE}, and GKO does not either"
            )
    return Charge(Who.GKO_TUI, f"{covering[0].holder} holds lease {covering[0].namespace}/{LEASE}")
