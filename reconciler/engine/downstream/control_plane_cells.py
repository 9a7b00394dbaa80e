"""The C cell: the body that would be sent for a resource against what its control plane holds.

The operator's own word comes first where it says that it failed; then the two are compared, three-way where
a last synced state is known. What is equal is compared once and costs nothing on the next pass.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from reconciler.engine.cells import NOTHING, Finding, change_causes, unreadable
from reconciler.engine.downstream.meanings import API_KINDS, Meaning, Meanings
from reconciler.engine.downstream.references import Lookups, whole
from reconciler.model.keys import ResourceKey
from reconciler.model.rows import ControlPlaneTrace
from reconciler.model.verdicts import Verdict
from reconciler.rules.apim.bodies import Body, body_for
from reconciler.rules.apim.comparing import COMPARABLE, compare, sent_leaves
from reconciler.rules.apim.gko_status import GkoWord, told_by_gko
from reconciler.rules.apim.hop_rules import HOP_RULES
from reconciler.rules.apim.identities import SENT_KINDS
from reconciler.rules.apim.references import Problems
from reconciler.rules.comparing import Judgement, unpack_leaves

if TYPE_CHECKING:
    from reconciler.cluster.objects import ClusterObject
    from reconciler.control_plane.inventory import InventoryEntry
    from reconciler.control_plane.management import SubscriptionStatus
    from reconciler.control_plane.packing import PackedState
    from reconciler.engine.actual import Actual
    from reconciler.engine.downstream.held import Held, HeldContent
    from reconciler.engine.downstream.material import Material
    from reconciler.rules.ignoring import IgnoreRule

MAX_KEPT = 20_000
"""Comparisons kept; a fleet with more resources than that pays for them again."""


class InSync(NamedTuple):
    """A state that was found in sync: what the ledger keeps of it."""

    digest: bytes
    leaves: bytes


@dataclass(frozen=True, slots=True)
class _Compared:
    """What came of comparing one object with one state."""

    token: tuple[object, ...]
    word: GkoWord
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    verdict: Verdict = Verdict.SYNCED
    causes: tuple[str, ...] = ()
    first_sight: bool = False
    change_count: int = 0


class ControlPlaneCells:
    """Judges the control-plane hop.

    Args:
        control_planes: the names of those that are known.
        actual: what the clusters hold.
        meanings: which object each resource means.
        held: what the control planes hold.
        material: Secrets and ConfigMaps.
        synced_digest: the digest that the ledger remembers of a resource's last synced state, or None.
        synced_leaves: its packed leaves, or None.
        key: this machine's digest key.
        ignoring: the ignore rules that are for a resource on this hop.
    """

    def __init__(
        self,
        control_planes: Callable[[], Sequence[str]],
        actual: Actual,
        meanings: Meanings,
        held: Held,
        material: Material,
        *,
        synced_digest: Callable[[ResourceKey], bytes | None],
        synced_leaves: Callable[[ResourceKey], bytes | None],
        key: bytes,
        ignoring: Callable[[ResourceKey], tuple[IgnoreRule, ...]] = lambda _key: (),
    ) -> None:
        self._ignoring = ignoring
        self._control_planes = control_planes
        self._actual = actual
        self._meanings = meanings
        self._held = held
        self._material = material
        self._synced_digest = synced_digest
        self._synced_leaves = synced_leaves
        self._key = key
        self.context = hashlib.blake2b(HOP_RULES.digest, key=key, digest_size=16).digest()
        """The rules under which states are remembered; those seen under others could point the wrong way."""
        self._kept: dict[ResourceKey, _Compared] = {}
        self._in_sync: dict[ResourceKey, InSync] = {}

    def forget(self, keys: set[ResourceKey]) -> None:
        """Something that these resources refer to has changed: compare them anew."""
        for key in keys:
            self._kept.pop(key, None)

    def take_in_sync(self) -> dict[ResourceKey, InSync]:
        """The newly synced states since the last call, to be remembered."""
        taken, self._in_sync = self._in_sync, {}
        return taken

    def judge(
        self, key: ResourceKey, found: ClusterObject | None, blind: Finding | None
    ) -> tuple[Finding, ControlPlaneTrace | None]:
        """Judge one resource (blocking: it may inflate and compare bodies).

        Args:
            key: the resource.
            found: its object, or None where its cluster holds none.
            blind: why the cluster cannot say whether there is one; None where it can.
        """
        if key.kind not in SENT_KINDS:
            return NOTHING, None
        meaning = self._meanings.of(key)
        content = self._held.of(meaning.control_plane)
        trace = trace_of(meaning, content)
        if found is None:
            return self._absent(key, meaning, content, blind), trace
        return self._present(key, found, meaning, content), trace

    def _present(
        self, key: ResourceKey, found: ClusterObject, meaning: Meaning, content: HeldContent
    ) -> Finding:
        """Judge a resource that its cluster holds."""
        compared = self._compared(key, found, meaning)
        if compared.word.verdict is Verdict.FAILED:
            causes = (*compared.word.causes, *compared.problems)
            return Finding(Verdict.FAILED, tuple(dict.fromkeys(causes)), compared.word.since)
        if compared.problems:
            return Finding(Verdict.UNKNOWN, compared.problems)
        if meaning.ref is None:
            return NOTHING
        if meaning.ref not in content.states:
            return Finding(Verdict.UNKNOWN, (unread(meaning, content),))
        finding = _since_the_edit(self._of_compared(compared), content.inventory.get(meaning.id))
        finding = self._subscription_status(meaning, content, finding)
        finding = _detached(key, meaning, content, finding)
        return self._contended(key, meaning, compared, finding)

    def body(self, key: ResourceKey, found: ClusterObject) -> Body | Problems:
        """The body that would be sent for a resource now; what it needs is noted."""
        lookups = Lookups(self._actual.clusters[key.cluster], self._material)
        made = body_for(whole(found), lookups)
        self._meanings.note(key, lookups.asked)
        if isinstance(made, Problems) or not _names_groups(made):
            return made
        return replace(made, group_hrids={**lookups.group_hrids(), **made.group_hrids})

    def judgement(
        self, key: ResourceKey, found: ClusterObject, body: Body, state: PackedState | None
    ) -> Judgement:
        """Compare a body with what is held, three-way where a last synced state is known."""
        resource = whole(found)
        held = state.body() if state is not None else None
        ignore = self._ignoring(key)
        judged = compare(body, held, None, key=self._key, resource=resource, ignore=ignore)
        if judged.verdict is Verdict.SYNCED:
            return judged
        digest, leaves = self._synced_digest(key), None
        if digest is not None and digest.startswith(self.context):
            leaves = self._synced_leaves(key)
        if leaves is None:
            return judged
        synced = unpack_leaves(leaves)
        return compare(body, held, synced, key=self._key, resource=resource, ignore=ignore)

    # ---------------------------------------------------------------------------------------

    def _absent(
        self, key: ResourceKey, meaning: Meaning, content: HeldContent, blind: Finding | None
    ) -> Finding:
        """Judge a resource that its cluster does not hold: does the control plane still?"""
        if blind is not None:
            return Finding(Verdict.UNKNOWN, blind.causes) if self._control_planes() else NOTHING
        if meaning.ref is None:
            return NOTHING
        reading = content.states.get(meaning.ref)
        if reading is None:
            return Finding(Verdict.UNKNOWN, (unread(meaning, content),))
        others = self._meanings.keys_of(meaning.control_plane, meaning.ref) - {key}
        if reading.state is None or others or _ended(meaning, content, reading.state):
            return NOTHING
        if key.kind == "Subscription" and _status(meaning, content) is None:
            why = f"{meaning.control_plane} has not told yet whether it is closed"
            return Finding(Verdict.UNKNOWN, (why,))
        return Finding(
            Verdict.ORPHAN, (f"{meaning.control_plane} still has it, though {key.cluster} does not",)
        )

    def _compared(self, key: ResourceKey, found: ClusterObject, meaning: Meaning) -> _Compared:
        reading = (
            self._held.of(meaning.control_plane).states.get(meaning.ref) if meaning.ref is not None else None
        )
        state = reading.state if reading is not None else None
        token = (
            found.uid,
            found.resource_version,
            meaning,
            reading is not None,
            state.digest if state is not None else None,
            self._synced_digest(key),
            self._ignoring(key),
        )
        kept = self._kept.get(key)
        if kept is None or kept.token != token:
            kept = self._compare(key, found, meaning, token, reading is not None, state)
            while len(self._kept) >= MAX_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = kept
        return kept

    def _compare(
        self,
        key: ResourceKey,
        found: ClusterObject,
        meaning: Meaning,
        token: tuple[object, ...],
        read: bool,
        state: PackedState | None,
    ) -> _Compared:
        word = told_by_gko(whole(found))
        if meaning.causes or meaning.ref is None:
            return _Compared(token, word, problems=meaning.causes)
        if key.kind not in COMPARABLE:
            what = f"what {meaning.control_plane} holds of {key.kind} cannot be compared"
            return _Compared(token, word, problems=(what,))
        body = self.body(key, found)
        if isinstance(body, Problems):
            return _Compared(token, word, problems=body.causes())
        warnings = (*word.warnings, *(missing.sentence() for missing in body.warnings))
        if not read:
            return _Compared(token, word, warnings=warnings)
        judged = self.judgement(key, found, body, state)
        if judged.verdict is Verdict.SYNCED:
            self._note_in_sync(key, body)
        return _Compared(
            token,
            word,
            problems=self._groups_unread(key, judged),
            warnings=tuple(dict.fromkeys(warnings)),
            verdict=judged.verdict,
            causes=change_causes(judged.changes, left="on the cluster", right="at the control plane"),
            first_sight=judged.first_sight,
            change_count=len(judged.changes),
        )

    def _groups_unread(self, key: ResourceKey, judged: Judgement) -> tuple[str, ...]:
        """Why a difference in groups alone says nothing: APIM shows HRIDs, and the groups cannot be read."""
        if not judged.changes or any(change.path[1:2] != ("groups",) for change in judged.changes):
            return ()
        blind = unreadable(key._replace(kind="Group"), self._actual.clusters[key.cluster])
        return (f"its groups cannot be told: {blind.causes[0]}",) if blind is not None else ()

    def _note_in_sync(self, key: ResourceKey, body: Body) -> None:
        leaves = sent_leaves(body, self._key)
        digest = self.context + hashlib.blake2b(leaves, key=self._key, digest_size=16).digest()
        if self._synced_digest(key) != digest:
            self._in_sync[key] = InSync(digest, leaves)

    def _of_compared(self, compared: _Compared) -> Finding:
        word = compared.word
        if compared.verdict is Verdict.SYNCED:
            return Finding(Verdict.SYNCED, tuple(f"warning: {text}" for text in compared.warnings))
        verdict, causes = compared.verdict, compared.causes
        if verdict is Verdict.MISSING and not causes:
            causes = ("the control plane does not have it",)
        if not word.seen or word.verdict is Verdict.AHEAD:
            verdict, causes = Verdict.AHEAD, (*word.causes, *causes)
        return Finding(verdict, causes, None, compared.first_sight, compared.change_count)

    def _subscription_status(self, meaning: Meaning, content: HeldContent, finding: Finding) -> Finding:
        """A subscription's status is not part of its body, and only Management v2 tells it (DOMAIN §9)."""
        if meaning.ref is None or meaning.ref.kind != "Subscription" or finding.verdict is not Verdict.SYNCED:
            return finding
        status = _status(meaning, content)
        if status is None or status.status in ("ACCEPTED", "RESUMED"):
            return finding
        if status.status == "PENDING":
            return replace(
                finding, verdict=Verdict.AHEAD, causes=("waits for approval at the control plane",)
            )
        if status.status == "CLOSED" and 0 < status.ending_at <= (status.closed_at or status.ending_at):
            return finding  # it ended when it was meant to
        return replace(
            finding,
            verdict=Verdict.DRIFTED,
            causes=(f"is {status.status} at the control plane",),
            since=status.closed_at or status.updated_at or None,
        )

    def _contended(
        self, key: ResourceKey, meaning: Meaning, compared: _Compared, finding: Finding
    ) -> Finding:
        """Two resources that mean one object overwrite each other: the last writer wins (DOMAIN §7)."""
        assert meaning.ref is not None
        rivals = sorted(self._meanings.keys_of(meaning.control_plane, meaning.ref) - {key})
        living = [
            (rival, found)
            for rival in rivals
            if (content := self._actual.clusters.get(rival.cluster)) is not None
            and (found := content.objects.get(rival)) is not None
        ]
        if not living:
            return finding
        names = ", ".join(str(rival) for rival, _ in living)
        what = f"{names} writes the same object {meaning.ref.hrid} of {meaning.control_plane}"
        equal = compared.verdict is Verdict.SYNCED and all(
            self._compared(rival, found, self._meanings.of(rival)).verdict is Verdict.SYNCED
            for rival, found in living
        )
        if equal:
            return replace(finding, causes=(*finding.causes, f"warning: {what}, with the same content"))
        return replace(finding, verdict=Verdict.CONTENDED, causes=(what, *finding.causes))


