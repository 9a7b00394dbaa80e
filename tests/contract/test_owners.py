"""Who owns which field: updates, server-side apply, conflicts, what is removed with its last owner."""

from __future__ import annotations

import re
from typing import Any

from tests.contract.widgets import API_VERSION, Widgets, assert_status, causes, owners, widget

LEAF: dict[str, Any] = {}
X = 'k:{"name":"x","source":"local"}'
Y = 'k:{"name":"y","source":"local"}'


def applied(name: str, **spec: Any) -> dict[str, Any]:
    return widget(name, {"colour": "red", **spec})


# -- updates ------------------------------------------------------------------------------------------


def test_a_creator_owns_everything_defaults_included(widgets: Widgets) -> None:
    spec = {
        "colour": "red",
        "plans": {"p": {"name": "P"}},
        "members": [{"name": "x"}],
        "tags": ["a"],
        "plain": ["b"],
    }
    answer = widgets.create(widget("one", spec, labels={"l": "1"}), fieldManager="maker")
    plan = {".": LEAF, "f:name": LEAF, "f:status": LEAF}
    member = {".": LEAF, "f:name": LEAF, "f:role": LEAF, "f:source": LEAF}
    assert owners(answer) == {
        ("maker", "Update", ""): {
            "f:metadata": {"f:labels": {".": LEAF, "f:l": LEAF}},
            "f:spec": {
                ".": LEAF,
                "f:colour": LEAF,
                "f:on": LEAF,
                "f:size": LEAF,
                "f:plain": LEAF,
                "f:plans": {".": LEAF, "f:p": plan},
                "f:members": {".": LEAF, X: member},
                "f:tags": {".": LEAF, 'v:"a"': LEAF},
            },
        }
    }


def test_an_entry_says_when_and_in_which_version(widgets: Widgets) -> None:
    body = widgets.create(widget("one")).json()
    (entry,) = body["metadata"]["managedFields"]
    assert (entry["apiVersion"], entry["fieldsType"], entry["operation"]) == (
        API_VERSION,
        "FieldsV1",
        "Update",
    )
    assert entry["time"] == body["metadata"]["creationTimestamp"]


def test_without_a_name_the_user_agent_is_the_manager(widgets: Widgets) -> None:
    answer = widgets.client.post(
        widgets.path, json=widget("one"), headers={"User-Agent": "kubectl-edit/v1.2 (linux)"}
    )
    assert list(owners(answer)) == [("kubectl-edit", "Update", "")]


def test_a_patch_takes_what_it_changes(widgets: Widgets) -> None:
    widgets.create(applied("one", size=4, plans={"p": {"name": "P"}}), fieldManager="maker")
    patch = {"spec": {"size": 5, "colour": "red", "plans": {"q": {"name": "Q"}}}}
    held = owners(widgets.merge("one", patch, fieldManager="kubectl-patch"))
    plan = {".": LEAF, "f:name": LEAF, "f:status": LEAF}
    assert held["kubectl-patch", "Update", ""] == {"f:spec": {"f:plans": {"f:q": plan}, "f:size": LEAF}}
    assert held["maker", "Update", ""]["f:spec"] == {
        ".": LEAF, "f:colour": LEAF, "f:on": LEAF, "f:plans": {".": LEAF, "f:p": plan},
    }  # fmt: skip


def test_what_is_removed_has_no_owner_any_more(widgets: Widgets) -> None:
    widgets.create(applied("one", plans={"p": {"name": "P"}, "q": {"name": "Q"}}), fieldManager="maker")
    held = owners(widgets.merge("one", {"spec": {"plans": {"q": None}}}, fieldManager="remover"))
    assert list(held) == [("maker", "Update", "")]
    assert set(held["maker", "Update", ""]["f:spec"]["f:plans"]) == {".", "f:p"}


def test_an_atomic_list_has_one_owner(widgets: Widgets) -> None:
    widgets.create(applied("one", plain=["a", "b"]), fieldManager="maker")
    step = {"op": "add", "path": "/spec/plain/-", "value": "c"}
    held = owners(widgets.json_patch("one", step, fieldManager="adder"))
    assert held["adder", "Update", ""] == {"f:spec": {"f:plain": LEAF}}
    assert "f:plain" not in held["maker", "Update", ""]["f:spec"]


def test_status_is_owned_behind_its_own_door(widgets: Widgets) -> None:
    widgets.create(widget("one"), fieldManager="maker")
    answer = widgets.merge("one", {"status": {"phase": "ok"}}, sub="/status", fieldManager="controller")
    assert owners(answer)["controller", "Update", "status"] == {"f:status": {".": LEAF, "f:phase": LEAF}}


