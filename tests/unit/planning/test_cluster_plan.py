"""Plans for the cluster hop: what is written, in which order, what is asked, what is left alone and why."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from reconciler.engine.planning.cluster import plan_cluster
from reconciler.engine.planning.gathering import compared
from reconciler.engine.planning.subjects import ClusterFacts, Opinion, Subject
from reconciler.model.keys import ResourceKey
from reconciler.model.plan import Actor, plan_from_document, plan_to_document
from reconciler.model.steps import Asks, Holds, OwnerClass, Verb
from reconciler.rules.schema import Schema
from tests.unit.planning.situations import (
    OPEN,
    application,
    causes,
    differing,
    found_of,
    key,
    only_in_git,
    only_there,
    plan,
    situation,
    step_for,
    wanted_of,
    words,
)

API = key()
CONTEXT = {"contextRef": {"name": "apim"}}
EXISTS: dict[str, Any] = {"exists": lambda one: True}


# -- what is written --------------------------------------------------------------------------------


def test_what_is_in_sync_gets_no_step_unless_it_is_asked_for() -> None:
    synced = Subject(API, wanted_of(API, body=None), found_of(API, body=None))
    assert plan(synced).steps == ()
    assert words(plan(synced, list_unchanged=True)) == ["noop ApiV4Definition/orders"]


def test_what_is_missing_is_created_in_order_of_references() -> None:
    made = plan(
        only_in_git(key("Subscription", "s"), {"api": {"name": "orders"}, "application": {"name": "app"}}),
        only_in_git(API, CONTEXT),
        only_in_git(key("Application", "app"), CONTEXT),
        only_in_git(key("ManagementContext", "apim"), {"auth": {"secretRef": {"name": "login"}}}),
        only_in_git(key("Secret", "login"), {}, api_version="v1"),
    )
    assert words(made) == [
        "create Secret/login",
        "create ManagementContext/apim",
        "create ApiV4Definition/orders",
        "create Application/app",
        "create Subscription/s",
    ]
    create = step_for(made, API)
    assert [one.holds for one in create.preconditions] == [Holds.ABSENT, Holds.KIND, Holds.NAMESPACE]
    assert create.after == (step_for(made, key("ManagementContext", "apim")).id,)
    assert create.content is not None and create.content.blob == "b" * 40


def test_git_moving_on_is_an_update_at_the_version_that_was_seen() -> None:
    made = plan(differing(API, {"name": "new"}, {"name": "old"}, synced={"name": "old"}))
    step = step_for(made, API)
    assert (step.verb, step.reason) == (Verb.UPDATE, "Git has moved on")
    assert (step.preconditions[0].resource_version, step.preconditions[0].generation) == ("7", 3)
    assert [change.left for change in step.changes] == ["new"]
    assert made.confirmations == ()


def test_an_addition_is_removed_and_nothing_else_is_written() -> None:
    """Apply would be silent about it (ENGINE §4.8)."""
    made = plan(
        differing(
            API,
            {"name": "o", "plans": {"gold": {}}},
            {"name": "o", "plans": {"gold": {}, "free": {}}},
            managers={"gko-tui": {"f:name": {}}},
        )
    )
    (step,) = made.steps
    assert (step.verb, step.removes) == (Verb.REMOVE, (("spec", "plans", "free"),))
    assert "spec.plans.free" in step.reason


def test_removal_and_update_are_one_chain() -> None:
    made = plan(
        differing(
            API,
            {"name": "new", "plans": {"gold": {}}},
            {"name": "old", "plans": {"gold": {}, "free": {}}},
        )
    )
    assert [step.verb for step in made.steps] == [Verb.REMOVE, Verb.UPDATE]
    assert made.steps[1].after == (made.steps[0].id,)
    assert made.steps[0].level == made.steps[1].level


def test_what_another_tool_applied_gets_its_owners_migrated_first() -> None:
    owned = {"kubectl-client-side-apply": {"f:name": {}, "f:path": {}}}
    made = plan(differing(API, {"name": "new"}, {"name": "old", "path": "/x"}, managers=owned))
    assert [step.verb for step in made.steps] == [Verb.MIGRATE_OWNERS, Verb.UPDATE]
    assert made.steps[0].migrates == ("kubectl-client-side-apply",)
    assert made.steps[1].after == (made.steps[0].id,)
    assert made.confirmations == (), "what was migrated is taken from nobody"


@pytest.mark.parametrize(
    ("kind", "wanted", "found", "verb"),
    [
        ("ApiV4Definition", {"type": "PROXY"}, {"type": "MESSAGE"}, Verb.REPLACE),
        ("SharedPolicyGroup", {"phase": "REQUEST"}, {"phase": "RESPONSE"}, Verb.REPLACE),
        (
            "Subscription",
            {"plan": "p", "api": {"name": "a"}, "x": 1},
            {"plan": "p", "api": {"name": "a", "namespace": "shop", "kind": "ApiV4Definition"}, "x": 2},
            Verb.UPDATE,
        ),
        ("Subscription", {"plan": "p"}, {"plan": "q"}, Verb.REPLACE),
        (
            "Application",
            {"settings": {"oauth": {"applicationType": "WEB"}}},
            {"settings": {"app": {"type": "x"}}},
            Verb.REPLACE,
        ),
        (
            "Application",
            {"settings": {"oauth": {"applicationType": "WEB"}}},
            {"settings": {"oauth": {"applicationType": "NATIVE"}}},
            Verb.REPLACE,
        ),
        (
            "Application",
            {"settings": {"app": {"type": "y"}}},
            {"settings": {"app": {"type": "x"}}},
            Verb.UPDATE,
        ),
    ],
)
def test_what_cannot_change_is_replaced(kind: str, wanted: Any, found: Any, verb: Verb) -> None:
    one = key(kind)
    made = plan(differing(one, wanted, found), **EXISTS)
    assert {step.verb for step in made.steps} - {Verb.REMOVE} == {verb}
    if verb is Verb.REPLACE:
        assert [confirmation.phrase for confirmation in made.confirmations] == ["delete 1"]


def test_a_namespace_is_created_where_that_is_allowed_and_named_where_it_is_not() -> None:
    missing = {"namespaces": {"other": True}}
    made = plan(only_in_git(API), cluster=ClusterFacts("prod", creates=frozenset({"shop"}), **missing))
    assert words(made) == ["create Namespace/shop", "create ApiV4Definition/orders"]
    assert made.steps[1].after == (made.steps[0].id,)
    refused = plan(only_in_git(API), cluster=ClusterFacts("prod", **missing))
    (block,) = refused.steps[0].blocked
    assert "kubectl create namespace shop" in block.next_step
    going = plan(only_in_git(API), cluster=ClusterFacts("prod", namespaces={"shop": False}))
    assert causes(going.steps[0]) == ["namespace"]


def test_a_kind_that_is_not_served_is_blocked_and_others_go_on() -> None:
    cluster = ClusterFacts("prod", served={"Group": Schema({})})
    made = plan(only_in_git(API), only_in_git(key("Group")), cluster=cluster)
    assert words(made) == ["create Group/orders", "blocked ApiV4Definition/orders"]


def test_a_path_that_moves_to_another_api_is_given_up_first() -> None:
    old, new = key(name="old"), key(name="new")
    listener = {"listeners": [{"paths": [{"path": "/a"}]}]}
    made = plan(only_in_git(new, listener), only_there(old, listener), applications=[application(old)])
    assert words(made) == ["delete ApiV4Definition/old", "create ApiV4Definition/new"]
    assert made.steps[1].after == (made.steps[0].id,)


# -- what is asked ----------------------------------------------------------------------------------


def edited(manager: str, **more: Any) -> Subject:
    return differing(
        API, {"name": "a"}, {"name": "b"}, synced={"name": "a"}, managers={manager: {"f:name": {}}}
    )


def test_a_persons_edit_is_taken_only_when_a_person_says_so() -> None:
    made = plan(edited("kubectl-edit"))
    (asked,) = made.confirmations
    assert (asked.asks, asked.phrase) == (Asks.TAKE_OVER, "take 1")
    assert "kubectl-edit changed spec.name" in asked.why
    (taken,) = made.steps[0].takes
    assert (taken.manager, taken.owner) == ("kubectl-edit", OwnerClass.PEOPLE)


@pytest.mark.parametrize("mode", ["heal", "sync"])
def test_the_loop_takes_it_in_the_modes_heal_and_sync(mode: str) -> None:
    made = plan(edited("kubectl-edit"), applications=[application(mode=mode)], actor=Actor.LOOP)
    assert words(made) == ["update ApiV4Definition/orders"]
    assert made.confirmations == ()


@pytest.mark.parametrize("manager", ["argocd-controller", "flux", "Helm", "something"])
@pytest.mark.parametrize("actor", list(Actor))
def test_a_controllers_field_is_never_taken(manager: str, actor: Actor) -> None:
    step = plan(edited(manager), actor=actor).steps[0]
    assert causes(step) == ["owner"]
    assert manager in step.blocked[0].text


def test_the_operators_own_edit_is_never_taken() -> None:
    assert causes(plan(edited("manager")).steps[0]) == ["owner"]


def test_what_the_operator_only_wrote_in_other_words_is_ours_to_change() -> None:
    """Given GKO owns a list because it wrote it back, when Git changes it, that is no conflict (§10.4)."""
    made = plan(
        differing(
            API,
            {"name": "new"},
            {"name": "old"},
            synced={"name": "old"},
            managers={"manager": {"f:name": {}}},
        )
    )
    (step,) = made.steps
    assert step.word == "update"
    assert [(one.manager, one.owner) for one in step.takes] == [("manager", OwnerClass.OURS)]
    assert made.confirmations == ()


def test_a_protected_cluster_asks_for_its_name() -> None:
    made = plan(only_in_git(API), cluster=ClusterFacts("prod", protected=True))
    assert [(one.asks, one.phrase) for one in made.confirmations] == [(Asks.PROTECTED, "prod")]
    by_loop = plan(only_in_git(API), cluster=ClusterFacts("prod", protected=True), actor=Actor.LOOP)
    assert by_loop.runnable


def test_policies_may_warn_and_block() -> None:
    def no_orders(step: Any, wanted: Any, found: Any) -> Any:
        if wanted["metadata"]["name"] == "orders":
            yield Opinion(True, "no orders here")
        yield Opinion(False, "seen")

    other = key(name="other")
    made = plan(only_in_git(API), only_in_git(other), policies=(no_orders,))
    assert causes(step_for(made, API)) == ["policy"]
    assert step_for(made, other).warnings == ("seen",)
    assert step_for(made, other).runs


# -- what is left alone -----------------------------------------------------------------------------


@pytest.mark.parametrize("owner", ["argocd", "flux", "helm"])
def test_what_another_tool_owns_is_skipped_with_that_reason(owner: str) -> None:
    made = plan(differing(API, {"name": "a"}, {"name": "b"}, owner=owner))
    (step,) = made.steps
    assert step.word == "skip"
    assert owner in step.reason
    assert len(step.changes) == 1


def test_two_definitions_are_blocked_never_last_wins() -> None:
    twice = Subject(API, wanted_of(API, places=("a.yaml:1", "b.yaml:2")))
    assert causes(plan(twice).steps[0]) == ["defined-twice"]


@pytest.mark.parametrize(
    ("subject", "cause"),
    [
        (Subject(API, wanted_of(API, broken="x.yaml: no YAML")), "broken"),
        (Subject(API, wanted_of(API), unreadable="no permission"), "unreadable"),
        (Subject(API, wanted_of(API), found_of(API, deleting=True)), "deleting"),
        (Subject(API, wanted_of(API, body=None)), "unread"),
    ],
)
def test_what_nothing_can_be_done_about_says_why(subject: Subject, cause: str) -> None:
    step = plan(subject).steps[0]
    assert (step.word, causes(step)) == ("blocked", [cause])
    assert step.blocked[0].next_step


def test_a_reference_to_nothing_is_an_error_at_its_step_and_others_go_on() -> None:
    made = plan(
        only_in_git(API, CONTEXT),
        only_in_git(key("Subscription", "s"), {"api": {"name": "orders"}}),
        only_in_git(key("Group", "g")),
        exists=lambda one: False,
    )
    assert words(made) == [
        "create Group/g",
        "blocked ApiV4Definition/orders",
        "blocked Subscription/s",
    ]
    assert causes(step_for(made, API)) == ["reference"]
    assert "spec.contextRef names ManagementContext/shop/apim" in step_for(made, API).blocked[0].text
    assert causes(step_for(made, key("Subscription", "s"))) == ["waits"]


def test_a_missing_secret_is_a_warning_for_others_make_secrets_too() -> None:
    one = key("ManagementContext")
    made = plan(only_in_git(one, {"auth": {"secretRef": {"name": "s"}}}), exists=lambda key: False)
    assert step_for(made, one).runs
    assert "Secret/shop/s" in step_for(made, one).warnings[0]


def test_an_update_that_is_blocked_leaves_its_object_to_those_that_refer_to_it() -> None:
    group = key("Group", "g")
    blocked = differing(group, {"name": "a"}, {"name": "b"}, managers={"someone": {"f:name": {}}})
    made = plan(blocked, only_in_git(API, {"groupRefs": [{"name": "g"}]}))
    assert words(made) == ["blocked Group/g", "create ApiV4Definition/orders"]
    assert made.steps[1].after == ()


def test_a_resource_is_written_whole_or_not_at_all() -> None:
    """Given an addition that a controller owns, the rest of the resource is not half-healed."""
    subject = differing(
        API,
        {"name": "new", "plans": {"gold": {}}},
        {"name": "old", "plans": {"gold": {}, "free": {}}},
        managers={"gko-tui": {"f:name": {}}, "someone": {"f:plans": {"f:free": {}}}},
    )
    made = plan(subject)
    assert [(step.verb, causes(step)) for step in made.steps] == [
        (Verb.REMOVE, ["owner"]),
        (Verb.UPDATE, ["waits"]),
    ]


def test_swapped_paths_run_in_a_circle_and_say_so() -> None:
    def paths(path: str) -> dict[str, Any]:
        return {"listeners": [{"paths": [{"path": path}]}]}

    one, two = key(name="one"), key(name="two")
    made = plan(differing(one, paths("/b"), paths("/a")), differing(two, paths("/a"), paths("/b")))
    assert [causes(step) for step in made.steps] == [["circle"], ["circle"]]


def test_two_resources_of_one_hrid_are_not_both_created() -> None:
    """`a-b/c` and `a/b-c` overwrite each other at the control plane, and nobody is told (DOMAIN §2.4)."""
    one, two = key(name="c", namespace="a-b"), key(name="b-c", namespace="a")
    made = plan(
        only_in_git(one, CONTEXT), Subject(two, wanted_of(two, body=None), found_of(two, body=None)), **EXISTS
    )
    assert causes(step_for(made, one)) == ["same-hrid"]
    assert "ApiV4Definition/a/b-c: both are a-b-c there" in step_for(made, one).blocked[0].text
    apart = {"contextRef": {"name": "x", "namespace": "n"}}, {"contextRef": {"name": "y", "namespace": "n"}}
    fine = plan(only_in_git(one, apart[0]), only_in_git(two, apart[1]), **EXISTS)
    assert len(fine.runnable) == 2


# -- the loop's modes -------------------------------------------------------------------------------


def by_loop(subject: Subject, mode: str) -> list[str]:
    return words(plan(subject, applications=[application(mode=mode)], actor=Actor.LOOP))


DRIFT = differing(API, {"name": "a"}, {"name": "b"}, synced={"name": "a"}, managers={"k9s": {"f:name": {}}})
NEWS = differing(API, {"name": "b"}, {"name": "a"}, synced={"name": "a"})
FIRST = differing(API, {"name": "a"}, {"name": "b"})
NEW = only_in_git(API)
LOST = Subject(API, wanted_of(API), synced_before=True)


@pytest.mark.parametrize(
    ("mode", "subject", "word"),
    [
        ("observe", DRIFT, "blocked"),
        ("observe", NEW, "blocked"),
        ("heal", DRIFT, "update"),
        ("heal", LOST, "create"),
        ("heal", NEWS, "blocked"),
        ("heal", FIRST, "blocked"),
        ("heal", NEW, "blocked"),
        ("sync", DRIFT, "update"),
        ("sync", NEWS, "update"),
        ("sync", NEW, "create"),
        ("propose", NEWS, "update"),
    ],
)
def test_the_mode_decides_what_the_loop_may_do(mode: str, subject: Subject, word: str) -> None:
    assert by_loop(subject, mode) == [f"{word} ApiV4Definition/orders"]


def test_a_proposal_waits_for_its_approval() -> None:
    made = plan(NEWS, applications=[application(mode="propose")], actor=Actor.LOOP)
    assert [one.asks for one in made.confirmations] == [Asks.APPROVAL]


def test_the_loop_never_replaces() -> None:
    assert by_loop(differing(API, {"type": "PROXY"}, {"type": "NATIVE"}), "sync") == [
        "blocked ApiV4Definition/orders"
    ]


def test_a_suspension_stops_the_loop_and_warns_a_person() -> None:
    held = [application(suspended="ana suspended it")]
    assert plan(DRIFT, applications=held, actor=Actor.LOOP).runnable == ()
    by_person = plan(NEWS, applications=held)
    assert by_person.runnable and by_person.steps[0].warnings == ("ana suspended it",)


# -- the plan as a whole ----------------------------------------------------------------------------


def test_the_same_situation_gives_the_same_plan_in_any_order() -> None:
    subjects = [NEWS, only_in_git(key("Group")), only_there(key("Portal", "p"))]
    made = situation(*subjects, applications=[application(key("Portal", "p"))])
    turned = situation(*reversed(subjects), applications=[application(key("Portal", "p"))])
    assert plan_cluster(made).id == plan_cluster(turned).id


def test_a_plan_comes_back_from_its_file() -> None:
    made = plan(NEWS, only_in_git(key("Group")), revisions=(("platform", "a" * 40),), rules="00")
    assert plan_from_document(plan_to_document(made)) == made
    assert made.inputs.objects[0].resource_version == "7"


junk = some.recursive(
    some.none() | some.booleans() | some.integers(0, 3) | some.text("ab[", max_size=3),
    lambda inner: (
        some.lists(inner, max_size=3)
        | some.dictionaries(
            some.sampled_from(
                [
                    "plans",
                    "name",
                    "contextRef",
                    "api",
                    "settings",
                    "app",
                    "listeners",
                    "paths",
                    "ref",
                    "resources",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@given(
    some.sampled_from(["ApiV4Definition", "ApiDefinition", "Application", "Subscription", "PortalTheme"]),
    some.dictionaries(some.sampled_from(["plans", "listeners", "api", "settings", "proxy", "name"]), junk),
    some.dictionaries(some.sampled_from(["plans", "listeners", "api", "settings", "proxy", "name"]), junk),
)
def test_whatever_stands_in_the_specs_a_plan_comes_about_and_survives_its_file(
    kind: str, left: dict[str, Any], right: dict[str, Any]
) -> None:
    one, other = key(kind), key(kind, "other")
    wanted, found = wanted_of(one, left), found_of(one, right)
    subject = compared(one, wanted, found, OPEN, digest_key=b"k")
    made = plan(
        subject,
        only_in_git(other, left),
        only_there(key(kind, "gone"), right),
        applications=[application(key(kind, "gone"))],
    )
    assert plan_from_document(plan_to_document(made)).id == made.id


def test_no_credential_reaches_the_plan() -> None:
    one = key("ManagementContext")
    subject = differing(
        one,
        {"auth": {"credentials": {"username": "u", "password": "hunter2"}}},
        {"auth": {"credentials": {"username": "u", "password": "hunter1"}}},
    )
    document = plan_to_document(plan(subject))
    assert b"hunter" not in document and b"password" in document


def test_ten_thousand_resources_in_sync_cost_a_fraction_of_a_second() -> None:
    def synced(at: int) -> Subject:
        one = ResourceKey("prod", "ApiV4Definition", "shop", f"a{at}")
        return Subject(one, wanted_of(one, {}, body=None), found_of(one, {}, body=None))

    made = situation(*(synced(at) for at in range(10_000)))
    started = time.perf_counter()
    assert plan_cluster(made).steps == ()
    assert time.perf_counter() - started < 0.5
