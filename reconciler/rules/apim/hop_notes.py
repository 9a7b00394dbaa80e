"""What the rules of this hop hid, path by path, with the name of each rule: for people who ask why.

Comparing keeps no books. When somebody asks, both sides go through the same rules once more, here, slowly. A
note counts only where it hid a difference: what a rule does to both sides alike says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from reconciler.model.changes import ABSENT, Ignored, KeyPath, KeyStep, Step
from reconciler.rules.apim.hop_rules import HOP_RULES
from reconciler.rules.apim.rules_others import RULES_BY_KIND
from reconciler.rules.apim.sieve import FREE_FORM, MAPS_OF_TEXT, Content, Facts, Sieve, is_empty
from reconciler.rules.canonical import same
from reconciler.rules.lists import RuleNode, element_keys, sort_elements
from reconciler.rules.noting import EMPTY_IS_ABSENT, NO_ORDER, NULL_IS_ABSENT

ORDER_DRAWN = "order-drawn-by-the-operator"
"""The name of the rule that leaves the order of plans and pages alone which GKO sends at random."""
GROUPS_UNKNOWN = "groups-by-id-only"
"""The name of the rule that leaves the groups of an API of version 2 alone."""

_WORDS = {
    ORDER_DRAWN: "GKO sends plans and pages in an order that it draws anew each time",
    "property-is-encrypted": "a property that asks to be encrypted reads back as a cipher",
    "console-notification-not-returned": "the console notification is sent with the API and never returned",
    "shared-policy-group-id-not-returned": "APIM keeps the id of a shared policy group to itself",
    "off-is-absent": "a switch that is off, which Management v2 may leave out",
    GROUPS_UNKNOWN: "Management v2 shows groups by their ids alone, and not every group's id is known",
    "connect-phase-not-kept": "the phase goes under a name that APIM does not know; its steps do not run",
}


class Note(NamedTuple):
    """One thing that a rule did on one side; `before` is what stood there."""

    path: KeyPath
    rule: str
    before: object


def hop_rule_words() -> dict[str, str]:
    """Every rule of this hop by name, with what it is for in words."""
    stated = {one.name: one.what_for for rules in RULES_BY_KIND.values() for one in rules}
    explaining = {
        one.name: _WORDS.get(one.name, "")
        for kind in RULES_BY_KIND
        for one in HOP_RULES.of(kind).explanations
    }
    return {**stated, **explaining, **_WORDS}


def noted(
    content: Mapping[str, Any], sieve: Sieve, facts: Facts, rules: RuleNode, path: KeyPath = ("spec",)
) -> tuple[Content, list[Note]]:
    """Bring a body to the form in which it is compared, and tell what was done to it.

    Args:
        content: what is sent or held.
        sieve: the rules of its kind.
        facts: what they must know besides.
        rules: how its lists are matched, from here on.
        path: where this is.

    Returns:
        the same as normalising gives, and a note for everything that a rule did.
    """
    notes: list[Note] = []
    body = _without_nulls(content, rules, path, notes)
    _act(sieve, body, facts, rules, path, notes)
    return _finished(body, rules, path, notes), notes


def hidden_by(left: Iterable[Note], right: Iterable[Note]) -> tuple[Ignored, ...]:
    """What rules made equal that was not: the notes of both sides without what was alike on both."""
    sides = [{(note.path, note.rule): note.before for note in notes} for notes in (left, right)]
    places = dict.fromkeys((*sides[0], *sides[1]))
    return tuple(
        Ignored(*place)
        for place in places
        if not (place in sides[0] and place in sides[1] and same(sides[0][place], sides[1][place]))
    )


# ---------------------------------------------------------------------------------------


def _steps(items: list[Any], rules: RuleNode) -> list[Step]:
    return [*(element_keys(items, rules.listed) or range(len(items)))]


def _by_key(items: list[Any], rules: RuleNode) -> dict[KeyStep, Any] | None:
    names = element_keys(items, rules.listed)
    return dict(zip(names, items, strict=True)) if names is not None else None


def _without_nulls(value: Any, rules: RuleNode, path: KeyPath, notes: list[Note]) -> Any:
    if isinstance(value, Mapping):
        out = {}
        for name, item in value.items():
            here = (*path, name)
            if item is None:
                notes.append(Note(here, NULL_IS_ABSENT, None))
            else:
                free = name in FREE_FORM
                out[name] = item if free else _without_nulls(item, rules.below(name), here, notes)
        return out
    if isinstance(value, list):
        steps = _steps(value, rules)
        return [
            _without_nulls(item, rules.below(0), (*path, step), notes)
            for step, item in zip(steps, value, strict=True)
        ]
    return value


def _act(
    sieve: Sieve, content: Content, facts: Facts, rules: RuleNode, path: KeyPath, notes: list[Note]
) -> None:
    for name, action in sieve.acts:
        before = dict(content)
        action(content, facts)
        _note_changes(before, content, name, rules, path, notes)
    for name, child in sieve.children.items():
        value, below = content.get(name), rules.below(name)
        if isinstance(value, dict):
            _act(child, value, facts, below, (*path, name), notes)
        elif isinstance(value, list) and child.each is not None:
            for step, item in zip(_steps(value, below), value, strict=True):
                if isinstance(item, dict):
                    _act(child.each, item, facts, below.below(0), (*path, name, step), notes)
    if sieve.each is not None:
        for name, item in content.items():
            if isinstance(item, dict):
                _act(sieve.each, item, facts, rules.below(name), (*path, name), notes)


def _note_changes(
    before: Any, after: Any, rule: str, rules: RuleNode, path: KeyPath, notes: list[Note]
) -> None:
    """Note every place that an action changed, as deep as it can be told."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys((*before, *after)):
            left, right = before.get(name, ABSENT), after.get(name, ABSENT)
            if left is not right:
                _note_changes(left, right, rule, rules.below(name), (*path, name), notes)
        return
    if isinstance(before, list) and isinstance(after, list):
        lefts, rights = (_by_key(side, rules) for side in (before, after))
        if lefts is not None and rights is not None:
            for key in dict.fromkeys((*lefts, *rights)):
                left, right = lefts.get(key, ABSENT), rights.get(key, ABSENT)
                _note_changes(left, right, rule, rules.below(0), (*path, key), notes)
            return
    if not same(before, after):
        notes.append(Note(path, rule, before))


def _finished(value: Any, rules: RuleNode, path: KeyPath, notes: list[Note]) -> Any:
    if isinstance(value, dict):
        out = {}
        for name, item in value.items():
            here = (*path, name)
            given = name in FREE_FORM or (name in MAPS_OF_TEXT and isinstance(item, dict))
            kept = item if given else _finished(item, rules.below(name), here, notes)
            if is_empty(kept):
                notes.append(Note(here, EMPTY_IS_ABSENT, item))
            else:
                out[name] = kept
        return out
    if not isinstance(value, list):
        return value
    items = [
        _finished(item, rules.below(0), (*path, step), notes)
        for step, item in zip(_steps(value, rules), value, strict=True)
    ]
    listed = rules.listed
    if listed is None or listed.ordered or len(items) < 2:
        return items
    in_order = sort_elements(items, listed)
    if not same(in_order, items):
        notes.append(Note(path, NO_ORDER, items))
    return in_order
