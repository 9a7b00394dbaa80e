"""A plan without what may not be done now, and without what would have come after it."""

from __future__ import annotations

from reconciler.engine.healing.narrowing import is_tried_first, narrowed
from reconciler.model.plan import Actor, Inputs, Plan
from reconciler.model.steps import FieldOwner, OwnerClass, Stage, Step, Verb, step_id
from tests.unit.healing.world import key


def step(name: str, verb: Verb = Verb.UPDATE, *, after: tuple[str, ...] = (), taken: bool = False) -> Step:
    takes = (FieldOwner("kubectl-edit", "spec.name", OwnerClass.PEOPLE),) if taken else ()
    return Step(
        step_id(Stage.CLUSTER, verb, key(name)), Stage.CLUSTER, verb, key(name), "", after=after, takes=takes
    )


def plan(*steps: Step) -> Plan:
    return Plan("heal", Actor.LOOP, Inputs(), steps)


def test_what_comes_after_something_left_out_is_left_out_too() -> None:
    one = step("one")
    two = step("two", after=(one.id,))
    three = step("three", after=(two.id,))
    other = step("other")
    rest, left_out = narrowed(
        plan(one, two, three, other), lambda asked: "not now" if asked.key == key("one") else ""
    )
    assert [kept.key.name for kept in rest.steps] == ["other"]
    assert [(gone.key.name, why) for gone, why in left_out] == [
        ("one", "not now"),
        ("two", f"it comes after {one.id}"),
        ("three", f"it comes after {two.id}"),
    ]


def test_where_everything_may_run_the_plan_is_the_same_one() -> None:
    whole = plan(step("one"))
    rest, left_out = narrowed(whole, lambda _: "")
    assert rest is whole and left_out == []


def test_steps_that_write_nothing_stay_to_be_read() -> None:
    rest, _ = narrowed(plan(step("one", Verb.NOOP)), lambda _: "never")
    assert len(rest.steps) == 1


def test_only_deletions_replacements_and_take_overs_are_tried_first() -> None:
    assert not is_tried_first(plan(step("one"), step("two", Verb.CREATE)))
    assert is_tried_first(plan(step("one"), step("two", Verb.DELETE)))
    assert is_tried_first(plan(step("one", Verb.REPLACE)))
    assert is_tried_first(plan(step("one", taken=True)))
