"""Plans made and carried out against either API server: after the first, the second has nothing to do."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.cluster.addresses import Address, address_of
from reconciler.cluster.applying import ObjectWriter
from reconciler.cluster.client import KubeClient
from reconciler.cluster.discovery import Discovered, Discovery
from reconciler.cluster.shared_document import Entry, SharedState
from reconciler.engine.planning.carrying_out import Rules, carry_out
from reconciler.engine.planning.cluster import plan_cluster
from reconciler.engine.planning.gathering import compared, found_from
from reconciler.engine.planning.manifests import to_apply
from reconciler.engine.planning.subjects import (
    ApplicationFacts,
    ClusterFacts,
    Intent,
    Situation,
    Subject,
    Wanted,
)
from reconciler.engine.planning.trying import tried
from reconciler.model.keys import GROUP, ResourceKey
from reconciler.model.plan import Plan
from reconciler.model.steps import Content, Outcome, Step, Verb
from reconciler.rules.schema import Schema
from reconciler.settings.model import PEOPLE_MANAGERS
from tests.contract.conftest import Peer, until
from tests.contract.widgets import CRD_PATH
from tests.contract.writers import kube

__all__ = ["kube"]

KEY = b"k" * 32
NO_SCHEMA = Schema({})
LEFT_OUT = {"KafkaRoute", "GatewayClassParameters"}
"""Kinds for Gateway API, which is read and not applied."""


@dataclass
class World:
    """One cluster and what Git wants on it."""

    client: KubeClient
    discovered: Discovered
    wanted: dict[ResourceKey, Mapping[str, Any]] = field(default_factory=dict)
    applied: dict[ResourceKey, Entry] = field(default_factory=dict)
    schemas: dict[str, Schema] = field(default_factory=dict)

    def writer(self, cluster: str) -> ObjectWriter:
        return ObjectWriter(self.client, PEOPLE_MANAGERS)

    def address(self, key: ResourceKey) -> Address | None:
        return address_of(key, self.discovered.kinds)

    def schema(self, kind: str) -> Schema:
        found = self.discovered.schemas.get(kind)
        if found is None:
            return NO_SCHEMA
        if kind not in self.schemas:
            self.schemas[kind] = Schema(found)
        return self.schemas[kind]

    async def configuration(self, step: Step) -> Mapping[str, Any]:
        if step.key.kind == "Namespace":
            return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": step.key.name}}
        return to_apply(self.wanted[step.key], step.key, "demo", self.schema(step.key.kind))

    async def subject(self, key: ResourceKey) -> Subject:
        body = self.wanted.get(key)
        address = self.address(key)
        assert address is not None
        found = await self.writer("").read(address)
        wanted = None
        if body is not None:
            content = Content("git", "a" * 40, "x.yaml", "b" * 40)
            wanted = Wanted("demo", body["apiVersion"], content, body, ("x.yaml:1",))
        return compared(
            key,
            wanted,
            found_from(found) if found is not None else None,
            self.schema(key.kind),
            digest_key=KEY,
        )

    async def plan(self, **intent: Any) -> Plan:
        intent.setdefault("subscriptions", lambda key, access_plan: 0)
        subjects = [await self.subject(key) for key in sorted({*self.wanted, *self.applied})]
        names = {key.namespace for key in self.wanted}
        namespaces = {name: True for name in names if await self._exists(name)}
        facts = ClusterFacts(
            "contract",
            served={one.kind: self.schema(one.kind) for one in self.discovered.kinds},
            namespaces=namespaces,
            creates=frozenset(names),
        )
        application = ApplicationFacts(
            "demo",
            "sync",
            prune=True,
            complete=True,
            rendered=len(self.wanted),
            states={"contract": SharedState("demo", self.applied)},
        )
        known = Intent(people=PEOPLE_MANAGERS, **intent)
        return plan_cluster(Situation(tuple(subjects), {"contract": facts}, {"demo": application}, known))

    async def _exists(self, namespace: str) -> bool:
        found = await self.writer("").read(Address("v1", "Namespace", "namespaces", "", namespace))
        return found is not None

    async def carry_out(self, plan: Plan, **more: Any) -> dict[str, list[Outcome]]:
        more.setdefault("typed", [one.phrase for one in plan.confirmations])
        by_word: dict[str, list[Outcome]] = {}
        for outcome in await carry_out(plan, self, Rules(wait_s=5, **more)):
            by_word.setdefault(outcome.did.value, []).append(outcome)
        return by_word

    async def sync(self) -> dict[str, list[Outcome]]:
        made = await self.plan()
        outcomes = await self.carry_out(made)
        for step in made.steps:
            found = await self.subject(step.key) if step.verb is Verb.CREATE and step.key.namespace else None
            if found is not None and found.found is not None:
                self.applied[step.key] = Entry(found.found.uid)
        return outcomes


@pytest.fixture
async def world(kube: KubeClient, peer: Peer, gravitee_crds: Path) -> AsyncIterator[World]:
    """Give a cluster that serves Gravitee's kinds."""
    for path in sorted(gravitee_crds.glob("*.y*ml")):
        crd = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
        answer = peer.client.post(CRD_PATH, json=crd)
        assert answer.status_code in (201, 409), answer.text
        plural = crd["spec"]["names"]["plural"]
        until(lambda plural=plural: peer.client.get(f"/apis/{GROUP}/v1alpha1/{plural}").is_success)
    until(lambda: len(peer.client.get(f"/apis/{GROUP}/v1alpha1").json().get("resources", ())) >= 15)
    yield World(kube, await Discovery().read(kube))


