"""What planning this hop reads of one resource, as plain values; whoever gathers it reads the places."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.engine.planning.subjects import Found
from reconciler.model.changes import Change
from reconciler.model.keys import ResourceKey
from reconciler.model.verdicts import Verdict

OPERATOR = "GKO"
RECONCILER = "gko-reconciler"
ABSENT = "absent"
"""The digest of what a control plane does not hold."""


@dataclass(frozen=True, slots=True)
class HopSubject:
    """One resource and what its control plane holds of it.

    Attributes:
        key: the resource.
        verdict: of this hop, as it was judged; None where the hop does not exist.
        causes: the verdict's.
        control_plane: which one; empty where it is not known.
        application: whose resource it is; empty where nobody's.
        api_version: of the object on the cluster.
        writer: who brings changed specs there: `OPERATOR` or `RECONCILER`.
        found: the object on its cluster; None where there is none.
        accepted: whether that writer accepted the spec as it stands.
        held: a digest of what is held, `ABSENT` for nothing; empty where it was not read.
        changes: what differs, redacted.
        first_sight: they were compared without a state seen in sync.
        drops: access plans that are held there and would be closed.
        synced_before: whether the hop was ever seen in sync.
        protected: the protected cluster or control plane that would be written to, by its name.
        runs: whether any gateway is meant to run it.
        runs_now: whether the gateways run what is published now.
    """

    key: ResourceKey
    verdict: Verdict | None = None
    causes: tuple[str, ...] = ()
    control_plane: str = ""
    application: str = ""
    api_version: str = ""
    writer: str = OPERATOR
    found: Found | None = None
    accepted: bool = False
    held: str = ""
    changes: tuple[Change, ...] = ()
    first_sight: bool = False
    drops: tuple[str, ...] = ()
    synced_before: bool = False
    protected: str = ""
    runs: bool = False
    runs_now: bool = False
