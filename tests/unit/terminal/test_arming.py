"""What a person's word lets run, and what it takes before anything does."""

from __future__ import annotations

import itertools

from gko_tui.view.arming import Arming
from gko_tui.view.plan_status import Phase, Status, status_line
from gko_tui.view.words import UNICODE
from reconciler.model.steps import Verb
from tests.unit.commands_acting.plans import CREATES, DELETE, GUARDED, RICH, plan_of, step

BOTH = plan_of(
    step("a", confirmations=(GUARDED,)),
    step("b", Verb.DELETE, confirmations=(GUARDED, DELETE), level=1),
    step("c", level=1),
)


def test_a_plan_that_asks_for_nothing_is_armed_by_one_more_word() -> None:
    arming = Arming(CREATES)
    assert arming.question is None
    assert not arming.armed
    assert arming.arm()


def test_it_cannot_be_armed_while_a_question_is_open() -> None:
    arming = Arming(BOTH)
    assert not arming.arm()
    arming.answer("prod-eu")
    assert not arming.arm()
    arming.answer("delete 1")
    assert arming.arm()
    assert arming.typed == ("prod-eu", "delete 1")


def test_another_word_leaves_the_question_open() -> None:
    arming = Arming(BOTH)
    assert not arming.answer("prod-e")
    assert not arming.answer("PROD-EU")
    assert arming.question is not None
    assert arming.typed == ()


def test_every_set_of_answers_runs_exactly_what_it_confirms() -> None:
    for first, second in itertools.product(("prod-eu", ""), ("delete 1", "")):
        arming = Arming(BOTH)
        arming.answer(first)
        arming.answer(second)
        wanted = {"c"} | ({"a"} if first else set()) | ({"b"} if first and second else set())
        assert {one.key.name for one in arming.running()} == wanted
        assert arming.left_out() == 3 - len(wanted)


def test_what_comes_after_a_step_that_is_left_out_is_left_out() -> None:
    first = step("a", confirmations=(GUARDED,))
    second = step("b", level=1, after=(first.id,))
    arming = Arming(plan_of(first, second, step("c", level=2, after=(second.id,))))
    arming.answer("")
    assert arming.running() == ()
    assert not arming.arm()


def test_forgetting_asks_everything_again() -> None:
    arming = Arming(BOTH)
    arming.answer("prod-eu")
    arming.answer("delete 1")
    arming.arm()
    arming.reset()
    assert (arming.armed, arming.typed, arming.number) == (False, (), 1)


def said(arming: Arming, phase: Phase, **more: object) -> str:
    return "".join(text for text, _ in status_line(Status(phase, arming=arming, **more), UNICODE))  # type: ignore[arg-type]


def test_the_line_over_the_plan_says_what_to_press() -> None:
    arming = Arming(RICH)
    assert "y asks for 2 phrases" in said(arming, Phase.READ)
    assert 'type "take 1"' in said(arming, Phase.ASKING)
    arming.answer("")
    arming.answer("delete 1")
    assert "3 steps; 1 left out, not confirmed   y arms" in said(arming, Phase.READ)
    assert "ARMED: ⏎ carries out 3 steps" in said(arming, Phase.ARMED)
    assert "read-only: prod-eu   y opens a write window" in said(arming, Phase.READ, closed=("prod-eu",))
    assert "--read-only" in said(arming, Phase.READ, closed=("prod-eu",), locked=True)


def test_what_only_waits_is_said_to_write_nothing() -> None:
    waits = Arming(plan_of(step(verb=Verb.WAIT)))
    assert "1 step, and none of them writes" in said(waits, Phase.READ)