def api(name: str, namespace: str, **spec: Any) -> tuple[ResourceKey, dict[str, Any]]:
    key = ResourceKey("contract", "ApiV4Definition", namespace, name)
    made = {
        "name": name,
        "version": "1",
        "type": "PROXY",
        "listeners": [
            {"type": "HTTP", "paths": [{"path": f"/{name}"}], "entrypoints": [{"type": "http-proxy"}]}
        ],
        "endpointGroups": [{"name": "g", "type": "http-proxy"}],
        "plans": {"gold": {"name": "Gold", "security": {"type": "API_KEY"}}},
        **spec,
    }
    return key, {
        "apiVersion": f"{GROUP}/v1alpha1",
        "kind": "ApiV4Definition",
        "metadata": {"name": name},
        "spec": made,
    }


def fresh() -> str:
    return f"plan-{uuid.uuid4().hex[:8]}"


def versions(peer: Peer, keys: Any, world: World) -> dict[ResourceKey, str]:
    out = {}
    for key in keys:
        address = world.address(key)
        assert address is not None
        out[key] = peer.client.get(address.path).json()["metadata"]["resourceVersion"]
    return out


@pytest.mark.slow
async def test_every_example_is_applied_in_order_and_the_second_plan_has_nothing_to_write(
    world: World, peer: Peer, shared_data: Path
) -> None:
    """The bar of a first sync: one application per leaf folder, each with a namespace of its own."""
    run = uuid.uuid4().hex[:6]
    folders = sorted({path.parent for path in (shared_data / "examples").rglob("*.y*ml")})
    for number, folder in enumerate(folders):
        for path in sorted(folder.glob("*.y*ml")):
            for body in yaml.load_all(path.read_text(), Loader=yaml.CSafeLoader):
                if not isinstance(body, dict) or body.get("kind") in LEFT_OUT:
                    continue
                ours = str(body.get("apiVersion", "")).startswith(GROUP)
                if not ours and body.get("kind") not in ("Secret", "ConfigMap"):
                    continue
                namespace = f"ex-{run}-{number}"
                key = ResourceKey("contract", body["kind"], namespace, body["metadata"]["name"])
                world.wanted.setdefault(key, body)
    first = await world.plan()
    assert {step.verb for step in first.runnable} == {Verb.CREATE}
    outcomes = await world.carry_out(first)
    refused = outcomes.get("failed", [])
    for outcome in refused:  # what the CRD itself refuses is no valid example
        assert "is invalid" in outcome.message or "field not declared" in outcome.message, outcome
    assert len(refused) <= 1, refused
    assert len(outcomes["created"]) > 100
    bad = {outcome.step.rpartition("/create/")[2] for outcome in refused}
    valid = {key: body for key, body in world.wanted.items() if str(key) not in bad}
    world.wanted = valid
    before = versions(peer, valid, world)
    second = await world.plan()
    assert [step for step in second.steps if step.verb.writes] == []
    await world.carry_out(second)
    assert versions(peer, valid, world) == before


async def test_drift_is_healed_with_one_write_for_each_place(world: World, peer: Peer) -> None:
    namespace = fresh()
    key, body = api("orders", namespace)
    world.wanted[key] = body
    assert (await world.sync())["created"]
    address = world.address(key)
    assert address is not None

    def edit(spec: Any) -> None:
        answer = peer.client.patch(
            address.path,
            json={"spec": spec},
            params={"fieldManager": "kubectl-edit"},
            headers={"Content-Type": "application/merge-patch+json"},
        )
        assert answer.is_success, answer.text

    edit({"version": "2"})
    generation = peer.client.get(address.path).json()["metadata"]["generation"]
    changed = await world.plan()
    assert [step.verb for step in changed.steps] == [Verb.UPDATE]
    assert [one.phrase for one in changed.confirmations] == ["take 1"]
    assert list(await world.carry_out(changed, typed=[])) == ["skipped"]
    assert list(await world.carry_out(changed)) == ["configured"]

    edit({"plans": {"free": {"name": "Free", "security": {"type": "KEY_LESS"}}}})
    added = await world.plan()
    assert [step.verb for step in added.steps] == [Verb.REMOVE]
    assert list(await world.carry_out(added)) == ["configured"]
    now = peer.client.get(address.path).json()
    assert (now["spec"]["version"], set(now["spec"]["plans"])) == ("1", {"gold"})
    assert now["metadata"]["generation"] == generation + 3
    assert (await world.plan()).steps == ()


