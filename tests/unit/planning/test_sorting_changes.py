"""Which changes an apply cures and which need a leaf taken away."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.engine.planning.sorting_changes import cure
from reconciler.model.changes import ABSENT, Change, ChangeKind, KeyPath, KeyStep
from reconciler.rules.schema import Schema
from tests.unit.planning.situations import differing, key

OPEN = Schema({})
K = KeyStep


def changed(kind: ChangeKind, *path: Any, manager: str | None = None) -> Change:
    left = ABSENT if kind is ChangeKind.ADDED else 1
    right = ABSENT if kind is ChangeKind.REMOVED else 2
    return Change(tuple(path), kind, left, right, manager=manager)


ADDED, CHANGED, REMOVED, MOVED = (
    ChangeKind.ADDED,
    ChangeKind.CHANGED,
    ChangeKind.REMOVED,
    ChangeKind.MOVED,
)


@pytest.mark.parametrize(
    ("change", "wanted", "found", "removes"),
    [
        (changed(ADDED, "spec", "x"), {}, {"x": 2}, (("spec", "x"),)),
        (changed(CHANGED, "spec", "x"), {"x": 1}, {"x": 2}, ()),
        (changed(REMOVED, "spec", "x"), {"x": 1}, {}, ()),
        # A default that somebody changed: Git does not state it, so only a removal brings it back.
        (changed(CHANGED, "spec", "x"), {}, {"x": 2}, (("spec", "x"),)),
        (changed(CHANGED, "spec", "x"), {"x": None}, {"x": 2}, (("spec", "x"),)),
        # A list is replaced whole by whoever states it, and goes whole where nobody does.
        (changed(ADDED, "spec", "l", 1), {"l": [1]}, {"l": [1, 2]}, ()),
        (
            changed(ADDED, "spec", "l", K("b"), "y"),
            {"l": [{"name": "b"}]},
            {"l": [{"name": "b", "y": 2}]},
            (),
        ),
        (changed(ADDED, "spec", "l", K("b")), {}, {"l": [{"name": "b"}]}, (("spec", "l"),)),
        (changed(MOVED, "spec", "l", K("b")), {"l": [1, 2]}, {"l": [2, 1]}, ()),
    ],
)
def test_git_decides_what_it_states_and_what_it_does_not_state_goes(
    change: Change, wanted: dict[str, Any], found: dict[str, Any], removes: tuple[KeyPath, ...]
) -> None:
    cured = cure([change], {"spec": wanted}, {"spec": found}, OPEN)
    assert cured.removes == removes
    assert (cured.applied == (change,)) is (removes == ())


def test_an_element_of_a_list_with_owners_is_found_by_its_key() -> None:
    listed = {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["path"]}
    schema = Schema({"properties": {"spec": {"properties": {"navigation": listed}}}})
    change = changed(ADDED, "spec", "navigation", K("/b"))
    wanted = {"spec": {"navigation": [{"path": "/a"}]}}
    found = {"spec": {"navigation": [{"path": "/x"}, {"path": "/b"}, {"path": "/a"}]}}
    assert cure([change], wanted, found, schema).removes == (("spec", "navigation", 1),)
    tags = {"type": "array", "x-kubernetes-list-type": "set"}
    sets = Schema({"properties": {"spec": {"properties": {"tags": tags}}}})
    added = changed(ADDED, "spec", "tags", K("b"))
    cured = cure([added], {"spec": {"tags": ["a"]}}, {"spec": {"tags": ["a", "b"]}}, sets)
    assert cured.removes == (("spec", "tags", 1),)


def test_a_path_inside_another_is_not_removed_twice() -> None:
    changes = [
        changed(ADDED, "spec", "l", K("a")),
        changed(ADDED, "spec", "l", K("b")),
        changed(ADDED, "spec"),
    ]
    found = {"spec": {"l": [{"name": "a"}, {"name": "b"}]}}
    assert cure(changes, {}, found, OPEN).removes == (("spec",),)


def test_what_is_migrated_goes_with_the_apply() -> None:
    change = changed(ADDED, "spec", "x", manager="kubectl-client-side-apply")
    cured = cure([change], {"spec": {}}, {"spec": {"x": 2}}, OPEN, ["kubectl-client-side-apply"])
    assert (cured.applied, cured.removes) == ((change,), ())


def test_what_cannot_be_found_is_lost_and_not_guessed() -> None:
    change = changed(ADDED, "spec", "renamed", "x")
    cured = cure([change], {"spec": {}}, {"spec": {"other": 1}}, OPEN)
    assert (cured.lost, cured.removes, cured.applied) == ((change,), (), ())


def test_labels_that_somebody_added_are_taken_off() -> None:
    one = key()
    subject = differing(
        one,
        {"name": "a"},
        {"name": "a"},
        metadata={"labels": {"by/hand": "1"}},
        managers={"kubectl-label": {}},
    )
    assert subject.wanted and subject.found and subject.judgement
    assert subject.wanted.body is not None and subject.found.body is not None
    cured = cure(subject.judgement.changes, subject.wanted.body, subject.found.body, OPEN)
    assert cured.removes == (("metadata", "labels", "by/hand"),)
