"""Every list with keys or without order, of every kind: reordered the same, changed once where it changed."""

from __future__ import annotations

import itertools
import random
from typing import Any

from reconciler.model.changes import KeyPath, path_text
from reconciler.rules.comparing import comparable_digest, differences
from reconciler.rules.kinds import BUILT_IN
from reconciler.rules.kinds.kind_rules import KindRules
from reconciler.rules.lists import ListRule
from reconciler.rules.normalise import Normalised, normalise
from reconciler.rules.ruleset import STANDARD
from tests.unit.rules.schemas import NONE, resource

KEY = b"k" * 32
REORDERINGS = 200
CHANGES = 200
Case = tuple[KindRules, str, ListRule]


def _lists() -> list[Case]:
    return [
        (rules, pattern, rule)
        for rules in BUILT_IN
        for pattern, rule in rules.lists.items()
        if not rule.ordered
    ]


def _items(rule: ListRule, chance: random.Random) -> list[Any]:
    if not rule.keys:
        return [f"item-{n}" for n in range(chance.randint(3, 6))]
    return [
        {**{key: f"{key}-{n}" for key in rule.keys}, "detail": f"d{n}", "more": {"deep": [n]}}
        for n in range(chance.randint(3, 6))
    ]


def _document(case: Case, items: list[Any], chance: random.Random) -> dict[str, Any]:
    """A document with a list where the pattern says; the lists around it have other elements, too."""
    rules, pattern, _ = case
    parts = pattern.split(".")[1:]
    value: Any = items
    for at in range(len(parts) - 1, -1, -1):
        if parts[at] != "*":
            value = {parts[at]: value}
            continue
        around = rules.lists.get(".".join(["spec", *parts[:at]]))
        if around is None:
            value = {"gold": value, "other": {"name": "x"}}
        else:
            mine = {**{key: f"a-{key}" for key in around.keys}, **value}
            other = {key: f"b-{key}" for key in around.keys}
            value = [mine, other] if around.ordered or chance.random() < 0.5 else [other, mine]
    return resource(rules.kind, **value)


def _norm(body: dict[str, Any]) -> Normalised:
    return normalise(body, NONE, STANDARD)


def test_two_hundred_reorderings_are_no_change() -> None:
    chance = random.Random(6)
    kinds = set()
    for case in itertools.islice(itertools.cycle(_lists()), REORDERINGS):
        items = _items(case[2], chance)
        left = _norm(_document(case, items, chance))
        turned = items
        while turned == items:
            turned = chance.sample(items, len(items))
        right = _norm(_document(case, turned, chance))
        assert differences(left, right) == [], case
        assert comparable_digest(left, KEY) == comparable_digest(right, KEY), case
        kinds.add(case[0].kind)
    assert len(kinds) > 6


def test_two_hundred_changes_inside_are_each_told_once_at_one_path_in_any_order() -> None:
    chance = random.Random(66)
    for number, case in enumerate(itertools.islice(itertools.cycle(_lists()), CHANGES)):
        items = _items(case[2], chance)
        changed = _changed(items, case[2], ("detail", "gone", "new")[number % 3], chance)
        paths = set()
        for _ in range(3):
            left = _norm(_document(case, chance.sample(items, len(items)), chance))
            right = _norm(_document(case, chance.sample(changed, len(changed)), chance))
            told = differences(left, right)
            wanted = 1 if case[2].keys or len(items) != len(changed) else 2
            assert len(told) == wanted, (case, told)
            paths.add(tuple(sorted(path_text(change.path) for change in told)))
            assert all(_is_stable(change.path, case[2]) for change in told), (case, told)
        assert len(paths) == 1, (case, paths)


def _changed(items: list[Any], rule: ListRule, how: str, chance: random.Random) -> list[Any]:
    at = chance.randrange(len(items))
    if how == "gone":
        return items[:at] + items[at + 1 :]
    if how == "new":
        return [*items, dict.fromkeys(rule.keys, "a-new-one") if rule.keys else "a-new-one"]
    other = {**items[at], "detail": "changed"} if rule.keys else "changed"
    return [*items[:at], other, *items[at + 1 :]]


def _is_stable(path: KeyPath, rule: ListRule) -> bool:
    """No position is in the path, unless the key is a credential that must not be shown."""
    return rule.hidden or not any(isinstance(step, int) for step in path)
