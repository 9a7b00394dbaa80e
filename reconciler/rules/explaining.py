"""Why a comparison says what it says: every rule that fired, in order, and what each hid.

For people only. The fast path keeps no books, so both sides are normalised anew here with notes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from reconciler.model.changes import Ignored, KeyPath, path_text
from reconciler.rules.digests import LeafDigests
from reconciler.rules.documentation import rule_documentation
from reconciler.rules.ignoring import Subject
from reconciler.rules.judging import Judgement, judge
from reconciler.rules.managers import PEOPLE
from reconciler.rules.metadata import compared_sides
from reconciler.rules.normalise import normalise
from reconciler.rules.patterns import Pattern, covers, parse_pattern
from reconciler.rules.ruleset import RuleSet, Step
from reconciler.rules.schema import Schema


@dataclass(frozen=True, slots=True)
class Fired:
    """One rule that did something: at which step, what for, and at which paths of which side.

    Paths are as people read them, in document order. A rule of `on_change` hid a difference and not a
    value, so that both sides have it.
    """

    step: Step
    rule: str
    what_for: str
    left: tuple[str, ...] = ()
    right: tuple[str, ...] = ()
    on_change: tuple[str, ...] = ()

    @property
    def hits(self) -> int:
        """How often it fired."""
        return len(self.left) + len(self.right) + len(self.on_change)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a comparison came to, and every rule on the way, in the order of the steps.

    `judgement` holds the changes that are left, redacted. `path` is what was asked for.
    """

    judgement: Judgement
    fired: tuple[Fired, ...]
    path: str = ""

    @property
    def hits(self) -> dict[str, int]:
        """How often each rule fired."""
        return {fired.rule: fired.hits for fired in self.fired}


def explain(
    desired: dict[str, Any],
    actual: dict[str, Any],
    schema: Schema,
    ruleset: RuleSet,
    path: str | None = None,
    *,
    key: bytes,
    synced: LeafDigests | None = None,
    committed_at: float | None = None,
    subject: Subject | None = None,
    people: Iterable[str] = PEOPLE,
) -> Explanation:
    """Compare two raw documents and tell what every rule did.

    Args:
        desired, actual: both sides as they were read.
        schema: what the cluster serves for their kind.
        ruleset: the rules in force.
        path: tell only of what lies at, below or above this path (`spec.plans[gold]`, `/spec/plans/gold`).
        key, synced, committed_at, subject, people: as for `judge`.

    Raises:
        ValueError: the path is neither a key path nor a JSON pointer.
    """
    asked = parse_pattern(path) if path else ()
    notes: tuple[list[Ignored], list[Ignored]] = ([], [])
    left = normalise(desired, schema, ruleset, ignored=notes[0])
    right = normalise(actual, schema, ruleset, ignored=notes[1])
    judgement = judge(
        left,
        right,
        synced,
        key=key,
        committed_at=committed_at,
        body=actual,
        ruleset=ruleset,
        people=people,
        subject=subject,
    )
    marks = compared_sides(left, right)[2]
    on_change = (*judgement.ignored, *(mark for mark in marks if mark not in judgement.ignored))
    fired = _by_rule((*notes, on_change), ruleset, asked)
    return Explanation(judgement, fired, path or "")


def _by_rule(
    sides: tuple[Iterable[Ignored], Iterable[Ignored], Iterable[Ignored]], ruleset: RuleSet, asked: Pattern
) -> tuple[Fired, ...]:
    paths: dict[str, tuple[list[str], list[str], list[str]]] = {}
    for side, notes in enumerate(sides):
        for note in dict.fromkeys(notes):
            if not asked or _touches(asked, note.path):
                paths.setdefault(note.rule, ([], [], []))[side].append(path_text(note.path))
    order = [rule.name for rule in ruleset.ignore]
    fired = [
        Fired(*_head(rule, ruleset), left=tuple(left), right=tuple(right), on_change=tuple(changes))
        for rule, (left, right, changes) in paths.items()
    ]
    return tuple(
        sorted(fired, key=lambda one: (one.step, order.index(one.rule) + 1 if one.rule in order else 0))
    )


def _head(rule: str, ruleset: RuleSet) -> tuple[Step, str, str]:
    step, what_for = rule_documentation(rule, ruleset)
    return step, rule, what_for


def _touches(asked: Pattern, path: KeyPath) -> bool:
    """Whether a path lies at or below what was asked for, or holds it."""
    return covers(asked, path) or covers(asked[: len(path)], path)
