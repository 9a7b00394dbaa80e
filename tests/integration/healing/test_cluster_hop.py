"""Drift on a served cluster, with engine and healer running: what is healed, and what is left alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from reconciler.cluster.connection import open_cluster
from reconciler.cluster.shared_document import Decision
from reconciler.cluster.shared_state import SharedStates
from reconciler.model.acting import Orders
from reconciler.model.plan import Plan, plan_from_document, plan_to_document
from reconciler.model.steps import Asks
from reconciler.model.verdicts import Verdict
from reconciler.simulator.kube.access import READ_ALL, Rule
from reconciler.simulator.kube.cluster import SimCluster
from reconciler.simulator.kube.server import SimKubeServer
from reconciler.simulator.platform import demo_crds
from tests.integration.chain.scene import API, CLUSTER, api, key
from tests.integration.healing.scene import Healing, healing, hurried, until


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Healing]:
    made = Healing(tmp_path, gateways=False)
    await made.start()
    made.cluster.apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "pay"}}, manager="kubectl", force=True
    )
    yield made
    await made.stop()


async def test_five_of_twenty_edited_objects_are_healed_with_one_write_each_and_no_other_is_touched(
    scene: Healing,
) -> None:
    names = [f"api-{number:02}" for number in range(20)]
    await scene.bring(*(api(name) for name in names))
    before = scene.versions()
    edited = names[::4]
    async with healing(scene) as (engine, _, told):
        await until(lambda: all(engine.fleet.row(key(n)) for n in names))
        began = time.monotonic()
        for name in edited:
            scene.edit(name, description="Edited at night")
        drifted = scene.versions()
        await until(lambda: len(told.of("done")) == 5, what=told.text)
        took = time.monotonic() - began
        await until(lambda: engine.fleet.row(key(edited[-1])).cluster.verdict is Verdict.SYNCED)
    after = scene.versions()
    assert took < 2.0 + 5.0, "within two seconds and the pace of a shared machine"
    for name in names:
        writes = scene.cluster.get(API, "pay", name)["metadata"]["generation"]
        assert scene.spec(name)["description"] == "Takes money"
        assert (before[name] == after[name]) == (name not in edited)
        assert writes == (3 if name in edited else 1), "made, edited, healed: one write"
        assert (drifted[name] != after[name]) == (name in edited)


async def test_an_addition_is_removed_and_what_others_may_write_stays(scene: Healing) -> None:
    await scene.bring(api("orders"))
    async with healing(scene) as (engine, _, told):
        await until(lambda: engine.fleet.row(key("orders")))
        have = scene.cluster.get(API, "pay", "orders")
        have["metadata"]["finalizers"] = ["finalizers.gravitee.io/apidefinitiondeletion"]
        spec = {**have["spec"], "tags": ["internal"]}
        scene.cluster.update({**have, "spec": spec}, manager="kubectl-edit")
        await until(lambda: "tags" not in scene.spec("orders"), what=told.text)
    after = scene.cluster.get(API, "pay", "orders")
    assert after["metadata"]["finalizers"] == ["finalizers.gravitee.io/apidefinitiondeletion"]
    assert after["metadata"]["generation"] == 3, "made, edited, healed"
    (done,) = told.of("done")
    assert done["did"] == ["configured"] and "spec.tags" in done["why"]


async def test_what_was_deleted_is_made_again_and_what_is_new_in_git_is_not(scene: Healing) -> None:
    await scene.bring(api("orders"), api("payments"))
    scene.commit(api("orders"), api("payments"), api("brandnew"))
    async with healing(scene) as (engine, _, told):
        await until(lambda: engine.fleet.row(key("brandnew")))
        scene.cluster.delete(API, "pay", "orders")
        await until(lambda: scene.cluster.get(API, "pay", "orders"), what=told.text)
        await until(lambda: any("brandnew" in one["resource"] for one in told.of("left")), what=told.text)
    assert scene.cluster.get(API, "pay", "brandnew") is None
    (left,) = [one for one in told.of("left") if "brandnew" in one["resource"]]
    assert left["why"] == "it is new in Git, and healing restores only what was in sync"


async def test_healing_never_rolls_forward_and_sync_does(scene: Healing) -> None:
    await scene.bring(api("orders"), api("payments"))
    scene.commit(api("orders", description="New"), api("payments", description="New"))
    scene.edit("payments", description="Edited")
    async with healing(scene) as (_, _, told):
        await until(lambda: len(told.of("left")) == 2, what=told.text)
        assert all("Git has moved on" in one["why"] for one in told.of("left"))
    assert scene.spec("orders")["description"] == "Takes money"
    assert scene.spec("payments")["description"] == "Edited"
    scene.settings = {"mode": "sync"}
    async with healing(scene) as (_, _, told):
        await until(lambda: scene.spec("orders")["description"] == "New", what=told.text)
        await until(lambda: scene.spec("payments")["description"] == "New", what=told.text)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"mode": "observe"}, ""),
        (
            {"mode": "heal", "windows": [{"kind": "deny", "cron": "* * * * *", "duration": "1d"}]},
            "a window denies heal until",
        ),
        (
            {
                "mode": "heal",
                "windows": [{"kind": "allow", "cron": "0 0 29 2 *", "duration": "1m", "covers": ["heal"]}],
            },
            "no window for heal is open before 2028-02-29 00:00 UTC",
        ),
    ],
)
async def test_where_nothing_may_be_done_nothing_is_written_and_it_says_why(
    scene: Healing, settings: dict[str, object], why: str
) -> None:
    scene.settings = {"mode": "heal"}
    await scene.bring(api("orders"))
    scene.settings = settings
    async with healing(scene) as (engine, healer, told):
        await until(lambda: engine.fleet.row(key("orders")))
        scene.edit("orders", description="Edited")
        revision = scene.cluster.revision
        await until(lambda: engine.fleet.row(key("orders")).cluster.verdict is Verdict.DRIFTED)
        await healer.once()
        assert [one["why"].startswith(why) for one in told.of("left")] == ([True] if why else [])
    assert scene.cluster.revision == revision, "no object, no ConfigMap, no status"


async def test_a_fight_is_contended_after_three_rewrites_named_and_left_alone(scene: Healing) -> None:
    await scene.bring(api("orders"), api("payments"))

    async def rewrite() -> None:
        while True:
            if scene.spec("orders")["description"] != "Mine":
                scene.edit("orders", "kubectl-cron", description="Mine")
            await asyncio.sleep(0.02)

    async with healing(scene, rim=hurried(8)) as (engine, _, told):
        other = asyncio.create_task(rewrite())
        await until(lambda: told.of("contended"), what=told.text)
        await until(lambda: engine.fleet.row(key("orders")).cluster.verdict is Verdict.CONTENDED)
        other.cancel()
        cause = engine.fleet.row(key("orders")).cluster.causes[0]
        assert cause.startswith("kubectl-cron wrote spec.description back 3 times within ten minutes")
        assert len(told.of("done")) == 2, "healed twice; the third rewrite was the end of it"
        scene.edit("payments", description="Edited")
        await until(lambda: scene.spec("payments")["description"] == "Takes money", what=told.text)
        assert scene.spec("orders")["description"] == "Mine"
        assert told.of("contended")[0]["manager"] == "kubectl-cron" and len(told.of("contended")) == 1
        scene.settings = {"mode": "heal"}
        scene.commit(api("orders", description="Mine"), api("payments"))
        await engine.refresh()
        await until(lambda: engine.fleet.row(key("orders")).cluster.verdict is Verdict.SYNCED)


async def test_fields_of_a_controller_are_left_to_it(scene: Healing) -> None:
    await scene.bring(api("orders"))
    async with healing(scene) as (engine, _, told):
        await until(lambda: engine.fleet.row(key("orders")))
        scene.edit("orders", "some-operator", description="Its own")
        await until(lambda: told.of("left"), what=told.text)
    assert told.of("left")[0]["why"] == "some-operator owns spec.description"
    assert scene.spec("orders")["description"] == "Its own"


async def test_what_is_refused_parks_until_its_spec_changes_and_others_are_healed(scene: Healing) -> None:
    await scene.bring(api("orders"), api("payments"))
    rights = scene.cluster.grants
    scene.cluster.grants = type(rights)()
    scene.cluster.grant("sre", READ_ALL, Rule(("*",), ("",), ("*",)))
    async with healing(scene, rim=hurried(20)) as (engine, _, told):
        await until(lambda: engine.fleet.row(key("orders")))
        scene.edit("orders", description="Edited")
        await until(lambda: told.of("refused"), what=told.text)
        assert "forbidden" in told.of("refused")[0]["why"] or "cannot" in told.of("refused")[0]["why"]
        scene.cluster.grants = rights
        scene.edit("payments", description="Edited")
        await until(lambda: scene.spec("payments")["description"] == "Takes money", what=told.text)
        assert scene.spec("orders")["description"] == "Edited" and len(told.of("refused")) == 1
        scene.edit("orders", description="Edited again")
        await until(lambda: scene.spec("orders")["description"] == "Takes money", what=told.text)


async def test_a_suspended_application_is_left_alone_and_says_who_suspended_it(scene: Healing) -> None:
    await scene.bring(api("orders"))
    await suspend(scene, Decision("ada", "migration", time.time(), time.time() + 3600))
    async with healing(scene) as (engine, _, told):
        await until(lambda: engine.fleet.row(key("orders")))
        scene.edit("orders", description="Edited")
        await until(lambda: told.of("left"), what=told.text)
    assert told.of("left")[0]["why"] == "ada suspended it: migration"
    assert scene.spec("orders")["description"] == "Edited"


async def test_what_argo_owns_is_argos(scene: Healing) -> None:
    await scene.bring(api("orders"))
    async with healing(scene) as (engine, _, told):
        await until(lambda: engine.fleet.row(key("orders")))
        have = scene.cluster.get(API, "pay", "orders")
        have["metadata"]["annotations"] = {
            "argocd.argoproj.io/tracking-id": "apis:gravitee.io/ApiV4Definition:pay/orders"
        }
        scene.cluster.update({**have, "spec": {**have["spec"], "description": "x"}}, manager="kubectl-edit")
        await until(lambda: told.of("left"), what=told.text)
    assert told.of("left")[0]["why"] == "argocd owns it and applies it: change Git"


async def test_a_proposal_is_kept_for_a_person_and_nothing_is_written(scene: Healing) -> None:
    await scene.bring(api("orders"))
    scene.settings = {"mode": "propose"}
    scene.commit(api("orders", description="New"))
    revision = scene.cluster.revision
    kept: list[tuple[str, Plan | None]] = []
    async with healing(scene, keep=lambda name, plan: kept.append((name, plan))) as (engine, _, told):
        await until(lambda: kept, what=told.text)
        ((name, plan),) = kept
        assert plan is not None and name == "apis" and [step.key for step in plan.runnable] == [key("orders")]
        assert [one.asks for one in plan.confirmations] == [Asks.APPROVAL]
        assert scene.cluster.revision == revision
        phrases = [one.phrase for one in plan.confirmations]
        carried = await engine.apply(plan_from_document(plan_to_document(plan)), Orders(typed=phrases))
        assert not carried.exit_code, carried.outcomes
    assert scene.spec("orders")["description"] == "New"


async def test_what_left_git_is_pruned_where_that_is_wanted_and_its_window_is_open(scene: Healing) -> None:
    names = ("orders", "payments", "refunds")
    scene.settings = {"mode": "sync", "prune": True}
    await scene.bring(*(api(name) for name in names))
    scene.commit(*(api(name) for name in names[:2]))
    closed = {"kind": "deny", "cron": "* * * * *", "duration": "1d", "covers": ["prune"]}
    scene.settings = {"mode": "sync", "prune": True, "windows": [closed]}
    async with healing(scene) as (_, _, told):
        await until(lambda: told.of("left"), what=told.text)
        assert told.of("left")[0]["why"].startswith("a window denies prune until")
    assert scene.cluster.get(API, "pay", "refunds") is not None
    scene.settings = {"mode": "sync", "prune": True}
    async with healing(scene) as (_, _, told):
        await until(lambda: scene.cluster.get(API, "pay", "refunds") is None, what=told.text)
        await until(lambda: told.of("done"), what=told.text)
    assert told.of("done")[0]["did"] == ["deleted"]
    assert sorted(scene.versions()) == ["orders", "payments"]


async def test_an_api_server_that_fails_for_a_while_is_tried_again_and_written_to_once(
    scene: Healing,
) -> None:
    await scene.bring(api("orders"), api("payments"))
    async with healing(scene) as (engine, _, told):
        await until(lambda: engine.fleet.row(key("orders")) and engine.fleet.row(key("payments")))
        scene.cluster.faults.fail_path, scene.cluster.faults.fail_status = "apiv4definitions/orders", 503
        scene.edit("orders", description="Edited")
        scene.edit("payments", description="Edited")
        await until(lambda: scene.spec("payments")["description"] == "Takes money", what=told.text)
        await until(lambda: len(told.of("failed")) >= 2, what=told.text)
        scene.cluster.faults.clear()
        await until(lambda: scene.spec("orders")["description"] == "Takes money", what=told.text)
    assert scene.cluster.get(API, "pay", "orders")["metadata"]["generation"] == 3


async def test_what_the_operator_writes_into_all_the_time_is_healed_all_the_same(scene: Healing) -> None:
    await scene.bring(api("orders"))

    async def operator() -> None:
        for number in range(10_000):
            scene.accept("pay", "orders", id=f"id-{number}")
            await asyncio.sleep(0.02)

    async with healing(scene) as (engine, _, told):
        await until(lambda: engine.fleet.row(key("orders")))
        busy = asyncio.create_task(operator())
        scene.edit("orders", description="Edited")
        await until(lambda: scene.spec("orders")["description"] == "Takes money", what=told.text)
        busy.cancel()
    found = scene.cluster.get(API, "pay", "orders")
    assert found["metadata"]["generation"] == 3 and found["status"]["id"].startswith("id-")


async def test_two_loops_at_once_heal_each_drift_once_and_do_not_fight(scene: Healing) -> None:
    names = [f"api-{number}" for number in range(6)]
    await scene.bring(*(api(name) for name in names))
    async with healing(scene) as (one, _, told), healing(scene) as (other, _, told_too):
        for engine in (one, other):
            await until(lambda engine=engine: all(engine.fleet.row(key(name)) for name in names))
        for name in names:
            scene.edit(name, description="Edited")
        await until(lambda: all(scene.spec(name)["description"] == "Takes money" for name in names))
        for engine in (one, other):
            await until(
                lambda engine=engine: all(
                    engine.fleet.row(key(name)).cluster.verdict is Verdict.SYNCED for name in names
                )
            )
    for name in names:
        found = scene.cluster.get(API, "pay", name)
        assert found["metadata"]["generation"] == 3, "made, edited, healed by one of the two"
    assert not told.of("contended") and not told_too.of("contended")


async def test_a_cluster_that_does_not_answer_holds_no_other_up_for_longer_than_its_time_limit(
    scene: Healing, tmp_path: Path
) -> None:
    far = SimCluster("us", crds=demo_crds(), clock=time.time)
    server = SimKubeServer(far)
    await server.start()
    try:
        await scene.bring(api("orders"))
        far.apply(api("orders"), manager="argocd-controller", force=True)
        file = kubeconfig(tmp_path / "us", server)
        scene.clusters = ({"name": "us", "kubeconfig": str(file), "request_timeout_s": 1},)
        far_away = {"name": "far", "source": "repo", "clusters": ["us"], "mode": "heal"}
        scene.applications = ({**far_away, "namespace": "pay"},)
        async with healing(scene) as (engine, _, told):
            await until(lambda: engine.fleet.row(key("orders")))
            far.faults.hang = True
            far.faults.drop_watches()
            began = time.monotonic()
            scene.edit("orders", description="Edited")
            await until(lambda: scene.spec("orders")["description"] == "Takes money", 15.0, told.text)
            assert time.monotonic() - began < 5.0
    finally:
        await server.stop()


async def suspend(scene: Healing, decision: Decision) -> None:
    """A person's word, as it stands in the shared state."""
    spec = next(one for one in scene.platform().clusters if one.name == CLUSTER)
    client = await open_cluster(spec, environ={})
    try:
        states = SharedStates(client, "pay")
        await states.update("apis", lambda state: replace(state, suspends={"*": decision}))
    finally:
        await client.aclose()


def kubeconfig(folder: Path, server: SimKubeServer) -> Path:
    """A kubeconfig for one more cluster."""
    entry = server.kubeconfig_entry()
    folder.mkdir()
    file = folder / "config"
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": entry["context"]["name"],
        "clusters": [entry["cluster"]],
        "users": [entry["user"]],
        "contexts": [entry["context"]],
    }
    file.write_text(yaml.safe_dump(document))
    return file
