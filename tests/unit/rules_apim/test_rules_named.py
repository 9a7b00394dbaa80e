"""Asked why, a comparison names every rule that made something equal, with the place and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.model.changes import path_text
from reconciler.rules.apim.comparing import COMPARABLE, compare, facts_of, normalise_held, normalise_sent
from reconciler.rules.apim.hop_notes import hop_rule_words, noted
from reconciler.rules.apim.rules_others import RULES_BY_KIND
from reconciler.rules.apim.sieve import Sieve
from tests.unit.rules_apim.cases import CASES, LOST
from tests.unit.rules_apim.described import API, KEY, Content, body_of, judged, put
from tests.unit.rules_apim.pairs import reads

SIEVE = Sieve.of(RULES_BY_KIND["ApiV4Definition"])


def named(sent: Content, held: Content) -> set[tuple[str, str]]:
    judgement = judged(sent, held, noting=True)
    return {(path_text(one.path), one.rule) for one in judgement.ignored}


def test_two_equal_bodies_need_no_rule() -> None:
    assert named(API, API) == set()


def test_a_default_is_named_only_where_one_side_states_it() -> None:
    held = put(API, "notifyMembers", True)
    assert named(API, held) == {("spec.notifyMembers", "apim-defaults")}
    assert named(held, held) == set()


def test_the_places_are_those_of_the_elements() -> None:
    sent = put(API, "listeners/0/paths/0", {"path": "orders", "overrideAccess": False})
    held = put(API, "listeners/0/paths/0", {"path": "/orders/", "overrideAccess": False})
    held = put(put(held, "plans/0/id", "1"), "labels", ["a", "b"])
    assert named(sent, held) == {
        ("spec.listeners[HTTP].paths[orders].path", "context-paths"),
        ("spec.plans[gold].id", "apim-server-fields"),
        ("spec.labels", "order-means-nothing"),
    }


@pytest.mark.parametrize("name", CASES)
def test_whatever_is_made_equal_is_named(name: str) -> None:
    case = CASES[name]
    judgement = judged(put(API, case.place, case.sent), put(API, case.place, case.held), noting=True)
    assert judgement.ignored
    assert {one.rule for one in judgement.ignored} <= known()


@pytest.mark.parametrize("name", LOST)
def test_whatever_is_lost_is_named(name: str) -> None:
    place, value = LOST[name]
    judgement = judged(put(API, place, value), put(API, place, None), noting=True)
    assert judgement.ignored or value is None


def known() -> set[str]:
    return {*hop_rule_words(), "empty-is-absent", "null-is-absent", "order-means-nothing"}


def test_every_rule_says_what_it_is_for() -> None:
    assert all(hop_rule_words().values())


def test_without_being_asked_nothing_is_named() -> None:
    assert judged(API, put(API, "notifyMembers", True)).ignored == ()


def test_the_slow_way_comes_to_the_same_as_the_fast_one(shared_data: Path) -> None:
    for read in reads(shared_data / "exchanges"):
        body = read.sent.body()
        facts = facts_of(body, read.sent.resource())
        sieve = Sieve.of(RULES_BY_KIND[body.kind])
        sent, held = normalise_sent(body, facts), normalise_held(body.kind, read.held, facts)
        below = sent.rules.below("spec")
        assert noted(body.content, sieve, facts, below)[0] == sent["spec"], read.file
        assert noted(read.held, sieve, facts, below)[0] == held["spec"], read.file
        judgement = compare(body, read.held, None, key=KEY, resource=read.sent.resource(), noting=True)
        assert {one.rule for one in judgement.ignored} <= known()


def test_a_kind_without_rules_of_this_hop_is_compared_as_it_is() -> None:
    assert set(RULES_BY_KIND) < COMPARABLE
    assert normalise_sent(body_of({"a": 1, "b": None}, "SomeKind")) == {"spec": {"a": 1}}
