"""Plans: named by their content, written without secrets, refused when anybody touched the file."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from reconciler.model.changes import ABSENT, Change, ChangeKind, KeyStep, Origin, Redacted
from reconciler.model.keys import ResourceKey
from reconciler.model.plan import (
    Actor,
    Inputs,
    ObjectVersion,
    Plan,
    PlanFileError,
    StateDigest,
    plan_from_document,
    plan_to_document,
)
from reconciler.model.steps import (
    Asks,
    Block,
    Confirmation,
    Content,
    FieldOwner,
    Holds,
    OwnerClass,
    Precondition,
    Risk,
    Stage,
    Step,
    Verb,
    step_id,
)

KEY = ResourceKey("prod", "ApiV4Definition", "shop", "orders")
CONTENT = Content("platform", "a" * 40, "apis/orders.yaml", "b" * 40, 2)
CHANGE = Change(
    ("spec", "plans", KeyStep("gold"), "flows", 3, "name"),
    ChangeKind.CHANGED,
    "a",
    "b",
    Origin.RIGHT,
    "k9s",
    12.5,
)


def update(**more: object) -> Step:
    made = Step(
        step_id(Stage.CLUSTER, Verb.UPDATE, KEY),
        Stage.CLUSTER,
        Verb.UPDATE,
        KEY,
        "drifted",
        application="shop",
        api_version="gravitee.io/v1alpha1",
        risk=Risk.MEDIUM,
        changes=(CHANGE,),
        content=CONTENT,
        removes=(("spec", "plans", "free"), ("spec", "navigation", KeyStep("/a"))),
        takes=(FieldOwner("k9s", ".spec.name", OwnerClass.PEOPLE),),
        preconditions=(Precondition(Holds.VERSION, uid="u", resource_version="7", generation=3),),
        confirmations=(Confirmation(Asks.PROTECTED, "prod", "prod is protected"),),
        warnings=("look out",),
    )
    return replace(made, **more)  # type: ignore[arg-type]


def plan(*steps: Step, **more: object) -> Plan:
    inputs = Inputs(
        (("platform", "a" * 40),),
        (ObjectVersion(KEY, "u", "7"),),
        (StateDigest("apim", "shop-orders", "00ff"),),
        "abcd",
    )
    made = Plan("sync", Actor.PERSON, inputs, steps or (update(),), ("pruning is off",))
    return replace(made, **more)  # type: ignore[arg-type]


def test_a_plan_comes_back_from_its_document() -> None:
    made = plan()
    again = plan_from_document(plan_to_document(made))
    assert again == made
    assert again.id == made.id
    assert isinstance(again.steps[0].changes[0].path[2], KeyStep)


def test_equal_content_has_an_equal_id_and_any_difference_another() -> None:
    assert plan().id == plan().id
    others = {
        plan(update(reason="else")).id,
        plan(update(content=replace(CONTENT, blob="c" * 40))).id,
        plan(update(removes=())).id,
        plan(purpose="heal").id,
        plan(actor=Actor.LOOP).id,
        plan().id,
    }
    assert len(others) == 6


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"drifted"', b'"harmless"'),
        (b'"prod is protected"', b'"anything"'),
        (b'"blob": "bbbb', b'"blob": "cbbb'),
        (b'"verb": "update"', b'"verb": "delete"'),
        (b'"resource_version": "7"', b'"resource_version": "8"'),
    ],
)
def test_a_file_that_somebody_edited_is_refused(old: bytes, new: bytes) -> None:
    document = plan_to_document(plan())
    assert old in document
    with pytest.raises(PlanFileError, match="changed after it was made") as refused:
        plan_from_document(document.replace(old, new), name="plan.json")
    assert refused.value.subject == "plan.json"
    assert "new plan" in refused.value.next_step


def test_reformatting_a_file_does_not_change_what_it_says() -> None:
    document = plan_to_document(plan())
    assert plan_from_document(json.dumps(json.loads(document)).encode()) == plan()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[1]", "not a JSON object"),
        (b"{}", "not a plan of gko-tui"),
        (b'{"format": "gko-tui.io/plan.v9", "plan": {}}', "plan.v9"),
        (b'{"format": "gko-tui.io/plan.v1", "plan": {}, "id": 3}', "changed after"),
        (b"[" * 100_000, "not JSON|recursion"),
    ],
)
def test_what_is_no_plan_is_refused_with_a_next_step(data: bytes, told: str) -> None:
    with pytest.raises(PlanFileError, match=told) as refused:
        plan_from_document(data)
    assert refused.value.next_step


def test_an_unknown_field_under_a_right_id_is_refused_by_name() -> None:
    from reconciler.model.plan_codec import digest_of

    document = json.loads(plan_to_document(plan()))
    document["plan"]["steps"][0]["sudo"] = True
    document["id"] = digest_of(document["plan"])
    with pytest.raises(PlanFileError, match=r"steps\[0\]\.sudo: is not known here"):
        plan_from_document(json.dumps(document).encode())


def test_no_redacted_value_and_no_digest_of_one_is_written() -> None:
    old, new = Redacted(b"old-digest"), Redacted(b"new-digest")
    change = Change(("spec", "auth"), ChangeKind.CHANGED, {"password": old, "again": old}, {"password": new})
    document = plan_to_document(plan(update(changes=(change,))))
    assert b"-digest" not in document
    (read,) = plan_from_document(document).steps[0].changes
    assert isinstance(read.left, dict) and isinstance(read.right, dict)
    assert read.left["password"] == read.left["again"] != read.right["password"]
    assert isinstance(read.left["password"], Redacted)


def test_text_that_came_out_of_a_template_is_not_written_either() -> None:
    class FromSecret(str):
        pass

    change = Change(("spec", "x"), ChangeKind.CHANGED, FromSecret("hunter2"), "open")
    assert b"hunter2" not in plan_to_document(plan(update(changes=(change,))))


plain = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False) | some.text(),
    lambda inner: (
        some.lists(inner, max_size=3)
        | some.dictionaries(
            some.text() | some.sampled_from(["$absent", "$redacted", "$plain"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@given(left=plain | some.just(ABSENT), right=plain)
def test_any_plain_value_survives_the_document(left: object, right: object) -> None:
    made = plan(update(changes=(Change(("spec",), ChangeKind.CHANGED, left, right),)))
    assert plan_from_document(plan_to_document(made)) == made


def test_steps_are_grouped_by_level_and_counted_by_verb() -> None:
    other = ResourceKey("prod", "Group", "shop", "g")
    first = Step("a", Stage.CLUSTER, Verb.CREATE, other, "new", level=0)
    second = update(level=1, after=("a",))
    made = plan(first, second)
    assert [[step.id for step in level] for level in made.levels()] == [["a"], [second.id]]
    assert (made.count(Verb.CREATE), made.count(Verb.UPDATE), made.count(Verb.DELETE)) == (1, 1, 0)


def test_a_blocked_step_neither_runs_nor_asks() -> None:
    made = plan(update(blocked=(Block("owner", "Argo CD owns it"),)))
    assert made.runnable == () and not made.writes
    assert made.confirmations == ()
    assert len(made.blocked) == 1


def test_a_confirmation_is_given_only_by_its_own_phrase() -> None:
    made = plan()
    assert made.asks(Asks.PROTECTED) and not made.asks(Asks.DESTRUCTIVE)
    assert [one.phrase for one in made.unanswered(["y", "yes", "PROD"])] == ["prod"]
    assert made.unanswered(["prod"]) == ()


def test_steps_with_one_name_or_in_a_wrong_order_make_no_plan() -> None:
    with pytest.raises(ValueError, match="two steps"):
        plan(update(), update())
    with pytest.raises(ValueError, match="does not come before"):
        plan(update(after=("nothing",)))
