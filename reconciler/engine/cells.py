"""What a cell says: pure functions from what is known of one resource to the verdicts of its two first hops.

Each names its cause; nothing is called Missing, Orphan or Unmanaged on a guess (ENGINE §3, §6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.engine.actual import ClusterContent
from reconciler.engine.desired import Desired
from reconciler.ledger.store import Synced
from reconciler.model.changes import Change, ChangeKind, path_text
from reconciler.model.keys import ResourceKey
from reconciler.model.rows import NO_HOP, Cell, ClusterTrace
from reconciler.model.verdicts import Verdict

if TYPE_CHECKING:
    from reconciler.git.documents import GitTouch
    from reconciler.rules.validating import Fault

MAX_CAUSES = 4


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict, why, and since when it may hold (None: since now).

    `change_count` counts differences; `first_sight` marks a verdict found without a last synced state.
    """

    verdict: Verdict | None
    causes: tuple[str, ...] = ()
    since: float | None = None
    first_sight: bool = False
    change_count: int = 0

    def cell(self, since: float, now: float) -> Cell:
        """The cell that shows this finding."""
        if self.verdict is None:
            return NO_HOP
        return Cell(self.verdict, since, now, self.causes, self.first_sight, self.change_count)


NOTHING = Finding(None)


def git_finding(desired: Desired | None, unread_source: str) -> Finding:
    """The G cell: whether the Git source of this resource is readable and valid.

    Args:
        desired: what Git says, or None where no application defines the resource.
        unread_source: why the source that might define it cannot be read; empty if all could.
    """
    if desired is None:
        return Finding(Verdict.UNKNOWN, (unread_source,)) if unread_source else NOTHING
    if desired.broken:
        return Finding(Verdict.FAILED, (desired.broken,), desired.trace.committed_at or None)
    if len(desired.definitions) > 1:
        places = " and ".join(f"{d.document.path}:{d.document.line}" for d in desired.definitions)
        return Finding(
            Verdict.FAILED,
            (f"defined {len(desired.definitions)} times: {places}; keep one",),
            desired.trace.committed_at or None,
        )
    return Finding(Verdict.SYNCED, since=desired.trace.committed_at or None)


def unreadable(key: ResourceKey, content: ClusterContent) -> Finding | None:
    """Why the cluster cannot say anything of this resource yet, or None if it can."""
    if not content.discovered:
        return Finding(Verdict.UNKNOWN, (content.failure or f"{key.cluster} has not answered yet",))
    kind = content.kinds.get(key.kind)
    if kind is None:
        return None
    if not kind.listed:
        reason = kind.failure or content.failure or f"{key.kind} on {key.cluster} has not been listed yet"
        return Finding(Verdict.UNKNOWN, (reason,))
    if content.namespaces and key.namespace not in content.namespaces:
        allowed = ", ".join(sorted(content.namespaces))
        return Finding(
            Verdict.UNKNOWN,
            (f"namespace {key.namespace} is not among those read on {key.cluster}: {allowed}",),
        )
    return None


def missing(key: ResourceKey, content: ClusterContent, synced: Synced | None) -> Finding:
    """Git defines the resource, a complete listing does not hold it."""
    if key.kind not in content.kinds:
        return Finding(
            Verdict.MISSING, (f"{key.cluster} does not serve {key.kind}; install the operator's CRDs there",)
        )
    if synced is not None:
        return Finding(
            Verdict.MISSING, (f"was deleted on {key.cluster} after it was in sync at {synced.revision[:7]}",)
        )
    return Finding(Verdict.MISSING, (f"is in Git and was not applied to {key.cluster}",))


def extra(
    key: ResourceKey,
    *,
    removed: GitTouch | None,
    synced: Synced | None,
    trace: ClusterTrace,
    unread_source: str,
) -> Finding:
    """The cluster holds the resource, Git does not define it: ours once, or never?

    Args:
        removed: the commit that took it out of Git; None if history never defined it.
        synced: the last synced state, if this machine has seen one.
        trace: what the object says of its owner and its last writer.
        unread_source: why Git cannot be asked; then nothing is claimed.
    """
    if unread_source:
        return Finding(Verdict.UNKNOWN, (unread_source,))
    if removed is not None:
        by = f"{removed.revision[:7]} ({removed.author}: {removed.subject})"
        return Finding(
            Verdict.ORPHAN, (f"removed from Git by {by}, still on {key.cluster}",), removed.committed_at
        )
    if synced is not None:
        return Finding(
            Verdict.ORPHAN, (f"was in sync with Git at {synced.revision[:7]}, Git no longer defines it",)
        )
    if trace.owner == "gko-tui":
        return Finding(Verdict.ORPHAN, ("carries our mark, no application defines it",))
    by = f"owned by {trace.owner}" if trace.owner else f"written by {trace.manager or 'an unknown tool'}"
    return Finding(
        Verdict.UNMANAGED,
        (f"{by}; no application of this configuration defines it",),
        trace.changed_at or None,
    )


def being_deleted(trace: ClusterTrace) -> Finding:
    """Git defines the resource, the cluster is about to lose it: drift that a plain diff does not show."""
    return Finding(
        Verdict.DRIFTED,
        ("is being deleted on the cluster; a finalizer still holds it",),
        trace.deleting_since,
    )


def fault_causes(faults: Sequence[Fault]) -> tuple[str, ...]:
    """Why no cluster can take what Git says, in sentences without values."""
    shown = [f"Git: {path_text(fault.path)} {fault.what}" for fault in faults[:MAX_CAUSES]]
    if len(faults) > MAX_CAUSES:
        shown.append(f"and {len(faults) - MAX_CAUSES} more")
    return tuple(shown)


def change_causes(
    changes: tuple[Change, ...], *, left: str = "in Git", right: str = "on the cluster"
) -> tuple[str, ...]:
    """What differs, in a few words without values: the path, how, and who wrote it.

    Args:
        changes: seen from left to right.
        left, right: the two places, with their prepositions.
    """
    words = {
        ChangeKind.CHANGED: "differs",
        ChangeKind.ADDED: f"only {right}",
        ChangeKind.REMOVED: f"only {left}",
        ChangeKind.MOVED: "at another position",
    }
    shown = [
        f"{path_text(change.path)} {words[change.kind]}"
        + (f" (by {change.manager})" if change.manager else "")
        for change in changes[:MAX_CAUSES]
    ]
    if len(changes) > MAX_CAUSES:
        shown.append(f"and {len(changes) - MAX_CAUSES} more")
    return tuple(shown)
