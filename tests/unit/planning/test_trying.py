"""What a dry run adds to a plan."""

from __future__ import annotations

from reconciler.engine.planning.trying import tried
from reconciler.model.plan import Actor
from reconciler.model.steps import Asks, Did, FieldOwner, Outcome, OwnerClass
from tests.unit.planning.situations import causes, differing, key, only_in_git, plan, step_for

API, GROUP = key(), key("Group", "g")
REFERS = {"groupRefs": [{"name": "g"}]}


def failed(step_id: str, message: str = "spec.x is invalid", *owners: FieldOwner) -> Outcome:
    return Outcome(step_id, Did.FAILED, message, "correct it", owners=owners)


def test_a_plan_that_nobody_refused_stays_what_it_was() -> None:
    made = plan(only_in_git(API), only_in_git(GROUP))
    again = tried(made, [Outcome(step.id, Did.CREATED) for step in made.steps])
    assert again == made and again.id == made.id


def test_a_refusal_blocks_its_step_and_what_waits_for_it_in_the_servers_words() -> None:
    made = plan(only_in_git(API, REFERS), only_in_git(GROUP), only_in_git(key("Portal")))
    again = tried(made, [failed(step_for(made, GROUP).id)])
    assert causes(step_for(again, GROUP)) == ["dry-run"]
    assert step_for(again, GROUP).blocked[0].text == "spec.x is invalid"
    assert causes(step_for(again, API)) == ["waits"]
    assert step_for(again, key("Portal")).runs
    assert again.id != made.id


def test_a_refusal_of_what_needs_something_new_is_only_a_warning() -> None:
    made = plan(only_in_git(API, REFERS), only_in_git(GROUP))
    again = tried(made, [failed(step_for(made, API).id, "group g not found")])
    assert step_for(again, API).runs
    assert "group g not found" in step_for(again, API).warnings[0]


def test_a_persons_field_that_only_the_server_knew_of_is_asked_for() -> None:
    made = plan(differing(API, {"name": "a"}, {"name": "b"}))
    theirs = FieldOwner("k9s", ".spec.name", OwnerClass.PEOPLE)
    again = tried(made, [failed(made.steps[0].id, "conflict", theirs)])
    assert [(one.asks, one.phrase) for one in again.confirmations] == [(Asks.TAKE_OVER, "take 1")]
    assert again.steps[0].takes == (theirs,)


def test_a_controllers_field_blocks_and_so_does_a_persons_for_the_loop() -> None:
    made = plan(differing(API, {"name": "a"}, {"name": "b"}))
    controller = FieldOwner("someone", ".spec.name", OwnerClass.CONTROLLER)
    assert causes(tried(made, [failed(made.steps[0].id, "conflict", controller)]).steps[0]) == ["dry-run"]
    by_loop = plan(differing(API, {"name": "a"}, {"name": "b"}), actor=Actor.LOOP)
    theirs = FieldOwner("k9s", ".spec.name", OwnerClass.PEOPLE)
    assert causes(tried(by_loop, [failed(by_loop.steps[0].id, "conflict", theirs)]).steps[0]) == ["dry-run"]


def test_a_dry_run_without_an_answer_is_a_warning() -> None:
    made = plan(only_in_git(API))
    again = tried(made, [Outcome(made.steps[0].id, Did.UNKNOWN, "timeout")])
    assert again.steps[0].runs and "timeout" in again.steps[0].warnings[0]


def test_a_blocked_step_is_not_counted_in_what_is_typed() -> None:
    one, two = key(name="one"), key(name="two")
    made = plan(
        differing(one, {"type": "PROXY"}, {"type": "NATIVE"}),
        differing(two, {"type": "PROXY"}, {"type": "NATIVE"}),
    )
    assert [one.phrase for one in made.confirmations] == ["delete 2"]
    again = tried(made, [failed(made.steps[0].id)])
    assert [one.phrase for one in again.confirmations] == ["delete 1"]
