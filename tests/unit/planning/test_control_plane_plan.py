"""The plan for the hop to the control plane, rule by rule: who writes what, and what speaks against it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.engine.planning.control_plane.planning import with_control_plane
from reconciler.engine.planning.control_plane.subjects import ABSENT, RECONCILER, HopSubject
from reconciler.engine.planning.subjects import ApplicationFacts, Found, Intent, Opinion, Situation
from reconciler.model.changes import Change, ChangeKind, KeyStep, Origin
from reconciler.model.keys import ResourceKey
from reconciler.model.plan import Actor, Inputs, Plan
from reconciler.model.steps import Asks, Holds, Stage, Step, Verb, step_id
from reconciler.model.verdicts import Verdict

ORDERS = ResourceKey("eu", "ApiV4Definition", "shop", "orders")
EDITED = Change(("spec", "name"), ChangeKind.CHANGED, "a", "b", Origin.RIGHT)
MOVED_ON = Change(("spec", "version"), ChangeKind.CHANGED, "1", "2", Origin.LEFT)
DRIFTED = HopSubject(
    ORDERS,
    Verdict.DRIFTED,
    ("spec.name differs",),
    "apim",
    "shop",
    found=Found("u1", "7", 3),
    accepted=True,
    held="d1",
    changes=(EDITED,),
    synced_before=True,
)


def plan_for(
    *subjects: HopSubject,
    before: tuple[Step, ...] = (),
    mode: str = "observe",
    wait: bool = False,
    **intent: Any,
) -> Plan:
    intended = Intent(**intent)
    situation = Situation((), {}, {"shop": ApplicationFacts("shop", mode)}, intended)
    empty = Plan("sync", intended.actor, Inputs(), before)
    return with_control_plane(empty, subjects, situation, wait=wait)


def by_loop(mode: str, subject: HopSubject = DRIFTED) -> Step:
    (step,) = plan_for(subject, mode=mode, actor=Actor.LOOP).steps
    return step


def applied(verb: Verb = Verb.UPDATE) -> Step:
    return Step(step_id(Stage.CLUSTER, verb, ORDERS), Stage.CLUSTER, verb, ORDERS, "Git says so")


def test_what_was_changed_behind_its_writer_is_sent_again_under_both_preconditions() -> None:
    (step,) = plan_for(DRIFTED).steps
    assert (step.stage, step.verb, step.changes) == (Stage.CONTROL_PLANE, Verb.UPDATE, (EDITED,))
    version, state = step.preconditions
    assert (version.holds, version.uid, version.generation) == (Holds.VERSION, "u1", 3)
    assert (state.holds, state.digest) == (Holds.STATE, "d1")


@pytest.mark.parametrize(
    ("verdict", "verb"),
    [
        (Verdict.DRIFTED, Verb.UPDATE),
        (Verdict.CONFLICT, Verb.UPDATE),
        (Verdict.DETACHED, Verb.UPDATE),
        (Verdict.MISSING, Verb.CREATE),
        (Verdict.AHEAD, Verb.SKIP),
        (Verdict.FAILED, Verb.SKIP),
        (Verdict.CONTENDED, Verb.BLOCKED),
        (Verdict.UNKNOWN, Verb.SKIP),
        (Verdict.ORPHAN, Verb.SKIP),
    ],
)
def test_each_verdict_has_its_answer(verdict: Verdict, verb: Verb) -> None:
    (step,) = plan_for(replace(DRIFTED, verdict=verdict)).steps
    assert step.verb is verb


def test_what_two_fight_over_is_blocked_with_the_reason() -> None:
    (step,) = plan_for(replace(DRIFTED, verdict=Verdict.CONTENDED, causes=("a/b-c has that HRID too",))).steps
    assert [one.cause for one in step.blocked] == ["contended"]
    assert "a/b-c has that HRID too" in step.blocked[0].text


def test_what_could_not_be_read_is_left_alone_and_where_waiting_is_asked_for_read_again() -> None:
    unread = replace(DRIFTED, verdict=Verdict.UNKNOWN, causes=("apim answers 401",))
    (left,) = plan_for(unread).steps
    assert (left.verb, "apim answers 401" in left.reason) == (Verb.SKIP, True)
    (waits,) = plan_for(unread, wait=True).steps
    assert waits.verb is Verb.WAIT


@pytest.mark.parametrize("verdict", [None, Verdict.SYNCED, Verdict.UNMANAGED])
def test_about_these_there_is_nothing_to_say(verdict: Verdict | None) -> None:
    assert plan_for(replace(DRIFTED, verdict=verdict)).steps == ()


def test_what_is_in_sync_is_listed_when_asked_for() -> None:
    (step,) = plan_for(replace(DRIFTED, verdict=Verdict.SYNCED), list_unchanged=True).steps
    assert step.verb is Verb.NOOP


def test_a_spec_that_was_not_accepted_is_its_writers_to_bring() -> None:
    (step,) = plan_for(replace(DRIFTED, accepted=False, writer=RECONCILER)).steps
    assert step.verb is Verb.SKIP
    assert RECONCILER in step.reason


def test_what_the_cluster_step_changes_is_not_sent_twice() -> None:
    assert plan_for(DRIFTED, before=(applied(),)).steps == (applied(),)


def test_waiting_follows_the_cluster_step_and_gateways_follow_that() -> None:
    subject = replace(DRIFTED, runs=True)
    _, brought, running = plan_for(subject, before=(applied(),), wait=True).steps
    assert (brought.stage, brought.verb, brought.after) == (
        Stage.CONTROL_PLANE,
        Verb.WAIT,
        (applied().id,),
    )
    assert (running.stage, running.after) == (Stage.GATEWAY_WAIT, (brought.id,))
    assert brought.level < running.level


def test_nothing_waits_for_gateways_that_run_what_stays() -> None:
    quiet = replace(DRIFTED, verdict=Verdict.SYNCED, runs=True, runs_now=True)
    assert plan_for(quiet, wait=True).steps == ()


def test_gateways_that_lag_are_waited_for_though_nothing_is_written() -> None:
    (step,) = plan_for(replace(DRIFTED, verdict=Verdict.SYNCED, runs=True), wait=True).steps
    assert (step.stage, step.after) == (Stage.GATEWAY_WAIT, ())


def test_dependants_come_after_what_they_need() -> None:
    order = ["Subscription", "Application", "ApiV4Definition", "SharedPolicyGroup", "Group"]
    subjects = [replace(DRIFTED, key=ORDERS._replace(kind=kind)) for kind in order]
    levels = {step.key.kind: step.level for step in plan_for(*subjects).steps}
    assert sorted(order, key=levels.__getitem__) == list(reversed(order))
    assert len(set(levels.values())) == len(order)


# --- what has to be typed --------------------------------------------------------------------------------


def test_a_detached_api_is_taken_back_only_by_who_types_it() -> None:
    plan = plan_for(replace(DRIFTED, verdict=Verdict.DETACHED))
    assert [(one.asks, one.phrase) for one in plan.confirmations] == [(Asks.TAKE_OVER, "take 1")]


def test_what_a_person_protects_is_typed() -> None:
    plan = plan_for(replace(DRIFTED, protected="eu"))
    assert [(one.asks, one.phrase) for one in plan.confirmations] == [(Asks.PROTECTED, "eu")]


@pytest.mark.parametrize(("live", "phrases"), [(0, []), (3, ["close 3"])])
def test_plans_that_only_the_control_plane_has_count_their_subscriptions(
    live: int, phrases: list[str]
) -> None:
    added = Change(("spec", "plans", KeyStep("gold")), ChangeKind.ADDED, None, {"hrid": "gold"}, Origin.RIGHT)
    subject = replace(DRIFTED, changes=(added,), drops=("gold",))
    plan = plan_for(subject, subscriptions=lambda _key, _plan: live)
    assert [one.phrase for one in plan.confirmations] == phrases


def test_what_nobody_can_count_is_blocked() -> None:
    (step,) = plan_for(replace(DRIFTED, drops=("gold",))).steps
    assert [block.cause for block in step.blocked] == ["subscriptions-unknown"]


def test_an_orphan_is_deleted_by_name_after_its_subscriptions_were_counted() -> None:
    orphan = replace(DRIFTED, verdict=Verdict.ORPHAN, found=None, accepted=False)
    plan = plan_for(orphan, asked_to_delete=frozenset({ORDERS}), subscriptions=lambda _key, access_plan: 2)
    (step,) = plan.steps
    assert step.verb is Verb.DELETE
    assert [one.phrase for one in plan.confirmations] == ["delete 1", "close 2"]


def test_what_the_console_made_is_not_deleted_even_by_name() -> None:
    theirs = replace(DRIFTED, verdict=Verdict.UNMANAGED, found=None, held=ABSENT)
    (step,) = plan_for(theirs, asked_to_delete=frozenset({ORDERS})).steps
    assert [block.cause for block in step.blocked] == ["not-ours"]


def test_a_policy_blocks_and_warns() -> None:
    def strict(_step: Step, _wanted: object, _found: object) -> list[Opinion]:
        return [Opinion(True, "not on Fridays"), Opinion(False, "mind the gap")]

    (step,) = plan_for(DRIFTED, policies=(strict,)).steps
    assert ([block.text for block in step.blocked], step.warnings) == (["not on Fridays"], ("mind the gap",))


# --- the loop --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["heal", "sync"])
def test_the_loop_heals_what_was_seen_in_sync(mode: str) -> None:
    assert by_loop(mode).runs
    assert not by_loop(mode).confirmations


def test_the_loop_that_only_observes_writes_nothing() -> None:
    assert [block.cause for block in by_loop("observe").blocked] == ["mode"]


def test_the_loop_that_proposes_waits_for_approval() -> None:
    assert [one.asks for one in by_loop("propose").confirmations] == [Asks.APPROVAL]


@pytest.mark.parametrize(
    "subject",
    [
        replace(DRIFTED, first_sight=True),
        replace(DRIFTED, changes=(EDITED, MOVED_ON)),
        replace(DRIFTED, verdict=Verdict.MISSING, synced_before=False, changes=()),
    ],
)
def test_healing_restores_only_what_was_in_sync(subject: HopSubject) -> None:
    assert [block.cause for block in by_loop("heal", subject).blocked] == ["mode"]
    assert by_loop("sync", subject).runs


@pytest.mark.parametrize(
    "subject", [replace(DRIFTED, verdict=Verdict.DETACHED), replace(DRIFTED, drops=("gold",))]
)
def test_what_a_person_would_type_the_loop_does_not_do(subject: HopSubject) -> None:
    (step,) = plan_for(subject, mode="sync", actor=Actor.LOOP, subscriptions=lambda _k, _p: 1).steps
    assert step.blocked
    assert not step.runs


def test_the_same_facts_give_the_same_plan_in_any_order() -> None:
    other = replace(DRIFTED, key=ORDERS._replace(name="carts"))
    assert plan_for(DRIFTED, other).id == plan_for(other, DRIFTED).id
