"""Differences: each once, at the smallest place that says it, the same story read from either side."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.changes import ABSENT, ChangeKind, path_text
from reconciler.rules.canonical import canonical
from reconciler.rules.comparing import comparable_digest, differences
from reconciler.rules.normalise import Normalised, normalise
from reconciler.rules.ruleset import STANDARD
from tests.unit.rules.documents import api_specs, applied
from tests.unit.rules.schemas import API, NONE, api, resource

KEY = b"k" * 32
ADDED, REMOVED, CHANGED, MOVED = (
    ChangeKind.ADDED,
    ChangeKind.REMOVED,
    ChangeKind.CHANGED,
    ChangeKind.MOVED,
)


def norm(body: dict[str, Any]) -> Normalised:
    """The normalised form under the small API schema."""
    return normalise(body, API, STANDARD)


def told(left: dict[str, Any], right: dict[str, Any]) -> list[tuple[str, ChangeKind]]:
    """The differences as paths and kinds."""
    return [(path_text(c.path), c.kind) for c in differences(norm(left), norm(right))]


def test_a_changed_leaf_is_told_at_the_leaf_with_both_values() -> None:
    left, right = (api(plans={"gold": {"security": {"type": kind}}}) for kind in ("JWT", "API_KEY"))
    (change,) = differences(norm(left), norm(right))
    assert path_text(change.path) == "spec.plans.gold.security.type"
    assert (change.left, change.right) == ("JWT", "API_KEY")


def test_a_plan_added_on_the_right_is_one_change_with_the_plan_as_value() -> None:
    left = api(plans={"gold": {"name": "Gold"}})
    right = api(plans={"gold": {"name": "Gold"}, "KEY_LESS": {"name": "Free"}})
    (change,) = differences(norm(left), norm(right))
    assert (path_text(change.path), change.kind) == ("spec.plans.KEY_LESS", ADDED)
    assert change.left is ABSENT
    assert change.right["name"] == "Free"  # type: ignore[index]


def test_whatever_is_added_in_spec_is_told_once_at_its_root() -> None:
    left = api(members=[], flows=[], labels=[], tags=["a"])
    right = api(
        members=[{"source": "memory", "sourceId": "eve"}],
        flows=[{"name": "f", "request": [{"policy": "x"}]}],
        labels=["new"],
        tags=["a", "b"],
    )
    assert told(left, right) == [
        ("spec.flows[f]", ADDED),
        ("spec.labels[new]", ADDED),
        ("spec.members", ADDED),
        ("spec.tags[b]", ADDED),
    ]


def test_elements_are_known_by_their_key_and_not_by_position() -> None:
    groups = [{"name": "default", "endpoints": [{"name": n, "weight": 1} for n in ("a", "b", "c")]}]
    changed = [{"name": "default", "endpoints": [{"name": n, "weight": w} for n, w in (("c", 1), ("b", 2))]}]
    assert told(api(endpointGroups=groups), api(endpointGroups=changed)) == [
        ("spec.endpointGroups[default].endpoints[a]", REMOVED),
        ("spec.endpointGroups[default].endpoints[b].weight", CHANGED),
    ]


def test_a_move_is_told_where_order_means_something_and_only_there() -> None:
    flows = [{"name": name} for name in ("one", "two", "three")]
    (move,) = differences(norm(api(flows=flows)), norm(api(flows=[flows[2], flows[0], flows[1]])))
    assert (path_text(move.path), move.kind, move.left, move.right) == ("spec.flows[three]", MOVED, 2, 0)
    members = [{"source": "memory", "sourceId": name} for name in ("a", "b", "c")]
    assert told(api(members=members), api(members=members[::-1])) == []


def test_a_step_put_in_front_of_others_is_one_addition() -> None:
    steps = [{"policy": name} for name in ("cache", "mock", "log")]
    left = api(flows=[{"name": "f", "request": steps}])
    right = api(flows=[{"name": "f", "request": [{"policy": "new"}, *steps]}])
    assert told(left, right) == [("spec.flows[f].request[0]", ADDED)]


def test_true_is_not_one_and_text_is_not_a_number() -> None:
    def listener(value: object) -> dict[str, Any]:
        return api(listeners=[{"type": "HTTP", "x": value}])

    assert told(listener(True), listener(1)) == [("spec.listeners[HTTP].x", CHANGED)]
    assert told(listener("1"), listener(1)) == [("spec.listeners[HTTP].x", CHANGED)]
    assert told(listener(0), listener(False)) == [("spec.listeners[HTTP].x", CHANGED)]


def test_a_value_of_another_type_is_one_change() -> None:
    assert told(api(flows="text"), api(flows=[{"name": "f"}])) == [("spec.flows", CHANGED)]


def test_labels_are_compared_both_ways() -> None:
    left, right = api(), api()
    left["metadata"]["labels"] = {"team": "a", "tier": "1"}
    right["metadata"]["labels"] = {"team": "b", "made-by": "someone"}
    assert told(left, right) == [
        ("metadata.labels.made-by", ADDED),
        ("metadata.labels.team", CHANGED),
        ("metadata.labels.tier", REMOVED),
    ]
    right["metadata"] = {}
    assert told(left, right) == [("metadata.labels.team", REMOVED), ("metadata.labels.tier", REMOVED)]


def test_field_names_that_look_private_are_compared() -> None:
    left, right = (api(listeners=[{"type": "HTTP", "__typename": x}]) for x in ("a", "b"))
    assert told(left, right) == [("spec.listeners[HTTP].__typename", CHANGED)]


def test_elements_with_one_name_twice_are_matched_in_order() -> None:
    flows = [{"name": "same"}, {"name": "same", "enabled": False}]
    assert told(api(flows=flows), api(flows=[flows[0], {"name": "same", "tags": ["x"]}])) == [
        ("spec.flows[1].enabled", CHANGED),
        ("spec.flows[1].tags", ADDED),
    ]


def test_keys_that_are_credentials_do_not_name_elements() -> None:
    first, second = "a" * 40, "b" * 40

    def subscription(*keys: dict[str, Any]) -> Normalised:
        return normalise(resource("Subscription", apiKeys=list(keys)), NONE, STANDARD)

    left = subscription({"key": second, "expireAt": "x"}, {"key": first})
    right = subscription({"key": first}, {"key": second, "expireAt": "y"})
    (change,) = differences(left, right)
    assert path_text(change.path) == "spec.apiKeys[1].expireAt"


def test_lists_from_the_schema_are_matched_by_its_keys() -> None:
    from reconciler.rules.schema import Schema

    ports = {
        "type": "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["port", "protocol"],
        "items": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    }
    schema = Schema({"type": "object", "properties": {"spec": {"properties": {"ports": ports}}}})
    left, right = (
        normalise({"kind": "Thing", "spec": {"ports": items}}, schema, STANDARD)
        for items in (
            [{"port": 80, "protocol": "TCP", "n": 1}, {"port": 80, "protocol": "UDP"}],
            [{"port": 80, "protocol": "UDP"}, {"port": 80, "protocol": "TCP", "n": 2}],
        )
    )
    assert [path_text(c.path) for c in differences(left, right)] == ["spec.ports[80/TCP].n"]


def test_a_long_text_is_compared_in_no_time() -> None:
    text = "line of a page\n" * 150_000
    left, right = (api(listeners=[{"type": "HTTP", "doc": body}]) for body in (text, text + "x"))
    (change,) = differences(norm(left), norm(right))
    assert change.right == text + "x"


@settings(max_examples=60, deadline=None)
@given(spec=api_specs())
def test_nothing_differs_from_itself(spec: dict[str, Any]) -> None:
    assert differences(norm(api(**spec)), norm(api(**spec))) == []


@settings(max_examples=120, deadline=None)
@given(one=api_specs(), other=api_specs())
def test_differences_are_found_exactly_where_digests_differ(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    left, right = norm(api(**one)), norm(api(**other))
    same = comparable_digest(left, KEY) == comparable_digest(right, KEY)
    assert (differences(left, right) == []) is same


@settings(max_examples=120, deadline=None)
@given(one=api_specs(), other=api_specs())
def test_read_backwards_the_differences_tell_the_same_story(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    left, right = norm(api(**one)), norm(api(**other))
    turned = {ADDED: REMOVED, REMOVED: ADDED, CHANGED: CHANGED, MOVED: MOVED}

    def story(path: Any, kind: ChangeKind, before: Any, after: Any) -> tuple[Any, ...]:
        # A position is the left side's, so it may differ when read from the other side.
        steps = tuple("#" if isinstance(step, int) else step for step in path)
        return (steps, kind.value, repr(before), repr(after))

    forth = sorted(story(c.path, c.kind, c.left, c.right) for c in differences(left, right))
    back = sorted(story(c.path, turned[c.kind], c.right, c.left) for c in differences(right, left))
    assert forth == back


LABELS = st.dictionaries(st.sampled_from(["team", "a.b/c", "tier", "x"]), st.sampled_from("abc"), max_size=4)


@settings(max_examples=80, deadline=None)
@given(one=LABELS, other=LABELS)
def test_labels_obey_the_same_laws_as_everything_else(one: dict[str, str], other: dict[str, str]) -> None:
    bodies = [api(name="a"), api(name="a")]
    for body, labels in zip(bodies, (one, other), strict=True):
        body["metadata"]["labels"] = {"always": "there", **labels}
    left, right = (norm(body) for body in bodies)
    forth, back = differences(left, right), differences(right, left)
    assert differences(left, left) == []
    assert (forth == []) is (one == other)
    assert {(c.path, c.left, c.right) for c in forth} == {(c.path, c.right, c.left) for c in back}
    assert canonical(applied(dict(left), right, forth, left.rules)) == canonical(dict(right))


@settings(max_examples=120, deadline=None)
@given(one=api_specs(), other=api_specs())
def test_applied_to_the_left_the_differences_give_the_right(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    left, right = norm(api(**one)), norm(api(**other))
    result = applied(dict(left), right, differences(left, right), left.rules)
    assert canonical(result) == canonical(dict(right))


@settings(max_examples=60, deadline=None)
@given(spec=api_specs(), seed=st.integers(0, 10_000))
def test_reordering_lists_without_order_changes_nothing(spec: dict[str, Any], seed: int) -> None:
    shuffled = dict(spec)
    for name in ("labels", "tags", "members", "properties", "listeners"):
        if isinstance(shuffled.get(name), list):
            shuffled[name] = random.Random(seed).sample(shuffled[name], len(shuffled[name]))
    assert told(api(**spec), api(**shuffled)) == []