def _status(meaning: Meaning, content: HeldContent) -> SubscriptionStatus | None:
    """How a subscription stands, as Management v2 told it; None where it did not."""
    every = (one for known in list(content.subscriptions.values()) for one in known)
    return next((one for one in every if one.id == meaning.id), None)


def _ended(meaning: Meaning, content: HeldContent, state: PackedState) -> bool:
    """Whether a thing that is still returned is there no longer (DOMAIN §9, trap 10).

    A deleted application is archived, a deleted subscription closed; both can still be read.
    """
    if meaning.ref is not None and meaning.ref.kind == "Subscription":
        status = _status(meaning, content)
        return status is not None and not status.live
    return (
        meaning.ref is not None
        and meaning.ref.kind == "Application"
        and (state.body().get("status") == "ARCHIVED")
    )


def _names_groups(body: Body) -> bool:
    """Whether a body names groups anywhere."""
    notified = body.content.get("consoleNotification")
    return bool(body.content.get("groups") or (isinstance(notified, dict) and notified.get("groups")))


def _since_the_edit(finding: Finding, entry: InventoryEntry | None) -> Finding:
    """Date a drift: an edit of the API itself moves its timestamp, one of a plan or page does not."""
    if finding.verdict is not Verdict.DRIFTED or entry is None or not entry.updated_at:
        return finding
    if all(cause.startswith(("spec.plans", "spec.pages")) for cause in finding.causes):
        return finding
    return replace(finding, since=entry.updated_at)


