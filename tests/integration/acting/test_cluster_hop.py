"""The engine's own plans on a served cluster: made, tried, carried out, noted; and nothing a second time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.engine.service import Engine
from reconciler.model.acting import Orders, PlanRequest
from reconciler.model.keys import ResourceKey
from reconciler.model.plan import plan_from_document, plan_to_document
from reconciler.model.steps import Did, Stage, Verb
from reconciler.model.verdicts import ExitCode, Place, Verdict
from reconciler.settings.model import Platform
from reconciler.simulator.kube.access import READ_ALL, Rule
from tests.fleet.repository import commit_files
from tests.integration.chain.scene import API, CLUSTER, Scene, api, key

CLUSTER_ONLY = PlanRequest(hops=frozenset({Place.CLUSTER}))


class Acting(Scene):
    """A scene whose application may create namespaces and prune."""

    prune = True
    mode = "observe"

    def platform(self) -> Platform:
        made = super().platform().model_dump(exclude={"path"})
        made["applications"][0].update(
            prune=self.prune, create_namespaces=True, namespace="pay", mode=self.mode
        )
        return Platform.model_validate(made)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Acting]:
    made = Acting(tmp_path, gateways=False)
    await made.start()
    yield made
    await made.stop()


async def observed(scene: Scene) -> Engine:
    engine = scene.engine()
    await engine.observe_once()
    return engine


async def applied(scene: Scene, request: PlanRequest = CLUSTER_ONLY, *, typed: bool = True) -> Any:
    engine = await observed(scene)
    try:
        plan = await engine.plan(request)
        words = [one.phrase for one in plan.confirmations] if typed else []
        return await engine.apply(plan, Orders(typed=words))
    finally:
        await engine.aclose()


def dids(carried: Any) -> list[str]:
    return [outcome.did.value for outcome in carried.outcomes]


async def test_what_git_defines_is_created_and_the_second_plan_is_empty(scene: Acting) -> None:
    scene.commit(api("orders"), api("payments"))
    first = await applied(scene)
    assert dids(first) == ["created", "created", "created"], first.outcomes
    assert first.exit_code is ExitCode.IN_SYNC
    versions = {
        name: scene.cluster.get(API, "pay", name)["metadata"]["resourceVersion"]
        for name in ("orders", "payments")
    }
    engine = await observed(scene)
    second = await engine.plan(CLUSTER_ONLY)
    assert second.steps == ()
    assert engine.fleet.row(key("orders")).cluster.verdict is Verdict.SYNCED
    await engine.apply(second, Orders())
    await engine.aclose()
    assert versions == {
        name: scene.cluster.get(API, "pay", name)["metadata"]["resourceVersion"]
        for name in ("orders", "payments")
    }


async def test_a_secret_beside_the_resources_is_applied_first_and_shown_by_nobody(scene: Acting) -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "login", "namespace": "pay"},
        "stringData": {"password": "hunter2-very-secret"},
    }
    scene.commit(secret, api("orders"))
    first = await applied(scene)
    assert [step.key.kind for step in first.plan.steps] == ["Namespace", "Secret", API]
    assert dids(first) == ["created"] * 3
    secret["stringData"]["password"] = "another-very-secret"
    scene.commit(secret, api("orders"))
    second = await applied(scene)
    assert [(step.verb, step.key.kind) for step in second.plan.runnable] == [(Verb.UPDATE, "Secret")]
    assert dids(second) == ["configured"]
    document = plan_to_document(second.plan).decode()
    assert "very-secret" not in document and "hunter2" not in document
    assert [change.path for change in second.plan.runnable[0].changes] == [("data", "password")]


async def test_what_left_git_is_pruned_only_from_the_inventory_and_confirmed(scene: Acting) -> None:
    scene.commit(api("orders"), api("payments"))
    await applied(scene)
    scene.commit(api("payments"))
    kept = await applied(scene, typed=False)
    assert dids(kept) == ["skipped"] and kept.exit_code is ExitCode.BLOCKED
    gone = await applied(scene)
    assert [step.key.name for step in gone.plan.runnable] == ["orders"]
    assert dids(gone) == ["deleted"]
    assert scene.cluster.get(API, "pay", "orders") is None
    assert scene.cluster.get(API, "pay", "payments") is not None


async def test_a_stranger_is_never_pruned(scene: Acting) -> None:
    scene.commit(api("orders"))
    await applied(scene)
    scene.cluster.apply(api("theirs"), manager="kubectl", force=True)
    carried = await applied(scene)
    assert carried.plan.runnable == ()


async def test_a_plan_file_is_applied_by_another_process_and_refused_once_git_moved(scene: Acting) -> None:
    scene.commit(api("orders"), api("payments"))
    await applied(scene)
    scene.commit(api("orders", description="new"), api("payments", description="new"))
    engine = await observed(scene)
    document = plan_to_document(await engine.plan(CLUSTER_ONLY))
    await engine.aclose()
    scene.commit(api("orders", description="new"), api("payments", description="newer"))
    other = await observed(scene)
    carried = await other.apply(plan_from_document(document), Orders())
    await other.aclose()
    by_name = {o.step.rpartition("/")[2]: o for o in carried.outcomes}
    assert by_name["orders"].did is Did.CONFIGURED
    assert by_name["payments"].did is Did.FAILED
    assert "make a new plan" in by_name["payments"].next_step
    assert carried.exit_code is ExitCode.ERROR


async def test_a_plan_is_the_same_whoever_asks(scene: Acting) -> None:
    scene.commit(api("orders"), api("payments"))
    one, other = await observed(scene), await observed(scene)
    try:
        assert (await one.plan(CLUSTER_ONLY)).id == (await other.plan(CLUSTER_ONLY)).id
    finally:
        await one.aclose()
        await other.aclose()


async def test_without_the_right_to_its_state_an_application_is_applied_and_told_so(scene: Acting) -> None:
    scene.cluster.grants = type(scene.cluster.grants)()
    scene.cluster.grant("sre", READ_ALL, Rule(("*",), ("gravitee.io",), ("*",)))
    scene.cluster.grant(
        "sre", Rule(("create",), ("",), ("namespaces",)), Rule(("patch",), ("",), ("namespaces",))
    )
    scene.commit(api("orders"))
    carried = await applied(scene)
    assert dids(carried) == ["created", "created"]
    assert "configmaps" in carried.notes[0] and "will not be pruned" in carried.notes[0]


async def test_two_files_of_one_resource_block_it_and_others_go_on(scene: Acting) -> None:
    twice = api("orders")
    commit_files(
        scene.folder / "repo",
        {
            "a.yaml": yaml.safe_dump(twice),
            "b.yaml": yaml.safe_dump(twice),
            "c.yaml": yaml.safe_dump(api("payments")),
        },
        at=1_700_000_000,
    )
    carried = await applied(scene)
    words = {str(step.key.name): step.word for step in carried.plan.steps}
    assert words["orders"] == "blocked" and words["payments"] == "create"
    assert carried.exit_code is ExitCode.BLOCKED
    assert scene.cluster.get(API, "pay", "payments") is not None


def test_the_key_of_the_scene() -> None:
    assert key("x") == ResourceKey(CLUSTER, API, "pay", "x")


async def test_an_object_with_our_mark_that_no_inventory_has_is_noted(scene: Acting) -> None:
    scene.commit(api("orders"))
    await applied(scene)
    forget_inventories(scene)
    carried = await applied(scene)
    assert [(step.stage, step.verb) for step in carried.plan.steps] == [(Stage.SHARED_STATE, Verb.UPDATE)]
    assert dids(carried) == ["configured"]
    scene.commit(api("payments"))
    pruned = await applied(scene)
    assert "cluster/delete/eu:ApiV4Definition/pay/orders" in {step.id for step in pruned.plan.steps}


async def test_an_entry_whose_object_is_gone_leaves_the_inventory(scene: Acting) -> None:
    scene.commit(api("orders"), api("payments"))
    await applied(scene)
    scene.cluster.delete(API, "pay", "orders")
    scene.commit(api("payments"))
    carried = await applied(scene)
    assert [(step.key.name, step.verb) for step in carried.plan.steps] == [("orders", Verb.REMOVE)]
    assert dids(carried) == ["configured"]
    assert (await applied(scene)).plan.steps == ()


async def test_a_secret_that_left_git_is_pruned_with_its_application(scene: Acting) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "pay"}}
    scene.commit({**secret, "stringData": {"a": "b"}}, api("orders"))
    await applied(scene)
    scene.commit(api("orders"))
    carried = await applied(scene)
    assert [(step.key.kind, step.verb) for step in carried.plan.steps] == [("Secret", Verb.DELETE)]
    assert dids(carried) == ["deleted"]


def forget_inventories(scene: Acting) -> None:
    for namespace, name in scene.cluster.names("ConfigMap"):
        if namespace == "pay":
            scene.cluster.delete("ConfigMap", namespace, name)