def test_owners_can_be_handed_over_by_an_update(widgets: Widgets) -> None:
    widgets.apply("one", applied("one", size=4))
    body = widgets.merge("one", {"spec": {"size": 5}}, fieldManager="kubectl-edit").json()
    kept = [entry for entry in body["metadata"]["managedFields"] if entry["manager"] != "kubectl-edit"]
    answer = widgets.replace({**body, "metadata": {**body["metadata"], "managedFields": kept}})
    assert list(owners(answer)) == [("one", "Apply", "")]


def test_owners_can_be_reset_and_begin_again_with_an_apply(widgets: Widgets) -> None:
    body = widgets.create(widget("one")).json()
    reset = widgets.replace({**body, "metadata": {**body["metadata"], "managedFields": [{}]}})
    assert owners(reset) == {}
    assert owners(widgets.merge("one", {"spec": {"size": 5}})) == {}
    held = owners(widgets.apply("later", applied("one", size=5)))
    assert held["later", "Apply", ""] == {"f:spec": {"f:colour": LEAF, "f:size": LEAF}}
    assert held["before-first-apply", "Update", ""]["f:spec"]["f:on"] == LEAF


def test_the_oldest_of_many_updaters_are_folded(widgets: Widgets) -> None:
    widgets.create(widget("one"), fieldManager="m0")
    for number in range(1, 12):
        patch = {"metadata": {"annotations": {f"a{number}": "x"}}}
        answer = widgets.merge("one", patch, fieldManager=f"m{number}")
    held = owners(answer)
    assert len(held) == 10
    assert ("ancient-changes", "Update", "") in held


# -- applying -----------------------------------------------------------------------------------------


def test_an_applier_owns_what_it_states_and_no_default(widgets: Widgets) -> None:
    spec = {
        "colour": "red",
        "members": [{"name": "x", "role": "OWNER"}, {"name": "y"}],
        "tags": ["a", "b"],
        "plans": {"p": {"name": "P"}},
        "free": {"q": {"r": 1}, "l": [1, 2]},
        "frozen": {"a": "1"},
        "nested": {"deep": {"y": "1"}},
        "plain": ["1"],
    }
    answer = widgets.apply("ci", widget("one", spec, labels={"app": "x"}))
    assert answer.status_code == 201
    assert answer.json()["spec"]["size"] == 3
    assert owners(answer) == {
        ("ci", "Apply", ""): {
            "f:metadata": {"f:labels": {"f:app": LEAF}},
            "f:spec": {
                "f:colour": LEAF,
                "f:members": {
                    X: {".": LEAF, "f:name": LEAF, "f:role": LEAF},
                    Y: {".": LEAF, "f:name": LEAF},
                },
                "f:tags": {'v:"a"': LEAF, 'v:"b"': LEAF},
                "f:plans": {"f:p": {".": LEAF, "f:name": LEAF}},
                "f:free": {"f:q": {".": LEAF, "f:r": LEAF}, "f:l": LEAF},
                "f:frozen": LEAF,
                "f:nested": {"f:deep": {"f:y": LEAF}},
                "f:plain": LEAF,
            },
        }
    }


def test_applying_the_same_again_changes_nothing(widgets: Widgets) -> None:
    first = widgets.apply("ci", applied("one", size=4)).json()
    second = widgets.apply("ci", applied("one", size=4))
    assert second.status_code == 200
    assert second.json() == first


def test_a_field_of_another_is_a_conflict(widgets: Widgets) -> None:
    widgets.apply("one", applied("x", size=4, members=[{"name": "x", "role": "OWNER"}], frozen={"a": "1"}))
    mine = widget("x", {"colour": "blue", "members": [{"name": "x", "role": "USER"}], "frozen": {"b": "2"}})
    answer = widgets.apply("two", mine)
    assert_status(
        answer,
        409,
        "Conflict",
        'Apply failed with 3 conflicts: conflicts with "one":\n- .spec.colour\n- .spec.frozen\n'
        '- .spec.members[name="x",source="local"].role',
    )
    told = 'conflict with "one"'
    assert causes(answer) == {
        (".spec.colour", "FieldManagerConflict", told),
        (".spec.frozen", "FieldManagerConflict", told),
        ('.spec.members[name="x",source="local"].role', "FieldManagerConflict", told),
    }
    assert widgets.get("x").json()["spec"]["colour"] == "red"


