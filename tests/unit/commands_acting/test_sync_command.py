"""`sync`: shows, asks, carries out, says what came of it; and never writes without a word for it."""

from __future__ import annotations

from typing import Any

import pytest

from gko_tui.commands.sync import answer
from reconciler.model.plan import Plan
from reconciler.model.steps import Did, FieldOwner, Outcome, OwnerClass, Verb
from reconciler.model.verdicts import Verdict
from tests.unit.cli.fleets import DEAD, NOW, READY, cell, row
from tests.unit.cli.schemas import validate
from tests.unit.commands_acting.plans import (
    CREATES,
    DELETE,
    GUARDED,
    NOBODY,
    RICH,
    TAKE,
    TWICE,
    Answers,
    MemoryEngine,
    Run,
    plan_of,
    step,
)

ASKING = plan_of(step("orders"), step("billing", Verb.DELETE, confirmations=(DELETE,)))


async def synced(
    line: Any, plan: Plan | MemoryEngine = CREATES, person: Answers = NOBODY, **run: Any
) -> tuple[int, Run]:
    made = Run(line, plan if isinstance(plan, MemoryEngine) else MemoryEngine(plan), **run)
    return await answer(made.invocation, made.acting, person=person), made


# --- a person at a terminal ----------------------------------------------------------------------


async def test_a_person_sees_the_plan_is_asked_and_then_it_is_carried_out() -> None:
    person = Answers(["y"])
    code, run = await synced("sync", CREATES, person)
    assert code == 0
    assert person.questions == [f"carry out 2 steps of plan {CREATES.short_id}? [y/N] "]
    shown, _, done = run.written.partition("2 create\n")
    assert "create  cluster  prod-eu:ApiV4Definition/pay/orders" in shown
    assert "created     cluster        prod-eu:ApiV4Definition/pay/orders\n" in done
    assert done.endswith("2 created\n")


@pytest.mark.parametrize("typed", ["", "n", "no", "never", "ye"])
async def test_anything_but_yes_writes_nothing(typed: str) -> None:
    code, run = await synced("sync", CREATES, Answers([typed]))
    assert (code, run.engine.applied) == (4, [])
    assert "nothing was written: it was not confirmed" in run.said


async def test_what_is_destructive_is_typed_with_its_number() -> None:
    person = Answers(["yes", "delete 1"])
    code, run = await synced("sync", ASKING, person)
    assert code == 0
    assert person.questions[1] == 'deletions cannot be undone: type "delete 1" to confirm: '
    assert set(run.engine.orders[0].typed) == {"delete 1"}


async def test_a_wrong_phrase_writes_nothing_at_all_not_even_the_plain_steps() -> None:
    code, run = await synced("sync", ASKING, Answers(["y", "delete all"]))
    assert (code, run.engine.applied) == (4, [])
    assert 'nothing was written: "delete 1" was not typed' in run.said


async def test_one_phrase_answers_all_that_ask_for_it() -> None:
    plan = plan_of(step(confirmations=(GUARDED,)), step("orders", confirmations=(GUARDED, TAKE)))
    person = Answers(["y", "prod-eu", "take 1"])
    assert (await synced("sync", plan, person))[0] == 0
    assert len(person.questions) == 3


async def test_ctrl_c_at_the_question_writes_nothing() -> None:
    class Leaving(Answers):
        def ask(self, question: str) -> str:
            raise KeyboardInterrupt

    run = Run("sync", MemoryEngine(CREATES))
    with pytest.raises(KeyboardInterrupt):
        await answer(run.invocation, run.acting, person=Leaving())
    assert run.engine.applied == []
    assert "nothing was written" in run.said


# --- where nobody can answer ---------------------------------------------------------------------


async def test_without_a_terminal_and_without_yes_the_plan_is_shown_and_nothing_written() -> None:
    code, run = await synced("sync", ASKING)
    assert (code, run.engine.applied) == (4, [])
    assert "1 create, 1 delete" in run.written
    assert "nothing was written: there is nobody to ask; read the plan, then give --yes" in run.said
    assert "--confirm 'delete 1'" in run.said


async def test_yes_answers_the_plain_question() -> None:
    code, run = await synced("sync --yes")
    assert (code, run.engine.applied) == (0, [CREATES])


@pytest.mark.parametrize("asked", [TAKE, DELETE, GUARDED])
async def test_yes_confirms_nothing_that_has_to_be_typed(asked: Any) -> None:
    plan = plan_of(step("orders"), step("billing", Verb.UPDATE, confirmations=(asked,)))
    code, run = await synced("sync --yes", plan)
    assert (code, run.engine.applied) == (4, [])
    assert f'"{asked.phrase}" has to be typed: {asked.why}' in run.said
    assert "--confirm" in run.said


async def test_phrases_may_be_given_word_for_word_on_the_command_line() -> None:
    plan = plan_of(step(confirmations=(GUARDED, TAKE)))
    code, _ = await synced(["sync", "--yes", "--confirm", "take 1", "--confirm", "prod-eu"], plan)
    assert code == 0
    assert (await synced(["sync", "--yes", "--confirm", "take 1"], plan))[0] == 4


async def test_a_phrase_of_another_plan_confirms_nothing_and_is_named() -> None:
    code, run = await synced(["sync", "--yes", "--confirm", "delete 7"], ASKING)
    assert (code, run.engine.applied) == (4, [])
    assert '--confirm "delete 7": nothing in this plan asks for it' in run.said


async def test_a_phrase_without_yes_leaves_the_plain_question_open() -> None:
    assert (await synced(["sync", "--confirm", "delete 1"], ASKING))[0] == 4


# --- what it ends with ---------------------------------------------------------------------------


