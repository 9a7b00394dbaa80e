"""Plans for the hop to the control plane: what GKO accepted is sent again, and nothing else ever is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from reconciler.engine.service import Engine
from reconciler.model.acting import Carried, Orders, PlanRequest
from reconciler.model.plan import Plan, plan_from_document, plan_to_document
from reconciler.model.steps import Asks, Did, Outcome, Stage, Step, Verb
from reconciler.model.verdicts import ExitCode, Place, Verdict
from reconciler.settings.model import Platform
from reconciler.simulator.apim import console
from reconciler.simulator.apim.refusals import Refused
from tests.integration.acting.failing import FailingApim, Rule
from tests.integration.chain.scene import Scene, api, key, sent, strip

BEYOND = PlanRequest(hops=frozenset({Place.CONTROL_PLANE}))
ENVIRONMENT = "DEFAULT"


class Beyond(Scene):
    """A scene whose control plane can be made to fail at writes alone, and whose requests are counted."""

    protected = False

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.server = self.failing = FailingApim(self.apim)

    def platform(self) -> Platform:
        made = super().platform().model_dump(exclude={"path"})
        made["clusters"][0]["protected"] = self.protected
        made["applications"][0].update(create_namespaces=True, namespace="pay")
        return Platform.model_validate(made)

    def add_plan(self, name: str, plan: str = "By hand") -> str:
        """Make and publish an access plan in the Console."""
        where = self.apim.environment(ENVIRONMENT)
        own = self.apim.api(ENVIRONMENT, self.id_of(name))
        body = {"name": plan, "security": {"type": "API_KEY"}, "definitionVersion": "V4", "mode": "STANDARD"}
        made = console.create_plan(where, own, {**body, "validation": "AUTO", "characteristics": []})
        console.publish_plan(where, own, made.id)
        return made.id


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Beyond]:
    made = Beyond(tmp_path)
    await made.start()
    yield made
    await made.stop()


@asynccontextmanager
async def observed(scene: Scene) -> AsyncIterator[Engine]:
    engine = scene.engine()
    try:
        await engine.observe_once()
        yield engine
    finally:
        await engine.aclose()


async def planned(scene: Scene, request: PlanRequest = BEYOND) -> Plan:
    async with observed(scene) as engine:
        return await engine.plan(request)


async def applied(
    scene: Scene, request: PlanRequest = BEYOND, *, typed: bool = True, wait_s: float = 60.0
) -> Carried:
    async with observed(scene) as engine:
        plan = await engine.plan(request)
        words = [one.phrase for one in plan.confirmations] if typed else []
        return await engine.apply(plan, Orders(typed=words, wait_s=wait_s))


async def strip_of(scene: Scene, name: str = "payments") -> str:
    async with observed(scene) as engine:
        return strip(engine.fleet.rows()[key(name)])


def only(carried: Carried) -> Any:
    (outcome,) = carried.outcomes
    return outcome


async def brought(scene: Scene) -> None:
    """An API that this program applied, GKO sent and the gateway runs."""
    scene.commit(api("payments"))
    await applied(scene, PlanRequest(hops=frozenset({Place.CLUSTER})))
    scene.send(api("payments"))
    scene.gateway.poll()
    assert await strip_of(scene) == "===="


async def in_sync(scene: Scene) -> None:
    """Publish two APIs and see them in sync, so that what comes is judged against that."""
    scene.publish(api("payments"), api("refunds"))
    async with observed(scene) as engine:
        found = engine.fleet.rows()
        assert {strip(found[key(name)]) for name in ("payments", "refunds")} == {"===="}


# --- sending again ---------------------------------------------------------------------------------------


async def test_a_plan_edited_in_the_console_is_put_right_by_one_write(scene: Beyond) -> None:
    await in_sync(scene)
    scene.edit_plan("payments", description="by hand")
    plan = await planned(scene)
    (step,) = plan.steps
    assert (step.stage, step.verb, step.key) == (Stage.CONTROL_PLANE, Verb.UPDATE, key("payments"))
    assert [change.right for change in step.changes] == ["by hand"]
    carried = await applied(scene)
    assert (only(carried).did, carried.exit_code) == (Did.CONFIGURED, ExitCode.IN_SYNC)
    assert scene.failing.taken() == ["pay-payments"]
    assert (await strip_of(scene))[2] == "="
    assert (await planned(scene)).steps == ()


async def test_what_the_console_deleted_comes_back_under_its_id(scene: Beyond) -> None:
    await in_sync(scene)
    before = scene.id_of("payments")
    scene.apim.delete_api(ENVIRONMENT, "pay-payments")
    carried = await applied(scene)
    assert only(carried).did is Did.CREATED
    assert scene.id_of("payments") == before


async def test_taking_back_what_somebody_detached_has_to_be_typed(scene: Beyond) -> None:
    await in_sync(scene)
    scene.apim.detach(ENVIRONMENT, scene.id_of("payments"))
    plan = await planned(scene)
    assert [(one.asks, one.phrase) for one in plan.confirmations] == [(Asks.TAKE_OVER, "take 1")]
    refused = await applied(scene, typed=False)
    assert (only(refused).did, refused.exit_code) == (Did.SKIPPED, ExitCode.BLOCKED)
    assert only(await applied(scene)).did is Did.CONFIGURED
    assert (await strip_of(scene))[2] == "="


async def test_a_spec_that_nobody_accepted_yet_is_never_sent(scene: Beyond) -> None:
    await in_sync(scene)
    scene.cluster.apply(api("payments", version="2.0"), manager="argocd-controller", force=True)
    scene.commit(api("payments", version="2.0"), api("refunds"))
    plan = await planned(scene)
    (step,) = plan.steps
    assert (step.verb, plan.writes) == (Verb.SKIP, False)
    assert "GKO brings it" in step.reason


async def test_a_spec_that_was_refused_is_left_alone_with_its_words(scene: Beyond) -> None:
    await in_sync(scene)
    scene.cluster.apply(api("payments", version="2.0"), manager="argocd-controller", force=True)
    scene.refuse("pay", "payments", "Unable to import [path already exists]")
    (step,) = (await planned(scene)).steps
    assert step.verb is Verb.SKIP
    assert "path already exists" in step.reason
    carried = await applied(scene, PlanRequest(hops=BEYOND.hops, wait=True), wait_s=10.0)
    told = carried.outcomes[0]
    assert (told.did, carried.exit_code) == (Did.FAILED, ExitCode.ERROR)
    assert "path already exists" in told.message


async def test_a_plan_kept_in_a_file_is_carried_out_as_it_was_made(scene: Beyond) -> None:
    await in_sync(scene)
    scene.edit_plan("payments", description="by hand")
    document = plan_to_document(await planned(scene))
    async with observed(scene) as engine:
        carried = await engine.apply(plan_from_document(document), Orders())
    assert only(carried).did is Did.CONFIGURED


async def test_what_moved_meanwhile_is_not_overwritten(scene: Beyond) -> None:
    await in_sync(scene)
    scene.edit_plan("payments", description="by hand")
    plan = await planned(scene)
    scene.edit_plan("payments", description="by another hand")
    async with observed(scene) as engine:
        carried = await engine.apply(plan, Orders())
    assert (only(carried).did, carried.exit_code) == (Did.FAILED, ExitCode.ERROR)
    assert "something else than when the plan was made" in only(carried).message
    (held,) = scene.apim.get_api(ENVIRONMENT, "pay-payments")["plans"]
    assert held["description"] == "by another hand"


async def test_an_orphan_goes_only_when_it_is_named_and_typed(scene: Beyond) -> None:
    await in_sync(scene)
    scene.cluster.delete("ApiV4Definition", "pay", "refunds")
    scene.commit(api("payments"))
    assert not (await planned(scene)).writes
    async with observed(scene) as engine:
        found = engine.fleet.rows().items()
        left = next(one for one, row in found if row.control_plane.verdict is Verdict.ORPHAN)
    named = PlanRequest(hops=BEYOND.hops, delete=frozenset({left}), keys=frozenset({left}))
    assert [one.phrase for one in (await planned(scene, named)).confirmations] == ["delete 1"]
    carried = await applied(scene, named)
    assert only(carried).did is Did.DELETED
    with pytest.raises(Refused):
        scene.apim.get_api(ENVIRONMENT, "pay-refunds")


async def test_what_the_console_made_is_never_deleted_from_here(scene: Beyond) -> None:
    await in_sync(scene)
    fields = {name: api("legacy")["spec"][name] for name in ("type", "listeners", "endpointGroups")}
    console_made = {**fields, "name": "Legacy", "apiVersion": "1", "definitionVersion": "V4"}
    made = scene.apim.make_console_api(ENVIRONMENT, console_made, started=False)
    async with observed(scene) as engine:
        found = engine.fleet.rows().items()
        theirs = next(one for one, row in found if one.namespace == "" and one.name == "Legacy")
    carried = await applied(scene, PlanRequest(hops=BEYOND.hops, delete=frozenset({theirs})))
    assert {outcome.did for outcome in carried.outcomes} == {Did.SKIPPED}
    assert carried.exit_code is ExitCode.BLOCKED
    assert scene.apim.api(ENVIRONMENT, made.id).id == made.id


# --- brakes ----------------------------------------------------------------------------------------------


def subscribed(scene: Beyond) -> None:
    """Somebody subscribes to an access plan that only the control plane has."""
    shop = {"hrid": "shop", "name": "Shop", "description": "of the web"}
    scene.apim.put(ENVIRONMENT, "applications", shop)
    gold = {"gold": {"name": "Gold", "security": {"type": "API_KEY"}}}
    with_gold = api("payments", plans={**api("payments")["spec"]["plans"], **gold})
    scene.apim.put_api(ENVIRONMENT, sent(with_gold))
    mine = {"hrid": "mine", "applicationHrid": "shop", "planHrid": "gold"}
    scene.apim.put(ENVIRONMENT, "subscriptions", mine, parent="pay-payments")


async def test_a_plan_made_by_hand_with_subscribers_goes_only_when_their_number_is_typed(
    scene: Beyond,
) -> None:
    await in_sync(scene)
    subscribed(scene)
    plan = await planned(scene)
    (step,) = plan.steps
    assert [(one.asks, one.phrase) for one in step.confirmations] == [(Asks.SUBSCRIPTIONS, "close 1")]
    refused = await applied(scene, typed=False)
    assert only(refused).did is Did.SKIPPED
    assert len(scene.apim.get_api(ENVIRONMENT, "pay-payments")["plans"]) == 2
    assert only(await applied(scene)).did is Did.CONFIGURED
    assert len(scene.apim.get_api(ENVIRONMENT, "pay-payments")["plans"]) == 1


async def test_a_subscriber_of_a_plan_without_an_hrid_counts_as_well(scene: Beyond) -> None:
    await in_sync(scene)
    subscribed(scene)
    made = scene.add_plan("payments")
    (one,) = scene.apim.subscriptions(ENVIRONMENT)
    one.plan_id, one.plan_hrid = made, ""
    (step,) = (await planned(scene)).steps
    assert [one.phrase for one in step.confirmations] == ["close 1"]


async def test_who_subscribes_after_the_plan_was_made_is_not_closed_unasked(scene: Beyond) -> None:
    await in_sync(scene)
    subscribed(scene)
    (one,) = scene.apim.subscriptions(ENVIRONMENT)
    one.status = "CLOSED"
    plan = await planned(scene)
    assert plan.confirmations == ()
    one.status = "ACCEPTED"
    scene.failing.taken()
    async with observed(scene) as engine:
        carried = await engine.apply(plan, Orders())
    assert (only(carried).did, carried.exit_code) == (Did.FAILED, ExitCode.ERROR)
    assert "closes 1 live subscription" in only(carried).message
    assert (scene.failing.taken(), one.status) == ([], "ACCEPTED")


async def test_an_orphan_that_somebody_subscribed_to_meanwhile_is_not_deleted(scene: Beyond) -> None:
    await in_sync(scene)
    subscribed(scene)
    (one,) = scene.apim.subscriptions(ENVIRONMENT)
    one.status = "CLOSED"
    scene.cluster.delete("ApiV4Definition", "pay", "payments")
    scene.commit(api("refunds"))
    async with observed(scene) as engine:
        found = engine.fleet.rows().items()
        left = next(name for name, row in found if row.control_plane.verdict is Verdict.ORPHAN)
        request = PlanRequest(hops=BEYOND.hops, delete=frozenset({left}), keys=frozenset({left}))
        plan = await engine.plan(request)
        words = [asked.phrase for asked in plan.confirmations]
        one.status = "PENDING"
        carried = await engine.apply(plan, Orders(typed=words))
    assert only(carried).did is Did.FAILED
    assert "closes 1 live subscription" in only(carried).message
    assert scene.apim.get_api(ENVIRONMENT, "pay-payments")["id"]


async def test_a_plan_made_by_hand_without_subscribers_needs_nothing_typed(scene: Beyond) -> None:
    await in_sync(scene)
    scene.add_plan("payments")
    (step,) = (await planned(scene)).steps
    assert step.confirmations == ()
    assert only(await applied(scene, typed=False)).did is Did.CONFIGURED


async def test_a_protected_cluster_has_to_be_typed(scene: Beyond) -> None:
    scene.protected = True
    await in_sync(scene)
    scene.edit_plan("payments", description="by hand")
    plan = await planned(scene)
    assert [one.asks for one in plan.confirmations] == [Asks.PROTECTED]


# --- faults ----------------------------------------------------------------------------------------------


async def test_what_apim_refuses_is_blocked_by_its_own_dry_run_with_its_words(scene: Beyond) -> None:
    await in_sync(scene)
    scene.apim.delete_api(ENVIRONMENT, "pay-payments")
    scene.apim.put_api(ENVIRONMENT, sent(api("thief", path="/payments")))
    plan = await planned(scene)
    (step,) = [one for one in plan.steps if one.key == key("payments")]
    assert step.blocked[0].cause == "dry-run"
    assert "/payments/" in step.blocked[0].text


async def test_a_plugin_that_is_not_installed_blocks_what_the_dry_run_lets_pass(scene: Beyond) -> None:
    await in_sync(scene)
    scene.edit_plan("payments", description="by hand")
    scene.apim.organizations["DEFAULT"].plugins.entrypoints.remove("http-proxy")
    (step,) = (await planned(scene)).steps
    assert step.blocked[0].cause == "dry-run"
    assert "the entrypoint http-proxy is not installed in this APIM" in step.blocked[0].text


async def test_a_write_that_arrived_though_its_answer_did_not_is_not_repeated(scene: Beyond) -> None:
    await in_sync(scene)
    scene.edit_plan("payments", description="by hand")
    plan = await planned(scene)
    scene.failing.rules = [Rule("pay-payments", 0)]
    async with observed(scene) as engine:
        carried = await engine.apply(plan, Orders())
    assert only(carried).did is Did.CONFIGURED
    assert scene.failing.taken() == ["pay-payments"]


async def test_a_control_plane_that_fails_for_a_while_is_asked_again(scene: Beyond) -> None:
    await in_sync(scene)
    scene.edit_plan("payments", description="by hand")
    plan = await planned(scene)
    scene.failing.rules = [Rule("pay-payments", 503)]
    async with observed(scene) as engine:
        carried = await engine.apply(plan, Orders())
    assert only(carried).did is Did.CONFIGURED


async def test_one_that_asks_to_wait_is_given_the_time(scene: Beyond) -> None:
    await in_sync(scene)
    scene.edit_plan("payments", description="by hand")
    plan = await planned(scene)
    scene.failing.rules = [Rule("pay-payments", 429, retry_after_s=1)]
    async with observed(scene) as engine:
        carried = await engine.apply(plan, Orders())
    assert only(carried).did is Did.CONFIGURED
    assert scene.failing.taken() == ["pay-payments"] * 2


async def test_what_the_cluster_changed_while_it_waited_is_not_overwritten_with_the_old(
    scene: Beyond,
) -> None:
    await in_sync(scene)
    scene.edit_plan("payments", description="by hand")
    plan = await planned(scene)
    newer = api("payments", version="2.0")

    def moved_on() -> None:
        scene.cluster.apply(newer, manager="argocd-controller", force=True)

    scene.failing.rules = [Rule("pay-payments", 503, retry_after_s=1, meanwhile=moved_on)]
    async with observed(scene) as engine:
        carried = await engine.apply(plan, Orders())
    assert only(carried).did is Did.FAILED
    assert "its spec has changed" in only(carried).message
    assert scene.failing.taken() == ["pay-payments"]


async def test_one_that_asks_to_wait_longer_than_there_is_time_is_not_asked_again(scene: Beyond) -> None:
    await in_sync(scene)
    scene.edit_plan("payments", description="by hand")
    plan = await planned(scene)
    scene.failing.rules = [Rule("pay-payments", 429, 1_000, retry_after_s=600)]
    async with observed(scene) as engine:
        carried = await engine.apply(plan, Orders(wait_s=2.0))
    assert only(carried).did is Did.FAILED
    assert scene.failing.taken() == ["pay-payments"]


async def test_a_credential_that_is_refused_in_the_middle_fails_without_another_try(scene: Beyond) -> None:
    await in_sync(scene)
    scene.edit_plan("payments", description="by hand")
    plan = await planned(scene)
    scene.failing.rules = [Rule("pay-payments", 401, 1_000, "bad credentials")]
    async with observed(scene) as engine:
        carried = await engine.apply(plan, Orders(wait_s=5.0))
    assert (only(carried).did, carried.exit_code) == (Did.FAILED, ExitCode.ERROR)
    assert scene.failing.taken() == ["pay-payments"]


async def test_one_that_goes_on_failing_fails_at_its_step_and_the_other_is_done(scene: Beyond) -> None:
    await in_sync(scene)
    scene.edit_plan("payments", description="by hand")
    scene.edit_plan("refunds", description="by hand")
    plan = await planned(scene)
    scene.failing.rules = [Rule("pay-payments", 500, 1_000, "broken inside")]
    async with observed(scene) as engine:
        carried = await engine.apply(plan, Orders(wait_s=3.0))
    did = {outcome.step.rpartition("/")[2]: outcome for outcome in carried.outcomes}
    assert did["refunds"].did is Did.CONFIGURED
    assert did["payments"].did is Did.FAILED
    assert "broken inside" in did["payments"].message


# --- waiting ---------------------------------------------------------------------------------------------


async def test_reconcile_waits_for_gko_and_for_the_gateways(scene: Beyond) -> None:
    await brought(scene)
    newer = api("payments", version="2.0")
    scene.commit(newer)

    async def gko(step: Step, outcome: Outcome) -> None:
        if step.stage is Stage.CLUSTER and outcome.did is Did.CONFIGURED:
            asyncio.get_running_loop().call_later(0.2, scene.send, newer)
            asyncio.get_running_loop().call_later(0.8, scene.gateway.poll)

    request = PlanRequest(keys=frozenset({key("payments")}), purpose="reconcile", wait=True)
    async with observed(scene) as engine:
        plan = await engine.plan(request)
        carried = await engine.apply(plan, Orders(told=gko, wait_s=15.0))
    assert [outcome.did for outcome in carried.outcomes][-2:] == [Did.UNCHANGED, Did.UNCHANGED]
    stages = [step.stage for step in carried.plan.steps if step.stage is not Stage.SHARED_STATE]
    assert stages == [Stage.CLUSTER, Stage.CONTROL_PLANE, Stage.GATEWAY_WAIT]
    assert carried.exit_code is ExitCode.IN_SYNC
    assert await strip_of(scene) == "===="


async def test_who_does_not_run_it_is_named_when_the_time_is_over(scene: Beyond) -> None:
    await in_sync(scene)
    scene.edit_plan("payments", description="by hand")
    request = PlanRequest(keys=frozenset({key("payments")}), hops=BEYOND.hops, wait=True)
    carried = await applied(scene, request, wait_s=1.5)
    sent, waited = carried.outcomes
    assert (sent.did, waited.did) == (Did.CONFIGURED, Did.UNKNOWN)
    assert "gw" in waited.message
    assert carried.exit_code is ExitCode.CHANGES


async def test_the_writer_that_never_comes_is_named_when_the_time_is_over(scene: Beyond) -> None:
    await brought(scene)
    scene.commit(api("payments", version="2.0"))
    carried = await applied(scene, PlanRequest(wait=True), wait_s=1.0)
    waited = next(one for one in carried.outcomes if one.step.startswith("control-plane/wait"))
    assert waited.did is Did.UNKNOWN
    assert "GKO brings it" in waited.message


async def test_rows_and_history_know_what_was_done_at_once(scene: Beyond) -> None:
    await in_sync(scene)
    scene.edit_plan("payments", description="by hand")
    async with observed(scene) as engine:
        plan = await engine.plan(BEYOND)
        await engine.apply(plan, Orders())
        assert engine.fleet.rows()[key("payments")].control_plane.verdict is Verdict.SYNCED
        trace = await engine.trace(key("payments"))
    assert any(f"update (sync, plan {plan.short_id}): configured" in one.what for one in trace.happenings)