def test_a_single_conflict_is_told_in_one_line(widgets: Widgets) -> None:
    widgets.apply("one", applied("x"))
    answer = widgets.apply("two", widget("x", {"colour": "blue"}))
    told = 'Apply failed with 1 conflict: conflict with "one": .spec.colour'
    assert_status(answer, 409, "Conflict", told)


def test_a_conflict_with_an_updater_names_its_version(widgets: Widgets) -> None:
    widgets.apply("ci", applied("x", size=4))
    widgets.merge("x", {"spec": {"size": 5}}, fieldManager="kubectl-edit")
    answer = widgets.apply("ci", applied("x", size=4))
    told = f'Apply failed with 1 conflict: conflict with "kubectl-edit" using {API_VERSION}: .spec.size'
    assert_status(answer, 409, "Conflict", told)


def test_force_takes_the_field(widgets: Widgets) -> None:
    widgets.apply("one", applied("x", size=4))
    answer = widgets.apply("two", widget("x", {"colour": "blue"}), force="true")
    assert answer.json()["spec"]["colour"] == "blue"
    assert owners(answer) == {
        ("one", "Apply", ""): {"f:spec": {"f:size": LEAF}},
        ("two", "Apply", ""): {"f:spec": {"f:colour": LEAF}},
    }


def test_two_may_own_a_field_that_they_agree_on(widgets: Widgets) -> None:
    widgets.apply("one", applied("x", size=4))
    before = widgets.get("x").json()
    answer = widgets.apply("two", applied("x"))
    held = owners(answer)
    assert held["two", "Apply", ""] == {"f:spec": {"f:colour": LEAF}}
    assert held["one", "Apply", ""] == {"f:spec": {"f:colour": LEAF, "f:size": LEAF}}
    assert answer.json()["metadata"]["resourceVersion"] != before["metadata"]["resourceVersion"]
    assert answer.json()["metadata"]["generation"] == 1


def test_what_is_no_longer_stated_goes_with_its_last_owner(widgets: Widgets) -> None:
    widgets.apply("one", applied("x", size=4, path="/x", plans={"p": {"name": "P"}, "q": {"name": "Q"}}))
    widgets.apply("two", applied("x", path="/x"))
    spec = widgets.apply("one", applied("x", plans={"p": {"name": "P"}})).json()["spec"]
    assert spec == {
        "colour": "red",
        "on": True,
        "size": 3,  # its default comes back
        "path": "/x",  # the other one still states it
        "plans": {"p": {"name": "P", "status": "PUBLISHED"}},
    }


def test_what_others_added_is_neither_seen_nor_removed(widgets: Widgets) -> None:
    """The trap of ENGINE §4.8: apply leaves a plan alone that somebody patched in."""
    mine = applied("x", plans={"p": {"name": "P"}})
    widgets.apply("ci", mine)
    widgets.merge("x", {"spec": {"plans": {"free": {"name": "F"}}}}, fieldManager="kubectl-patch")
    answer = widgets.apply("ci", mine)
    assert answer.status_code == 200
    assert set(answer.json()["spec"]["plans"]) == {"p", "free"}


def test_leaves_inside_a_keyed_item_have_their_own_owners(widgets: Widgets) -> None:
    widgets.apply("one", applied("x", members=[{"name": "x", "role": "OWNER"}]))
    answer = widgets.apply("two", applied("x", members=[{"name": "x", "note": "hi"}, {"name": "z"}]))
    held = owners(answer)
    assert held["two", "Apply", ""]["f:spec"]["f:members"][X] == {".": LEAF, "f:name": LEAF, "f:note": LEAF}
    assert held["one", "Apply", ""]["f:spec"]["f:members"][X] == {".": LEAF, "f:name": LEAF, "f:role": LEAF}
    gone = widgets.apply("one", applied("x")).json()["spec"]["members"]
    assert gone == [
        {"name": "x", "source": "local", "role": "USER", "note": "hi"},
        {"name": "z", "source": "local", "role": "USER"},
    ]


def test_applied_items_take_the_order_of_the_configuration(widgets: Widgets) -> None:
    widgets.create(applied("x", tags=["a", "b", "c"]), fieldManager="maker")
    answer = widgets.apply("ci", applied("x", tags=["c", "n", "a"]), force="true")
    assert answer.json()["spec"]["tags"] == ["b", "c", "n", "a"]


def test_an_emptied_map_goes_with_its_owner(widgets: Widgets) -> None:
    widgets.apply("ci", applied("x", labels={"a": "1"}))
    assert "labels" not in widgets.apply("ci", applied("x")).json()["spec"]


