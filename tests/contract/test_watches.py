"""Watches: every change once, in order; bookmarks; what is forgotten is said."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.contract.conftest import Peer
from tests.contract.widgets import API_VERSION, Widgets, assert_status, widget

Events = Iterator[dict[str, Any]]


@contextmanager
def watching(widgets: Widgets, **params: str) -> Iterator[Events]:
    """Open a watch and give its events; it ends by itself, so that a failing test does not hang."""
    query = {"watch": "true", "timeoutSeconds": "15", **params}
    with widgets.client.stream("GET", widgets.path, params=query) as answer:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "application/json"
        yield (json.loads(line) for line in answer.iter_lines() if line)


def revision(widgets: Widgets) -> str:
    return widgets.list(limit="1").json()["metadata"]["resourceVersion"]


def seen(event: dict[str, Any]) -> tuple[str, str]:
    return event["type"], event["object"]["metadata"]["name"]


def test_changes_after_a_list_arrive_in_order(widgets: Widgets) -> None:
    with watching(widgets, resourceVersion=revision(widgets)) as events:
        created = widgets.create(widget("one")).json()
        changed = widgets.merge("one", {"spec": {"size": 5}}).json()
        widgets.delete("one")
        first, second, third = (next(events) for _ in range(3))
    assert first == {"type": "ADDED", "object": created}
    assert second == {"type": "MODIFIED", "object": changed}
    assert seen(third) == ("DELETED", "one")
    assert third["object"]["spec"]["size"] == 5
    assert int(third["object"]["metadata"]["resourceVersion"]) > int(changed["metadata"]["resourceVersion"])


def test_a_watch_catches_up_from_where_it_was(widgets: Widgets) -> None:
    start = revision(widgets)
    widgets.create(widget("one"))
    middle = widgets.merge("one", {"spec": {"size": 5}}).json()["metadata"]["resourceVersion"]
    widgets.create(widget("two"))
    with watching(widgets, resourceVersion=start) as events:
        caught_up = [seen(next(events)) for _ in range(3)]
    assert caught_up == [("ADDED", "one"), ("MODIFIED", "one"), ("ADDED", "two")]
    with watching(widgets, resourceVersion=middle) as events:
        assert seen(next(events)) == ("ADDED", "two")


@pytest.mark.parametrize("begin", [{}, {"resourceVersion": "0"}])
def test_without_a_version_a_watch_begins_with_what_there_is(widgets: Widgets, begin: dict[str, str]) -> None:
    for name in ("one", "two"):
        widgets.create(widget(name))
    with watching(widgets, **begin) as events:
        assert {seen(next(events)) for _ in range(2)} == {("ADDED", "one"), ("ADDED", "two")}
        widgets.create(widget("three"))
        assert seen(next(events)) == ("ADDED", "three")


def test_a_write_without_effect_is_no_event(widgets: Widgets) -> None:
    widgets.create(widget("one"))
    with watching(widgets, resourceVersion=revision(widgets)) as events:
        widgets.merge("one", {"spec": {"colour": "red"}})
        widgets.merge("one", {"spec": {"colour": "blue"}})
        assert next(events)["object"]["spec"]["colour"] == "blue"


def test_other_namespaces_are_not_seen(peer: Peer, widgets: Widgets) -> None:
    with watching(widgets, resourceVersion=revision(widgets)) as events:
        elsewhere = Widgets(peer.client, "default")
        elsewhere.create(widget(f"other-{widgets.namespace}"))
        elsewhere.delete(f"other-{widgets.namespace}")
        widgets.create(widget("mine"))
        assert seen(next(events)) == ("ADDED", "mine")


def test_an_object_comes_and_goes_with_its_labels(widgets: Widgets) -> None:
    widgets.create(widget("one", labels={"on": "no"}))
    with watching(widgets, resourceVersion=revision(widgets), labelSelector="on=yes") as events:
        widgets.merge("one", {"metadata": {"labels": {"on": "yes"}}})
        widgets.merge("one", {"spec": {"size": 5}})
        left = widgets.merge("one", {"metadata": {"labels": {"on": "no"}}}).json()
        came, changed, went = (next(events) for _ in range(3))
    assert [seen(event) for event in (came, changed, went)] == [
        ("ADDED", "one"), ("MODIFIED", "one"), ("DELETED", "one"),
    ]  # fmt: skip
    # What is shown as gone is the object as it last was, under the version that took it away.
    assert went["object"]["metadata"]["labels"] == {"on": "yes"}
    assert went["object"]["metadata"]["resourceVersion"] == left["metadata"]["resourceVersion"]


def test_one_object_can_be_watched(widgets: Widgets) -> None:
    begin = revision(widgets)
    for name in ("one", "two"):
        widgets.create(widget(name))
    with watching(widgets, resourceVersion=begin, fieldSelector="metadata.name=two") as events:
        assert seen(next(events)) == ("ADDED", "two")


def test_bookmarks_come_to_those_who_ask(peer: Peer, widgets: Widgets) -> None:
    widgets.create(widget("one"))
    now = revision(widgets)
    # One comes shortly before the end of the watch, if the cluster has moved on since its beginning.
    with watching(widgets, resourceVersion=now, allowWatchBookmarks="true", timeoutSeconds="5") as events:
        elsewhere = Widgets(peer.client, "default")
        elsewhere.create(widget(f"elsewhere-{widgets.namespace}"))
        elsewhere.delete(f"elsewhere-{widgets.namespace}")
        bookmark = next(events)
    assert bookmark["type"] == "BOOKMARK"
    assert (bookmark["object"]["kind"], bookmark["object"]["apiVersion"]) == ("Widget", API_VERSION)
    assert int(bookmark["object"]["metadata"]["resourceVersion"]) > int(now)
    assert "name" not in bookmark["object"]["metadata"]


def test_a_watch_ends_when_it_was_told_to(widgets: Widgets) -> None:
    with watching(widgets, resourceVersion=revision(widgets), timeoutSeconds="1") as events:
        assert list(events) == []


def test_the_present_can_come_first_with_its_end_marked(widgets: Widgets) -> None:
    widgets.create(widget("one"))
    params = {
        "sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true",
    }  # fmt: skip
    with watching(widgets, **params) as events:
        assert seen(next(events)) == ("ADDED", "one")
        marker = next(events)
        assert marker["type"] == "BOOKMARK"
        assert marker["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
        widgets.create(widget("two"))
        assert seen(next(events)) == ("ADDED", "two")


def test_initial_events_say_how_old_they_may_be(widgets: Widgets) -> None:
    answer = widgets.list(watch="true", sendInitialEvents="true", timeoutSeconds="1")
    told = (
        'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: '
        "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
    )
    assert_status(answer, 422, "Invalid", told)


def test_a_version_before_the_history_is_gone(peer: Peer, widgets: Widgets) -> None:
    widgets.create(widget("one"))
    peer.forget()
    with watching(widgets, resourceVersion="2") as events:
        (error,) = list(events)
    assert error["type"] == "ERROR"
    status = error["object"]
    assert (status["kind"], status["code"], status["reason"]) == ("Status", 410, "Expired")
    assert status["message"].startswith("too old resource version: 2 (")


def test_a_malformed_version_is_no_watch(widgets: Widgets) -> None:
    answer = widgets.list(watch="true", resourceVersion="x")
    told = 'resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x": invalid syntax'
    assert_status(answer, 500, None, told)


def test_many_changes_reach_many_watches(peer: Peer, widgets: Widgets) -> None:
    """Given three watches, when forty changes are made, each watch sees all forty, in order."""
    count, begin = 40, revision(widgets)
    results: list[list[int]] = [[], [], []]

    def follow(sizes: list[int]) -> None:
        with watching(widgets, resourceVersion=begin) as events:
            sizes.extend(int(next(events)["object"]["metadata"]["generation"]) for _ in range(count))

    threads = [threading.Thread(target=follow, args=(sizes,)) for sizes in results]
    for thread in threads:
        thread.start()
    widgets.create(widget("one"))
    for number in range(1, count):
        widgets.merge("one", {"spec": {"path": f"/{number}"}})
    for thread in threads:
        thread.join(20)
    assert results == [list(range(1, count + 1))] * 3


def test_the_old_form_of_a_watch_is_still_served(peer: Peer, widgets: Widgets) -> None:
    widgets.create(widget("one"))
    path = f"/apis/{API_VERSION}/watch/namespaces/{widgets.namespace}/widgets"
    answer: httpx.Response = peer.client.get(path, params={"timeoutSeconds": "1"})
    assert seen(json.loads(answer.text.splitlines()[0])) == ("ADDED", "one")
