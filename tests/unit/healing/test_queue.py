"""The queue of healing: each thing once, the most urgent first, and once more if it was added in flight."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.engine.healing.queue import Priority, Queue


def test_an_item_waits_once_with_the_earliest_time_and_the_highest_priority() -> None:
    queue: Queue[str] = Queue()
    queue.add("a", 50.0, Priority.POLL)
    queue.add("a", 10.0, Priority.FIRST_LIST)
    queue.add("a", 30.0, Priority.WATCH)
    assert len(queue) == 1
    assert queue.next_at() == 10.0
    assert queue.due(9.9) == []
    assert queue.due(10.0) == ["a"]
    assert queue.take("a") is Priority.WATCH
    assert queue.next_at() is None


def test_of_what_is_due_a_persons_request_comes_before_watches_polls_and_the_first_list() -> None:
    queue: Queue[str] = Queue()
    for name, priority in [
        ("list", Priority.FIRST_LIST),
        ("poll", Priority.POLL),
        ("person", Priority.PERSON),
        ("watch", Priority.WATCH),
    ]:
        queue.add(name, 5.0, priority)
    queue.add("earlier watch", 1.0, Priority.WATCH)
    assert queue.due(5.0) == ["person", "earlier watch", "watch", "poll", "list"]


def test_an_item_added_in_flight_runs_once_more_afterwards() -> None:
    queue: Queue[str] = Queue()
    queue.add("a", 0.0, Priority.WATCH)
    queue.take("a")
    queue.add("a", 7.0, Priority.WATCH)
    queue.add("a", 3.0, Priority.POLL)
    assert queue.due(100.0) == []
    queue.done("a")
    assert queue.due(3.0) == ["a"]
    queue.take("a")
    queue.done("a")
    assert queue.due(100.0) == [] and "a" not in queue


def test_an_item_dropped_in_flight_does_not_run_again() -> None:
    queue: Queue[str] = Queue()
    queue.add("a", 0.0, Priority.WATCH)
    queue.take("a")
    queue.add("a", 0.0, Priority.WATCH)
    queue.drop("a")
    queue.done("a")
    assert "a" not in queue


STEPS = st.lists(st.tuples(st.sampled_from("atd"), st.sampled_from("xyz"), st.integers(0, 9)), max_size=40)


@given(STEPS)
def test_nothing_that_was_added_is_ever_lost(steps: list[tuple[str, str, int]]) -> None:
    queue: Queue[str] = Queue()
    owed: set[str] = set()
    working: set[str] = set()
    for what, name, at in steps:
        if what == "a":
            queue.add(name, float(at), Priority.WATCH)
            owed.add(name)
        elif what == "t" and name in queue.due(100.0):
            assert name not in working
            queue.take(name)
            owed.discard(name)
            working.add(name)
        elif what == "d" and name in working:
            queue.done(name)
            working.discard(name)
    for name in list(working):
        queue.done(name)
    assert set(queue.due(100.0)) == owed
