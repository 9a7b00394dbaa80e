"""What is remembered of publications: told by a list first, by themselves later."""

from __future__ import annotations

from tests.unit.engine.downstream.told import AT, LATER, Platform, instance, listed, whole


def test_what_a_list_told_lacks_its_definition_until_it_is_told_whole() -> None:
    it = Platform()
    it.held.deployment("prod", "api-1", listed(), AT)
    first = it.held.of("prod").published["api-1"]
    assert (first.listed, first.definition(), first.expectation.revision) == (True, None, "3")
    assert first.expectation.published_at == AT
    it.held.take()
    it.held.deployment("prod", "api-1", whole(), LATER)
    second = it.held.of("prod").published["api-1"]
    assert not second.listed
    assert (second.definition() or {})["name"] == "Orders"
    assert it.held.take().apis == {("prod", "api-1")}
    assert it.arrived == [], "the same event is no new publication"


def test_a_list_that_tells_of_what_is_known_whole_takes_nothing_away() -> None:
    it = Platform()
    it.held.deployment("prod", "api-1", whole(), AT)
    it.held.take()
    it.held.deployment("prod", "api-1", listed(), LATER)
    kept = it.held.of("prod").published["api-1"]
    assert kept.packed is not None
    assert kept.expectation.read_at == LATER
    assert not it.held.take()


def test_a_newer_publication_that_a_list_tells_of_is_news() -> None:
    it = Platform()
    it.held.deployment("prod", "api-1", whole(), AT)
    it.held.deployment("prod", "api-1", listed("4", at=LATER, identifier="event-2"), LATER)
    assert it.held.of("prod").published["api-1"].expectation.revision == "4"
    assert it.arrived == [("prod", "api-1")]


def test_other_gateways_or_tags_concern_every_api_and_a_heartbeat_concerns_none() -> None:
    it = Platform()
    it.held.instances("prod", [instance()], AT)
    moved = it.held.take()
    assert moved.wholly == {"prod"}
    assert ("prod", "api-1") in moved.apis
    it.held.instances("prod", [instance(last_heartbeat_at=LATER + 60)], LATER)
    assert not it.held.take()
    it.held.instances("prod", [instance(tags=("internal",))], LATER)
    assert it.held.take().wholly == {"prod"}
    it.held.instances("prod", [], LATER)
    assert it.held.take().wholly == {"prod"}
