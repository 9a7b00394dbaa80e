"""The terminal's copy of the rows and its running counts."""

from __future__ import annotations

import random
from collections import Counter

from gko_tui.view.store import RowStore
from reconciler.engine.fleet import Fleet
from reconciler.model.rows import Row
from reconciler.model.verdicts import Verdict
from tests.terminal.replay import row


def everything(_kind: str) -> bool:
    return True


def drain(store: RowStore, fleet: Fleet):
    delta = fleet.drain()
    return store.apply(delta.changed, delta.removed, fleet.row)


def publish(fleet: Fleet, *rows: Row) -> None:
    fleet.publish({row.key: row for row in rows})


def test_counts_follow_changes_without_a_walk_over_all_rows() -> None:
    fleet, store, dice = Fleet(), RowStore(), random.Random(3)
    names = [f"api-{number}" for number in range(40)]
    for _ in range(30):
        publish(fleet, *(row(dice.choice(names), verdict=dice.choice(list(Verdict))) for _ in range(5)))
        fleet.publish({}, [row(dice.choice(names)).key])
        drain(store, fleet)
        real = Counter(found.state for found in fleet.rows().values())
        assert +store.count(None, everything) == real
        assert store.rows == fleet.rows()


def test_counts_are_of_the_clusters_and_kinds_asked_for() -> None:
    fleet, store = Fleet(), RowStore()
    publish(fleet, row("a"), row("b", cluster="stage"), row("c", kind="Group"))
    drain(store, fleet)
    assert store.count(frozenset({"stage"}), everything).total() == 1
    assert store.count(None, lambda kind: kind == "Group").total() == 1


def test_only_rows_with_another_state_have_turned() -> None:
    fleet, store = Fleet(), RowStore()
    publish(fleet, row("a"), row("b"))
    assert not drain(store, fleet).turned
    publish(fleet, row("a", verdict=Verdict.DRIFTED), row("b", author="ben"))
    changes = drain(store, fleet)
    assert {key.name for key in changes.changed} == {"a", "b"}
    assert {key.name for key in changes.turned} == {"a"}


def test_a_row_that_came_and_went_between_two_drains_is_gone() -> None:
    fleet, store = Fleet(), RowStore()
    publish(fleet, row("a"))
    drain(store, fleet)
    delta = fleet.drain()
    assert not delta
    changes = store.apply({row("ghost").key}, set(), fleet.row)
    assert {key.name for key in changes.removed} == {"ghost"}
    assert len(store.rows) == 1