async def test_a_field_with_two_owners_is_taken_by_the_loop_and_shown_to_a_person(
    world: World, peer: Peer
) -> None:
    """Book-keeping names one writer of a leaf; the server knows both."""
    namespace = fresh()
    key, body = api("orders", namespace)
    world.wanted[key] = body
    await world.sync()
    address = world.address(key)
    assert address is not None
    for manager in ("kubectl-edit", "k9s"):
        minimal = {**body, "spec": {**body["spec"], "version": "2"}}
        answer = peer.client.patch(
            address.path,
            json=minimal,
            params={"fieldManager": manager, "force": "true"},
            headers={"Content-Type": "application/apply-patch+yaml"},
        )
        assert answer.is_success, answer.text
    made = await world.plan()
    (step,) = made.steps
    assert len({one.manager for one in step.takes}) == 1
    by_person = await world.carry_out(made)
    assert {one.manager for one in by_person["failed"][0].owners} == {"kubectl-edit", "k9s"}
    told = tried(made, await carry_out(made, world, Rules(dry_run=True)))
    assert {one.manager for one in told.steps[0].takes} == {"kubectl-edit", "k9s"}
    assert list(await world.carry_out(made, take_from_people=True)) == ["configured"]
    assert (await world.plan()).steps == ()


async def test_what_kubectl_applied_is_taken_over_and_what_git_dropped_goes(world: World, peer: Peer) -> None:
    namespace = fresh()
    peer.client.post(
        "/api/v1/namespaces", json={"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    )
    key, body = api("orders", namespace, description="old")
    address = world.address(key)
    assert address is not None
    made = peer.client.post(
        address.collection, json=body, params={"fieldManager": "kubectl-client-side-apply"}
    )
    assert made.is_success, made.text
    world.wanted[key] = api("orders", namespace, version="2")[1]
    plan = await world.plan()
    assert [step.verb for step in plan.steps] == [Verb.MIGRATE_OWNERS, Verb.UPDATE]
    assert plan.confirmations == ()
    tried = await world.carry_out(plan, dry_run=True)
    assert "failed" not in tried, tried
    assert "description" in peer.client.get(address.path).json()["spec"]
    assert list(await world.carry_out(plan)) == ["configured"]
    spec = peer.client.get(address.path).json()["spec"]
    assert (spec["version"], "description" in spec) == ("2", False)
    assert (await world.plan()).steps == ()


async def test_a_plan_that_is_stale_stops_at_the_branch_that_moved(world: World, peer: Peer) -> None:
    namespace = fresh()
    for name in ("one", "two"):
        key, body = api(name, namespace)
        world.wanted[key] = body
    await world.sync()
    for key in list(world.wanted):
        world.wanted[key] = api(key.name, namespace, version="2")[1]
    stale = await world.plan()
    moved = ResourceKey("contract", "ApiV4Definition", namespace, "one")
    address = world.address(moved)
    assert address is not None
    peer.client.patch(
        address.path,
        json={"spec": {"description": "by hand"}},
        params={"fieldManager": "kubectl-edit"},
        headers={"Content-Type": "application/merge-patch+json"},
    )
    outcomes = await world.carry_out(stale)
    (failed,) = outcomes["failed"]
    assert "one was changed: generation 1 became 2" in failed.message
    assert failed.next_step == "make a new plan"
    assert len(outcomes["configured"]) == 1


async def test_what_git_dropped_is_pruned_and_seen_gone(world: World, peer: Peer) -> None:
    namespace = fresh()
    for name in ("kept", "gone"):
        key, body = api(name, namespace)
        world.wanted[key] = body
    await world.sync()
    gone = ResourceKey("contract", "ApiV4Definition", namespace, "gone")
    address = world.address(gone)
    assert address is not None
    del world.wanted[gone]
    plan = await world.plan()
    assert [(step.word, step.key.name) for step in plan.steps] == [("delete", "gone")]
    assert list(await world.carry_out(plan, typed=[])) == ["skipped"]
    assert peer.client.get(address.path).is_success
    assert list(await world.carry_out(plan)) == ["deleted"]
    assert peer.client.get(address.path).status_code == 404


async def test_a_stop_between_steps_leaves_the_rest_undone_and_says_so(world: World) -> None:
    namespace = fresh()
    for name in ("one", "two"):
        key, body = api(name, namespace)
        world.wanted[key] = body
    done: list[Step] = []

    async def told(step: Step, outcome: Outcome) -> None:
        done.append(step)

    outcomes = await world.carry_out(await world.plan(), told=told, stopped=lambda: bool(done))
    assert len(outcomes["created"]) == 1, "the namespace"
    assert {one.message for one in outcomes["skipped"]} == {"it was stopped before this step"}


async def test_what_can_change_no_more_is_deleted_and_made_anew(world: World, peer: Peer) -> None:
    namespace = fresh()
    key, body = api("orders", namespace)
    world.wanted[key] = body
    await world.sync()
    uid = world.applied[key].uid
    world.wanted[key] = api("orders", namespace, type="MESSAGE")[1]
    plan = await world.plan()
    assert [step.verb for step in plan.steps] == [Verb.REPLACE]
    assert list(await world.carry_out(plan)) == ["created"]
    again = await world.subject(key)
    assert again.found is not None and again.found.uid != uid
    assert again.judgement is None
