"""Which rows are shown, in which order, while they change."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from gko_tui.view.filtering import parse_filter
from gko_tui.view.listing import SORT_KEYS, Health, Listing, Scope, Sort, owner
from reconciler.model.keys import ResourceKey
from reconciler.model.rows import Row
from reconciler.model.verdicts import Verdict
from tests.terminal.replay import row, story


def listing_of(rows: list[Row]) -> tuple[Listing, dict[ResourceKey, Row]]:
    table = {row.key: row for row in rows}
    listing = Listing(table)
    listing.rebuild()
    return listing, table


def names(listing: Listing) -> list[str]:
    return [key.name for key in listing.order]


def test_it_opens_on_the_apis_of_every_cluster_by_name() -> None:
    listing, _ = listing_of(story())
    assert "web-shop" not in names(listing)
    assert {"ApiV4Definition", "ApiDefinition"} == {key.kind for key in listing.order}
    assert names(listing) == sorted(names(listing))


def test_every_kind_and_one_kind() -> None:
    listing, _ = listing_of(story())
    listing.scope = Scope(None, None)
    listing.rebuild()
    assert "web-shop" in names(listing)
    listing.scope = Scope(None, frozenset({"applications"}))
    listing.rebuild()
    assert names(listing) == ["web-shop"]


def test_only_some_clusters() -> None:
    listing, _ = listing_of(story())
    listing.scope = Scope(frozenset({"stage"}))
    listing.rebuild()
    assert {key.cluster for key in listing.order} == {"stage"}


def test_only_what_is_wrong_or_only_what_is_well() -> None:
    listing, table = listing_of(story())
    listing.health = Health.UNHEALTHY
    listing.rebuild()
    assert listing.order
    assert all(table[key].state is not Verdict.SYNCED for key in listing.order)
    listing.health = Health.HEALTHY
    listing.rebuild()
    assert all(table[key].state is Verdict.SYNCED for key in listing.order)
    assert listing.is_narrowed


def test_the_worst_state_comes_first_and_turned_round_last() -> None:
    listing, table = listing_of(story())
    listing.sort = Sort("state")
    listing.rebuild()
    ranks = [table[key].state.rank for key in listing.order]
    assert ranks == sorted(ranks, reverse=True)
    listing.sort = Sort("state", reverse=True)
    listing.rebuild()
    assert table[listing.order[0]].state is Verdict.SYNCED


def test_every_column_can_be_sorted_by() -> None:
    listing, table = listing_of(story())
    for column in SORT_KEYS:
        listing.sort = Sort(column)
        listing.rebuild()
        assert len(listing.order) == len([key for key in table if listing.scope.holds(key)])


def test_a_change_that_moves_nothing_only_asks_for_paint() -> None:
    listing, table = listing_of(story())
    changed = table[listing.order[3]].bumped(application="another")
    table[changed.key] = changed
    assert listing.touch(frozenset({changed.key}), frozenset()) == {changed.key}
    assert not listing.is_unsettled


def test_a_row_that_must_move_waits_until_it_may() -> None:
    listing, table = listing_of([row("a"), row("b"), row("c")])
    listing.sort = Sort("state")
    listing.rebuild()
    worse = row("c", verdict=Verdict.FAILED, version=1)
    table[worse.key] = worse
    assert listing.touch(frozenset({worse.key}), frozenset()) == {worse.key}
    assert names(listing) == ["a", "b", "c"]
    assert listing.settle()
    assert names(listing) == ["c", "a", "b"]
    assert not listing.settle()


def test_rows_come_and_go_with_the_filter() -> None:
    listing, table = listing_of([row("a"), row("b", verdict=Verdict.DRIFTED)])
    listing.filter = parse_filter("sync:drifted")
    listing.rebuild()
    assert names(listing) == ["b"]
    for changed in (row("a", verdict=Verdict.DRIFTED), row("b")):
        table[changed.key] = changed
    listing.touch(frozenset(table), frozenset())
    listing.settle()
    assert names(listing) == ["a"]


def test_a_row_that_is_taken_away_leaves() -> None:
    listing, table = listing_of([row("a"), row("b")])
    gone = listing.order[0]
    del table[gone]
    listing.touch(frozenset(), frozenset({gone}))
    assert listing.settle()
    assert names(listing) == ["b"]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(sorted(SORT_KEYS)), st.booleans())
def test_settling_after_changes_gives_what_rebuilding_gives(seed: int, column: str, reverse: bool) -> None:
    dice = random.Random(seed)
    verdicts = (Verdict.SYNCED, Verdict.DRIFTED, Verdict.FAILED)
    rows = [row(f"api-{number}", verdict=dice.choice(verdicts)) for number in range(30)]
    listing, table = listing_of(rows)
    listing.sort = Sort(column, reverse)
    listing.filter = parse_filter("!sync:failed")
    listing.rebuild()
    for _ in range(5):
        changed, removed = set(), set()
        for _ in range(6):
            key = ResourceKey("prod-eu", "ApiV4Definition", "pay", f"api-{dice.randrange(36)}")
            if dice.random() < 0.3:
                if table.pop(key, None) is not None:
                    removed.add(key)
                    changed.discard(key)
            else:
                table[key] = row(key.name, verdict=dice.choice(verdicts), since=dice.random() * 1e9)
                changed.add(key)
                removed.discard(key)
        listing.touch(frozenset(changed), frozenset(removed))
        listing.settle()
        live = list(listing.order)
        listing.rebuild()
        assert live == listing.order
        assert listing.positions == {key: at for at, key in enumerate(live)}


def test_the_owner_is_who_caused_the_drift_else_the_author() -> None:
    assert owner(row(verdict=Verdict.DRIFTED, manager="kubectl-edit")) == "kubectl-edit"
    assert owner(row(manager="kubectl-edit")) == "ana"
    assert owner(row(git=None, verdict=Verdict.ORPHAN, manager="Lens")) == "Lens"