def test_status_is_applied_behind_its_own_door(widgets: Widgets) -> None:
    widgets.apply("ci", applied("x"))
    status = {"phase": "ok", "conditions": [{"type": "Accepted", "status": "True"}]}
    body = {"apiVersion": API_VERSION, "kind": "Widget", "metadata": {"name": "x"}, "status": status}
    answer = widgets.apply("controller", body, sub="/status")
    assert answer.json()["status"] == status
    accepted = {".": LEAF, "f:type": LEAF, "f:status": LEAF}
    assert owners(answer)["controller", "Apply", "status"] == {
        "f:status": {"f:phase": LEAF, "f:conditions": {'k:{"type":"Accepted"}': accepted}}
    }
    ignored = widgets.apply("ci", {**applied("x", size=4), "status": {"phase": "mine"}})
    assert ignored.json()["status"]["phase"] == "ok"
    assert owners(ignored)["ci", "Apply", ""] == {"f:spec": {"f:colour": LEAF, "f:size": LEAF}}


def test_an_apply_may_name_the_version_it_was_made_for(widgets: Widgets) -> None:
    widgets.apply("ci", applied("x"))
    answer = widgets.apply("ci", {**applied("x", size=4), "metadata": {"name": "x", "resourceVersion": "1"}})
    assert_status(answer, 409, "Conflict")
    assert re.search("the object has been modified", answer.json()["message"])


def test_an_apply_needs_a_manager(widgets: Widgets) -> None:
    answer = widgets.patch("x", "application/apply-patch+yaml", applied("x"))
    told = 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch'
    assert_status(answer, 422, "Invalid", told)


def test_an_apply_of_what_the_schema_does_not_know_fails(widgets: Widgets) -> None:
    start = f"failed to create typed patch object (/x; {API_VERSION}, Kind=Widget): "
    ghost = widgets.apply("ci", applied("x", ghost=1))
    assert_status(ghost, 500, None, f"{start}.spec.ghost: field not declared in schema")
    typed = widgets.apply("ci", applied("x", size="4"))
    told = f"{start}.spec.size: expected numeric (int or float), got string"
    assert_status(typed, 500, None, told)
    twice = widgets.apply("ci", applied("x", members=[{"name": "x"}, {"name": "x"}]))
    told = f'{start}.spec.members: duplicate entries for key [name="x",source="local"]'
    assert_status(twice, 500, None, told)


def test_an_apply_is_of_the_kind_at_its_path(widgets: Widgets) -> None:
    answer = widgets.apply("ci", {"metadata": {"name": "x"}})
    assert_status(answer, 400, "BadRequest", "invalid object type: /, Kind=")
    other = widgets.apply("ci", {**applied("x"), "apiVersion": "contract.example.dev/v9"})
    assert_status(other, 400, "BadRequest", "invalid object type: contract.example.dev/v9, Kind=Widget")


def test_an_apply_cannot_state_owners_or_create_a_certain_uid(widgets: Widgets) -> None:
    widgets.apply("ci", applied("x"))
    body = applied("x")
    body["metadata"]["managedFields"] = widgets.get("x").json()["metadata"]["managedFields"]
    assert_status(widgets.apply("ci", body), 400, "BadRequest", "metadata.managedFields must be nil")
    certain = applied("new")
    certain["metadata"]["uid"] = "some-uid"
    answer = widgets.apply("ci", certain)
    assert_status(answer, 409, "Conflict")
    assert "the provided object specified uid some-uid, and no existing object" in answer.json()["message"]


def test_what_is_applied_is_validated(widgets: Widgets) -> None:
    answer = widgets.apply("ci", widget("x", {"colour": "pink"}))
    assert_status(answer, 422, "Invalid")
    null = widgets.apply("ci", widget("x", {"colour": "red", "path": None}))
    told = 'Invalid value: "null": spec.path in body must be of type string: "null"'
    assert causes(null) == {("spec.path", "FieldValueTypeInvalid", told)}


def test_an_apply_can_be_yaml(widgets: Widgets) -> None:
    text = f"apiVersion: {API_VERSION}\nkind: Widget\nmetadata:\n  name: x\nspec:\n  colour: green\n"
    answer = widgets.patch("x", "application/apply-patch+yaml", text, fieldManager="ci")
    assert (answer.status_code, answer.json()["spec"]["colour"]) == (201, "green")
    broken = widgets.patch("x", "application/apply-patch+yaml", "a: [", fieldManager="ci")
    assert_status(broken, 400, "BadRequest")
    assert broken.json()["message"].startswith("error decoding YAML: ")