async def test_nothing_to_do_is_0_and_asks_nobody() -> None:
    person = Answers()
    code, run = await synced("sync", plan_of(), person)
    assert (code, run.engine.applied, person.questions) == (0, [], [])


async def test_waiting_alone_is_carried_out_without_a_question() -> None:
    person = Answers()
    code, run = await synced("sync --wait", plan_of(step(verb=Verb.WAIT)), person)
    assert (code, len(run.engine.applied), person.questions) == (0, 1, [])


async def test_nothing_but_blocked_steps_is_4() -> None:
    code, run = await synced("sync --yes", plan_of(step(blocked=(TWICE,))))
    assert (code, run.engine.applied) == (4, [])
    assert "keep one of them" in run.written


async def test_the_rest_runs_where_one_step_is_blocked_and_it_ends_with_4() -> None:
    code, run = await synced("sync --yes", plan_of(step(blocked=(TWICE,)), step("orders")))
    assert code == 4
    assert "1 created, 1 skipped" in run.written or "1 skipped, 1 created" in run.written


async def test_a_failed_step_is_1_with_its_message_whole() -> None:
    engine = MemoryEngine(CREATES)
    first = CREATES.steps[0].id
    owner = FieldOwner("argocd-controller", ".spec.name", OwnerClass.CONTROLLER)
    engine.dids = {
        first: Outcome(
            first, Did.FAILED, "the CRD\nrejects\x1b[2J it", "correct it in Git", NOW, owners=(owner,)
        )
    }
    code, run = await synced("sync --yes", engine)
    assert code == 1
    assert "payments-api: the CRD\\nrejects\\e[2J it; correct it in Git\n" in run.written
    assert "1 created, 1 failed\n" in run.written


async def test_a_write_whose_answer_did_not_come_is_2() -> None:
    engine = MemoryEngine(CREATES)
    first = CREATES.steps[0].id
    engine.dids = {first: Outcome(first, Did.UNKNOWN, "no answer in 30 s", at=NOW)}
    assert (await synced("sync --yes", engine))[0] == 2


async def test_nothing_to_do_because_nothing_could_be_read_is_not_done() -> None:
    unknown = row("payments-api").bumped(cluster=cell(Verdict.UNKNOWN, "forbidden"))
    code, run = await synced("sync --yes", MemoryEngine(plan_of(), (unknown,), (*READY, DEAD)))
    assert code == 1
    assert "not everything could be read" in run.said


async def test_what_is_unread_beyond_the_clusters_is_said_and_is_no_error_of_a_sync() -> None:
    """The operator may not have sent it yet: whatever is not to be written here is not undone."""
    later = row("payments-api").bumped(control_plane=cell(Verdict.UNKNOWN, "not sent yet"))
    code, run = await synced("sync --yes", MemoryEngine(plan_of(), (later,)))
    assert code == 0
    assert "not everything could be read" in run.said


async def test_what_went_wrong_beside_the_steps_is_said() -> None:
    engine = MemoryEngine(CREATES)
    engine.notes = ("apis on prod-eu: what was applied is not noted and will not be pruned",)
    _, run = await synced("sync --yes", engine)
    assert "note: apis on prod-eu" in run.said


# --- for programs --------------------------------------------------------------------------------


async def test_the_document_is_one_and_is_what_its_schema_says() -> None:
    plan = RICH
    line = ["sync", "--yes", "-o", "json", "--confirm", "take 1", "--confirm", "delete 1"]
    code, run = await synced(line, plan)
    document = run.document
    validate(document)
    assert (document["exitCode"], code) == (4, 4)
    assert (document["carriedOut"], document["stopped"], document["refusal"]) == (True, False, None)
    assert [one["did"] for one in document["outcomes"]][:4] == [
        "unchanged",
        "created",
        "configured",
        "deleted",
    ]
    assert document["summary"]["skipped"] == 1
    assert document["plan"]["id"] == plan.id
    for secret in ("hunter2", "s3cret", "k3y"):
        assert secret not in run.written


async def test_a_refusal_is_a_document_too_and_says_what_has_to_be_typed() -> None:
    code, run = await synced("sync --yes -o json", ASKING)
    document = run.document
    validate(document)
    assert (code, document["exitCode"], document["carriedOut"]) == (4, 4, False)
    assert [one["phrase"] for one in document["unanswered"]] == ["delete 1"]
    assert document["outcomes"] == []


async def test_nothing_to_do_is_a_document_too() -> None:
    _, run = await synced("sync -o json", plan_of())
    validate(run.document)
    assert (run.document["carriedOut"], run.document["refusal"]) == (False, None)


async def test_who_is_asked_while_a_program_reads_sees_the_plan_beside_the_question() -> None:
    _, run = await synced("sync -o json", CREATES, Answers(["y"]))
    assert "create  cluster  prod-eu:ApiV4Definition/pay/orders" in run.said
    validate(run.document)


# --- progress ------------------------------------------------------------------------------------


async def test_in_a_pipe_each_step_is_a_line_and_nothing_moves() -> None:
    _, run = await synced("sync --yes")
    assert "\r" not in run.written + run.said
    assert sum("  created " in line for line in run.written.splitlines()) == 2


async def test_on_a_terminal_one_line_tells_what_comes_next_and_is_gone_afterwards() -> None:
    _, run = await synced("sync --yes", progress=True)
    assert "\r\x1b[K0 of 2: create cluster prod-eu:ApiV4Definition/pay/payments-api" in run.said
    assert "\r\x1b[K1 of 2: create cluster prod-eu:ApiV4Definition/pay/orders" in run.said
    assert run.said.endswith("\r\x1b[K")