def _detached(key: ResourceKey, meaning: Meaning, content: HeldContent, finding: Finding) -> Finding:
    """APIM's break glass flips the origin back to the Console's (DOMAIN §0.9)."""
    entry = content.inventory.get(meaning.id) if key.kind in API_KINDS else None
    if entry is None or entry.origin != "MANAGEMENT" or finding.verdict is Verdict.MISSING:
        return finding
    return replace(
        finding,
        verdict=Verdict.DETACHED,
        causes=(
            "was detached from its resource in the Console; the next change of the resource takes it back",
            *finding.causes,
        ),
        since=entry.updated_at or None,
    )


def unread(meaning: Meaning, content: HeldContent) -> str:
    """Why nothing can be said of a thing that was never read."""
    failed = content.failures.get(meaning.ref) if meaning.ref is not None else None
    return failed or content.trouble or f"{meaning.control_plane} has not been read yet"


def trace_of(meaning: Meaning, content: HeldContent) -> ControlPlaneTrace | None:
    """What the control plane says of a resource beside its body."""
    if meaning.ref is None:
        return None
    hrid = "" if meaning.ref.uuid or meaning.ref.by_management else meaning.ref.hrid
    entry = content.inventory.get(meaning.id)
    if entry is None or not meaning.ref.is_api:
        return ControlPlaneTrace(meaning.control_plane, meaning.id, hrid)
    return ControlPlaneTrace(
        meaning.control_plane,
        meaning.id,
        hrid,
        entry.origin,
        entry.owner,
        entry.state,
        entry.created_at,
        entry.updated_at,
        entry.deployed_at,
    )
