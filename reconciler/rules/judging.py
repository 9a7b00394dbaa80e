"""From differences to a verdict: which side moved since the last synced state, leaf by leaf (ENGINE §3).

With L, desired D and actual A of a leaf: D = A equal; A = L the left side moved; D = L the right side was
changed behind its back; all three differ: conflict. Without L ("first sight") the field managers' times
are the evidence, and doubt goes to the visible side, Drifted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from reconciler.model.changes import Change, ChangeKind, Ignored, Origin
from reconciler.model.verdicts import Verdict
from reconciler.rules.differing import differences
from reconciler.rules.digests import LeafDigests, leaf_digests, order_hash, path_hash
from reconciler.rules.ignoring import IgnoreRule, Subject, leave_out
from reconciler.rules.managers import PEOPLE, blame, is_person, last_write
from reconciler.rules.normalise import Normalised, kind_of, rules_of
from reconciler.rules.redact import Shown, redact_pair
from reconciler.rules.ruleset import STANDARD, RuleSet, Step
from reconciler.rules.schema import Schema

NOTHING_CHANGED = Shown()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a comparison says: the verdict, the changes behind it, whether nothing was known before.

    The changes are redacted and carry origin, manager and time. `ignored` names differences that a known
    writer makes by itself and that do not count.
    """

    verdict: Verdict
    changes: Shown = NOTHING_CHANGED
    first_sight: bool = False
    ignored: tuple[Ignored, ...] = ()


@dataclass(frozen=True, slots=True)
class _Sides:
    """The leaf digests of the left side, the right side and the last synced state."""

    left: LeafDigests
    right: LeafDigests
    synced: LeafDigests

    def origin(self, path: bytes) -> Origin:
        """Which side moved at a path."""
        left, right, synced = self.left.get(path), self.right.get(path), self.synced.get(path)
        if right == synced:
            return Origin.LEFT
        return Origin.RIGHT if left == synced else Origin.BOTH


def judge(
    desired: dict[str, Any],
    actual: dict[str, Any],
    synced: LeafDigests | None,
    *,
    key: bytes,
    committed_at: float | None = None,
    body: dict[str, Any] | None = None,
    schema: Schema | None = None,
    ruleset: RuleSet = STANDARD,
    people: Iterable[str] = PEOPLE,
    subject: Subject | None = None,
) -> Judgement:
    """Compare two places three-way.

    Args:
        desired, actual: both sides, normalised under the same schema and rules.
        synced: the leaf digests of the last synced state, or None at first sight.
        key: the digest key under which `synced` was made; also keys what is redacted.
        committed_at: when the left document was last committed, seconds since the epoch; None: unknown.
        body: the right side as it was read, with managedFields; None: nobody is blamed.
        schema: what both were normalised under; kept for callers, the documents carry what is needed.
        ruleset: the rules in force.
        people: globs of field managers that are people's tools.
        subject: what ignore rules may ask beside kind and name; without it such rules do not apply.

    Returns:
        Synced without changes, else Ahead, Drifted or Conflict. Both sides having moved, in different
        leaves or in one, is Conflict. Values under credentials are `Redacted`.
    """
    del schema
    kind = kind_of(desired) or kind_of(actual)
    rules = tuple(rule for rule in ruleset.late if subject is not None and rule.where.matches(subject))
    desired, actual, ignored = _without_ignored(desired, actual, rules)
    left, right = redact_pair(desired, actual, kind, key)
    found = differences(left, right)
    if Step.ADDITIONS not in ruleset:
        found = [change for change in found if change.kind is not ChangeKind.ADDED]
    changes, explained = _explained(found, desired, kind, ruleset)
    changes = blame(changes, body) if body is not None else changes
    changes, by_manager = _of_other_managers(changes, rules)
    ignored = tuple(dict.fromkeys((*ignored, *explained, *by_manager)))
    if not changes:
        return Judgement(Verdict.SYNCED, ignored=ignored)
    if synced is None:
        verdict = _first_sight(changes, body, committed_at, tuple(people))
        return Judgement(verdict, Shown(changes), first_sight=True, ignored=ignored)
    sides = _Sides(leaf_digests(desired, key), leaf_digests(actual, key), synced)
    told = Shown(replace(change, origin=sides.origin(_place(change, key))) for change in changes)
    return Judgement(_verdict({change.origin for change in told}), told, ignored=ignored)


def _without_ignored(
    desired: dict[str, Any], actual: dict[str, Any], rules: tuple[IgnoreRule, ...]
) -> tuple[dict[str, Any], dict[str, Any], tuple[Ignored, ...]]:
    """Both sides without what the ignore rules name; those that ask for a manager wait for the changes."""
    here = [rule for rule in rules if rule.where.manager is None]
    if not here:
        return desired, actual, ()
    ignored: list[Ignored] = []
    sides = []
    for side in (desired, actual):
        content = leave_out(side, here, rules_of(side), ignored)
        whole = content is side or not isinstance(side, Normalised)
        sides.append(content if whole else side.with_content(content))  # type: ignore[attr-defined]
    return sides[0], sides[1], tuple(ignored)


def _of_other_managers(
    changes: list[Change], rules: tuple[IgnoreRule, ...]
) -> tuple[list[Change], list[Ignored]]:
    """Changes without those whose field manager an ignore rule names."""
    asking = [rule for rule in rules if rule.where.manager is not None]
    kept: list[Change] = []
    ignored: list[Ignored] = []
    for change in changes:
        rule = next((rule for rule in asking if rule.covers(change)), None)
        if rule is None:
            kept.append(change)
        else:
            ignored.append(Ignored(change.path, rule.name))
    return kept, ignored


def _place(change: Change, key: bytes) -> bytes:
    if change.kind is ChangeKind.MOVED:
        return order_hash(change.path[:-1], key)
    return path_hash(change.path, key)


def _verdict(origins: set[Origin]) -> Verdict:
    if origins == {Origin.LEFT}:
        return Verdict.AHEAD
    return Verdict.DRIFTED if origins == {Origin.RIGHT} else Verdict.CONFLICT


def _explained(
    changes: list[Change], desired: dict[str, Any], kind: str, ruleset: RuleSet
) -> tuple[list[Change], tuple[Ignored, ...]]:
    explanations = ruleset.of(kind).explanations
    if not explanations:
        return changes, ()
    kept: list[Change] = []
    ignored: list[Ignored] = []
    for change in changes:
        name = next((rule.name for rule in explanations if rule.explains(change, desired)), None)
        if name is None:
            kept.append(change)
        else:
            ignored.append(Ignored(change.path, name))
    return kept, tuple(ignored)


def _first_sight(
    changes: list[Change], body: dict[str, Any] | None, committed_at: float | None, people: tuple[str, ...]
) -> Verdict:
    """Judge by time: Ahead is what was written before the commit, unless a person added it by hand."""
    if committed_at is None or body is None:
        return Verdict.DRIFTED
    metadata = body.get("metadata")
    newest = last_write(metadata.get("managedFields") if isinstance(metadata, dict) else None)
    newest_at = newest.at if newest is not None else None
    for change in changes:
        # What nobody owns is missing or a server's default: as old as the last write at the latest.
        written_at = newest_at if change.at is None else change.at
        if written_at is None or written_at >= committed_at:
            return Verdict.DRIFTED
        if change.kind is ChangeKind.ADDED and is_person(change.manager, people):
            return Verdict.DRIFTED
    return Verdict.AHEAD
