"""Every brake of ENGINE §6, each tried to be broken: the object that should live, lives.

All start from an object that would be deleted, so that what stops the deletion is the brake at hand.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.cluster.shared_document import Entry, SharedState
from reconciler.cluster.trace import OWN_ANNOTATION
from reconciler.engine.planning.brakes import cap, closes_subscriptions
from reconciler.engine.planning.subjects import ApplicationFacts, ClusterFacts, Subject
from reconciler.model.keys import ResourceKey
from reconciler.model.plan import Actor
from reconciler.model.steps import Asks, Block, Confirmation, Step, Verb
from tests.unit.planning.situations import (
    application,
    causes,
    differing,
    found_of,
    key,
    only_there,
    plan,
    step_for,
    wanted_of,
    words,
)

GONE = key("Group", "gone")


def pruned(subject: Subject | None = None, **more: Any) -> Step:
    """What becomes of an object that Git has dropped."""
    more.setdefault("applications", [application(GONE)])
    return step_for(plan(subject or only_there(GONE), **more), GONE)


def test_without_a_brake_it_is_deleted_at_its_version_and_confirmed() -> None:
    step = pruned()
    assert (step.word, step.risk.value) == ("delete", "high")
    (version,) = step.preconditions
    assert (version.uid, version.resource_version, version.generation) == ("uid-gone", "7", 3)
    assert [one.phrase for one in step.confirmations] == ["delete 1"]


def test_pruning_is_off_by_default() -> None:
    silent = replace(application(GONE), prune=ApplicationFacts("x").prune)
    made = plan(only_there(GONE), applications=[silent])
    assert words(made) == ["skip Group/gone"]
    assert made.notes == ("1 resource of shop that Git no longer defines stays: pruning is off",)


def test_what_was_never_applied_is_not_deleted_though_it_carries_our_mark() -> None:
    assert causes(pruned(applications=[application()])) == ["not-in-inventory"]


def test_what_nobody_of_ours_knows_is_not_even_mentioned() -> None:
    made = plan(only_there(GONE, mark=None), applications=[application()])
    assert made.steps == ()


def test_an_object_made_anew_under_the_same_name_is_not_deleted() -> None:
    assert causes(pruned(only_there(GONE, uid="uid-another"))) == ["another-object"]


def test_nothing_is_deleted_while_something_could_not_be_read() -> None:
    assert causes(pruned(applications=[application(GONE, complete=False)])) == ["render-incomplete"]


def test_nothing_is_deleted_when_nothing_is_rendered() -> None:
    assert "render-empty" in causes(pruned(applications=[application(GONE, rendered=0)]))


@pytest.mark.parametrize(("rendered", "told"), [(4, ["render-shrank"]), (5, [])])
def test_nothing_is_deleted_when_the_render_shrank_by_more_than_half(rendered: int, told: list[str]) -> None:
    others = [key("Group", f"g{at}") for at in range(9)]
    assert causes(pruned(applications=[application(GONE, *others, rendered=rendered)])) == told


def test_an_object_without_our_mark_is_not_deleted() -> None:
    assert causes(pruned(only_there(GONE, mark=None))) == ["mark"]


def test_a_copy_that_carries_its_originals_mark_is_not_deleted() -> None:
    """Given a controller that copies annotations along, when Git drops the original, the copy lives."""
    copied = {"annotations": {OWN_ANNOTATION: "shop:Group/shop/original"}}
    assert causes(pruned(only_there(GONE, metadata=copied))) == ["mark"]


def test_another_applications_object_is_not_deleted() -> None:
    other = ApplicationFacts("other", prune=True, complete=True, rendered=9)
    step = pruned(only_there(GONE, mark="other"), applications=[application(GONE), other])
    assert set(causes(step)) >= {"not-in-inventory", "shared"}


def test_what_two_applications_applied_is_not_deleted() -> None:
    other = ApplicationFacts("other", states={"prod": SharedState("other", {GONE: Entry("uid-gone")})})
    assert causes(pruned(applications=[application(GONE), other])) == ["shared"]


def test_what_another_object_owns_is_not_deleted() -> None:
    owned = {"ownerReferences": [{"kind": "Ingress", "name": "front"}]}
    step = pruned(
        only_there(GONE, metadata={**owned, "annotations": {OWN_ANNOTATION: "shop:Group/shop/gone"}})
    )
    assert causes(step) == ["generated"]
    assert "Ingress/front" in step.blocked[0].text


def test_nothing_is_pruned_on_a_protected_cluster() -> None:
    assert causes(pruned(cluster=ClusterFacts("prod", protected=True))) == ["protected"]


@pytest.mark.parametrize("named", [True, False])
def test_an_unknown_kind_is_never_deleted_not_even_by_name(named: bool) -> None:
    unknown = key("PortalTheme", "gone")
    asked = {"asked_to_delete": frozenset({unknown})} if named else {}
    made = plan(only_there(unknown), applications=[application(unknown)], **asked)
    assert causes(step_for(made, unknown)) == ["unknown-kind"]


@pytest.mark.parametrize("owner", ["argocd", "flux", "helm"])
@pytest.mark.parametrize("named", [True, False])
def test_what_another_tool_owns_is_not_deleted_not_even_by_name(owner: str, named: bool) -> None:
    asked = {"asked_to_delete": frozenset({GONE})} if named else {}
    step = pruned(only_there(GONE, owner=owner), **asked)
    assert causes(step) == ["foreign"]


def test_what_git_defines_twice_is_failed_and_nothing_of_it_is_pruned() -> None:
    twice = Subject(GONE, wanted_of(GONE, places=("a.yaml:1", "b.yaml:7")), found_of(GONE))
    step = pruned(twice)
    assert (step.word, causes(step)) == ("blocked", ["defined-twice"])
    assert "a.yaml:1 and b.yaml:7" in step.blocked[0].text
    asked = pruned(twice, asked_to_delete=frozenset({GONE}))
    assert "defined" in causes(asked)


def test_what_stands_in_a_file_that_cannot_be_read_is_not_deleted() -> None:
    step = pruned(Subject(GONE, wanted_of(GONE, broken="x.yaml:3: not YAML"), found_of(GONE)))
    assert causes(step) == ["broken"]


def test_what_live_objects_refer_to_is_not_deleted() -> None:
    user = key("ApiV4Definition", "user")
    step = pruned(referrers=lambda one: {user} if one == GONE else ())
    assert causes(step) == ["referred-to"]
    assert "ApiV4Definition/shop/user" in step.blocked[0].text


def test_what_is_deleted_with_all_that_refers_to_it_goes_after_it() -> None:
    api = key("ApiV4Definition", "api")
    refers = only_there(api, {"groupRefs": [{"name": "gone"}]})
    made = plan(
        only_there(GONE),
        refers,
        applications=[application(GONE, api)],
        referrers=lambda one: {api} if one == GONE else (),
    )
    assert words(made) == ["delete ApiV4Definition/api", "delete Group/gone"]
    assert made.steps[1].after == (made.steps[0].id,)


def test_a_referrer_that_may_not_be_deleted_keeps_what_it_refers_to() -> None:
    api = key("ApiV4Definition", "api")
    foreign = only_there(api, {"groupRefs": [{"name": "gone"}]}, owner="argocd")
    made = plan(
        only_there(GONE),
        foreign,
        applications=[application(GONE, api)],
        referrers=lambda one: {api} if one == GONE else (),
    )
    assert all(step.blocked for step in made.steps)


# --- caps --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("inventory", "most"), [(0, 5), (7, 5), (50, 5), (59, 5), (60, 6), (1_000, 100)])
def test_the_cap_is_five_or_a_tenth(inventory: int, most: int) -> None:
    assert cap(inventory) == most


def many(count: int) -> list[ResourceKey]:
    return [key("Group", f"g{at:02}") for at in range(count)]


def test_at_most_the_cap_is_deleted_in_one_pass() -> None:
    groups = many(8)
    made = plan(*map(only_there, groups), applications=[application(*groups)])
    assert [step.word for step in made.steps] == ["delete"] * 5 + ["blocked"] * 3
    assert {cause for step in made.blocked for cause in causes(step)} == {"cap"}
    assert [one.phrase for one in made.confirmations] == ["delete 5"]


def test_deletions_that_finalizers_hold_count_towards_the_cap() -> None:
    groups = many(8)
    under_way = [only_there(one, deleting=True) for one in groups[:4]]
    made = plan(*under_way, *map(only_there, groups[4:]), applications=[application(*groups)])
    assert [step.word for step in made.steps].count("delete") == 1


def test_a_deletion_that_another_brake_stops_does_not_use_up_the_cap() -> None:
    groups = many(7)
    unmarked = [only_there(one, mark=None) for one in groups[:3]]
    made = plan(*unmarked, *map(only_there, groups[3:]), applications=[application(*groups)])
    assert [step.word for step in made.steps].count("delete") == 4


def test_what_a_person_named_is_not_capped_but_counted() -> None:
    groups = many(8)
    made = plan(*map(only_there, groups), applications=[application()], asked_to_delete=frozenset(groups))
    assert len(made.runnable) == 8
    assert [one.phrase for one in made.confirmations] == ["delete 8"]


# --- an explicit deletion ----------------------------------------------------------------------------


def test_an_orphan_outside_the_inventory_is_deleted_only_by_name() -> None:
    orphan = only_there(GONE, mark=None)
    assert plan(orphan, applications=[application()]).steps == ()
    step = pruned(orphan, applications=[application()], asked_to_delete=frozenset({GONE}))
    assert step.word == "delete"


def test_what_git_still_defines_is_not_deleted_by_name() -> None:
    one = key("Group", "kept")
    subject = differing(one, {"name": "a"}, {"name": "b"})
    step = step_for(plan(subject, asked_to_delete=frozenset({one})), one)
    assert causes(step) == ["defined"]


def test_deleting_by_name_on_a_protected_cluster_asks_for_its_name() -> None:
    step = pruned(cluster=ClusterFacts("prod", protected=True), asked_to_delete=frozenset({GONE}))
    assert [one.phrase for one in step.confirmations] == ["delete 1", "prod"]


# --- the inventory -----------------------------------------------------------------------------------


def test_an_entry_leaves_the_inventory_only_when_it_was_not_found() -> None:
    state = application(GONE, key("Group", "kept")).states["prod"]
    assert set(state.without_gone([]).inventory) == {GONE, key("Group", "kept")}
    assert set(state.without_gone([GONE]).inventory) == {key("Group", "kept")}


def test_a_deletion_that_waits_for_a_finalizer_is_skipped_and_stays_in_the_inventory() -> None:
    step = pruned(only_there(GONE, deleting=True))
    assert (step.word, step.reason) == ("skip", "it is being deleted already")


# --- the loop ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["observe", "heal"])
def test_only_the_mode_sync_lets_the_loop_prune(mode: str) -> None:
    step = pruned(applications=[application(GONE, mode=mode)], actor=Actor.LOOP)
    assert causes(step) == ["mode"]


def test_in_the_mode_sync_the_loop_prunes_within_all_brakes() -> None:
    assert pruned(actor=Actor.LOOP).word == "delete"
    assert "protected" in causes(pruned(actor=Actor.LOOP, cluster=ClusterFacts("prod", protected=True)))


def test_a_suspended_application_is_not_pruned_by_the_loop() -> None:
    held = application(GONE, suspended="ana suspended it: incident 7")
    assert causes(pruned(applications=[held], actor=Actor.LOOP)) == ["suspended"]


# --- access plans and subscriptions ------------------------------------------------------------------

API = key("ApiV4Definition", "orders")
WITH = {"name": "o", "plans": {"gold": {}, "free": {}}}
WITHOUT = {"name": "o", "plans": {"gold": {}}}


def counting(live: int | None) -> Any:
    return lambda api, access_plan: live if (api, access_plan) == (API, "free") else 0


def test_a_plan_that_git_drops_with_live_subscriptions_is_counted_and_typed() -> None:
    dropped = differing(API, WITHOUT, WITH, synced=WITH)
    made = plan(dropped, subscriptions=counting(12))
    (asked,) = [one for one in made.confirmations if one.asks is Asks.SUBSCRIPTIONS]
    assert asked.phrase == "close 12"
    assert "12 live subscriptions" in asked.why and "free" in asked.why
    assert all(step.risk.value == "high" for step in made.steps)
    assert made.unanswered(["y", "yes", "close 11"])


def test_a_plan_added_by_hand_has_subscriptions_too() -> None:
    """Given a plan made with kubectl and taken by consumers in the portal, removing it asks as well."""
    added = differing(
        API, WITHOUT, WITH, synced=WITHOUT, managers={"kubectl-edit": {"f:plans": {"f:free": {}}}}
    )
    made = plan(added, subscriptions=counting(1))
    assert [step.verb for step in made.steps] == [Verb.REMOVE]
    assert made.asks(Asks.SUBSCRIPTIONS)


def test_a_plan_whose_subscriptions_nobody_can_count_stays() -> None:
    made = plan(differing(API, WITHOUT, WITH, synced=WITH), subscriptions=counting(None))
    assert {cause for step in made.steps for cause in causes(step)} >= {"subscriptions-unknown"}
    assert made.runnable == ()


def test_a_plan_without_subscriptions_goes_without_a_word() -> None:
    made = plan(differing(API, WITHOUT, WITH, synced=WITH), subscriptions=counting(0))
    assert made.runnable and made.confirmations == ()


def test_the_loop_never_closes_a_subscription() -> None:
    made = plan(differing(API, WITHOUT, WITH, synced=WITH), subscriptions=counting(1), actor=Actor.LOOP)
    assert made.runnable == ()


def test_a_plan_that_a_subscription_in_the_cluster_uses_stays() -> None:
    user = key("Subscription", "sub")
    made = plan(
        differing(API, WITHOUT, WITH, synced=WITH),
        plan_users=lambda api, access_plan: {user} if access_plan == "free" else (),
    )
    assert {cause for step in made.steps for cause in causes(step)} == {"plan-in-use"}


def test_it_goes_when_that_subscription_goes_with_it_and_first() -> None:
    user = key("Subscription", "sub")
    refers = {"api": {"name": "orders"}, "application": {"name": "a"}, "plan": "free"}
    made = plan(
        differing(API, WITHOUT, WITH, synced=WITH),
        only_there(user, refers),
        applications=[application(user)],
        plan_users=lambda api, access_plan: {user},
    )
    assert len(made.runnable) == len(made.steps) == 2


def test_deleting_an_api_counts_all_its_subscriptions() -> None:
    made = plan(
        only_there(API, WITH),
        applications=[application(API)],
        subscriptions=lambda api, access_plan: 3 if access_plan == "" else 0,
    )
    assert [one.phrase for one in made.confirmations] == ["delete 1", "close 3"]


def test_version_two_lists_its_plans_and_is_guarded_alike() -> None:
    api = key("ApiDefinition", "old")
    subject = differing(api, {"plans": [{"name": "gold"}]}, {"plans": [{"name": "gold"}, {"name": "free"}]})
    made = plan(subject, subscriptions=lambda one, access_plan: 2 if access_plan == "free" else 0)
    assert made.asks(Asks.SUBSCRIPTIONS)


def test_closing_a_plan_is_as_good_as_removing_it() -> None:
    def gold(status: str) -> dict[str, Any]:
        return {"plans": {"gold": {"status": status}}}

    counts: dict[str, Any] = {"subscriptions": lambda one, access_plan: 2}
    closed = plan(differing(API, gold("closed"), gold("PUBLISHED")), **counts)
    assert closed.asks(Asks.SUBSCRIPTIONS)
    assert not plan(differing(API, gold("DEPRECATED"), gold("PUBLISHED")), **counts).asks(Asks.SUBSCRIPTIONS)
    assert not plan(differing(API, {"plans": {}}, gold("CLOSED")), **counts).asks(Asks.SUBSCRIPTIONS)


def test_an_application_takes_its_subscriptions_with_it() -> None:
    one = key("Application", "app")
    made = plan(only_there(one), applications=[application(one)], subscriptions=lambda key, plan: 4)
    assert [confirmation.phrase for confirmation in made.confirmations] == ["delete 1", "close 4"]
    assert made.confirmations[1].why == "removing the application app closes 4 live subscriptions for good"


@pytest.mark.parametrize(("live", "kind"), [(None, Block), (0, type(None)), (1, Confirmation)])
def test_counting_alone_decides(live: int | None, kind: type) -> None:
    assert isinstance(closes_subscriptions(API, "free", lambda api, access_plan: live), kind)


def test_a_missing_body_brakes_a_deletion() -> None:
    unread = Subject(GONE, None, replace(found_of(GONE), body=None))
    assert "unread" in causes(pruned(unread, asked_to_delete=frozenset({GONE})))
