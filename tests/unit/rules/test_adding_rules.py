"""A rule put into a person's file: it does what it says, and everything else in the file stays."""

from __future__ import annotations

import pytest

from reconciler.model.changes import KeyPath, KeyStep
from reconciler.model.keys import ResourceKey
from reconciler.model.verdicts import Place
from reconciler.rules.adding_rules import RulesFileError, rule_for, with_rule
from reconciler.rules.comparing import Subject
from reconciler.rules.ignoring import IgnoreRule
from reconciler.rules.rules_file import parse_rules

EDGE = ResourceKey("eu-1", "ApiV4Definition", "shop", "orders")
OTHER = ResourceKey("eu-1", "ApiV4Definition", "shop", "carts")
PLAN: KeyPath = ("spec", "plans", KeyStep("gold"), "description")


def made(*, of_kind: bool, hop: Place = Place.CLUSTER, taken: frozenset[str] = frozenset()) -> IgnoreRule:
    text = with_rule("", rule_for(EDGE, hop, PLAN, of_kind=of_kind, taken=taken), "rules.yaml")
    pack = parse_rules(text, "rules.yaml")
    assert not pack.faults
    return pack.rules[0]


def test_for_one_resource_it_is_for_no_other() -> None:
    where = made(of_kind=False).where
    assert where.matches(Subject(EDGE, Place.CLUSTER, {}))
    assert not where.matches(Subject(OTHER, Place.CLUSTER, {}))
    assert not where.matches(Subject(EDGE, Place.CONTROL_PLANE, {}))


def test_for_a_kind_it_is_for_all_of_it_on_that_hop() -> None:
    where = made(of_kind=True, hop=Place.CONTROL_PLANE).where
    assert where.matches(Subject(OTHER, Place.CONTROL_PLANE, {}))
    assert not where.matches(Subject(OTHER, Place.CLUSTER, {}))


def test_a_name_with_the_letters_of_a_glob_means_itself() -> None:
    odd = ResourceKey("eu-[1]", "ApiV4Definition", "shop", "orders")
    text = with_rule("", rule_for(odd, Place.CLUSTER, PLAN, of_kind=False, taken=frozenset()), "rules.yaml")
    (rule,) = parse_rules(text, "rules.yaml").rules
    assert rule.where.matches(Subject(odd, Place.CLUSTER, {}))
    assert not rule.where.matches(Subject(ResourceKey("eu-1", odd.kind, "shop", "orders"), Place.CLUSTER, {}))


def test_a_name_that_is_taken_gets_a_number() -> None:
    first = made(of_kind=False).name
    second = made(of_kind=False, taken=frozenset({first})).name
    assert second == f"{first}-2"
    assert made(of_kind=False, taken=frozenset({first, second})).name == f"{first}-3"


FILES = [
    "# mine\nversion: 1\n",
    "# mine\nrules:\n  - rule: a\n    ignore: spec.name\n    reason: b  # why\n",
    "rules: # all of them\n- rule: a\n  ignore: spec.name\n  reason: b\ntests: []\n",
    "rules:\n\n    # indented by four\n    - {rule: a, ignore: spec.name, reason: b}\n",
    "rules:\n",
    "version: 1\nrules:",
]


@pytest.mark.parametrize("text", FILES)
def test_everything_else_in_the_file_stays(text: str) -> None:
    had = parse_rules(text, "rules.yaml")
    now = with_rule(text, rule_for(EDGE, Place.CLUSTER, PLAN, of_kind=True, taken=frozenset()), "rules.yaml")
    has = parse_rules(now, "rules.yaml")
    assert [rule.name for rule in has.rules[1:]] == [rule.name for rule in had.rules]
    assert len(has.faults) == len(had.faults)
    for line in text.splitlines():
        assert line in now.splitlines()


def test_a_second_rule_comes_beside_the_first() -> None:
    rule = rule_for(EDGE, Place.CLUSTER, PLAN, of_kind=True, taken=frozenset())
    other = rule_for(EDGE, Place.CLUSTER, ("spec", "name"), of_kind=False, taken=frozenset())
    text = with_rule(with_rule("", rule, "rules.yaml"), other, "rules.yaml")
    assert len(parse_rules(text, "rules.yaml").rules) == 2


@pytest.mark.parametrize("text", ["rules: [{rule: a, ignore: spec.name, reason: b}]\n", "- no\n- mapping\n"])
def test_a_file_that_cannot_be_added_to_is_left_and_the_rule_is_told(text: str) -> None:
    rule = rule_for(EDGE, Place.CLUSTER, PLAN, of_kind=True, taken=frozenset())
    with pytest.raises(RulesFileError) as raised:
        with_rule(text, rule, "rules.yaml")
    assert raised.value.subject == "rules.yaml"
    assert "spec.plans[gold].description" in raised.value.next_step
