"""The shared state against either API server: preconditions, splitting, rights, what is not ours."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.cluster.client import KubeClient
from reconciler.cluster.shared_document import (
    Decision,
    Entry,
    SharedState,
    SharedStateError,
    from_data,
    to_data,
)
from reconciler.cluster.shared_state import HeldState, SharedStates, StateMoved, part_name
from reconciler.model.keys import ResourceKey
from tests.contract.conftest import Peer
from tests.contract.writers import guest_kube, kube

__all__ = ["guest_kube", "kube"]

PIN = Decision("ana", "the fire is hot", 1_700_000_000.0, 1_700_086_400.0, revision="a" * 40)


def key(name: str) -> ResourceKey:
    return ResourceKey("contract", "ApiV4Definition", "shop", name)


def entries(*names: str) -> dict[ResourceKey, Entry]:
    return {key(name): Entry(f"uid-{name}", "b" * 40) for name in names}


@pytest.fixture
def states(kube: KubeClient, namespace: str) -> SharedStates:
    return SharedStates(kube, namespace)


def config_maps(peer: Peer, namespace: str) -> dict[str, Any]:
    items = peer.client.get(f"/api/v1/namespaces/{namespace}/configmaps").json()["items"]
    return {
        item["metadata"]["name"]: item for item in items if item["metadata"]["name"].startswith("gko-tui")
    }


async def test_without_a_state_there_is_an_empty_one_and_nothing_is_written(
    states: SharedStates, peer: Peer, namespace: str
) -> None:
    held = await states.read("shop")
    assert held.state == SharedState("shop")
    assert config_maps(peer, namespace) == {}


async def test_what_one_engine_decides_another_reads(
    states: SharedStates, kube: KubeClient, namespace: str
) -> None:
    state = SharedState("shop", entries("a", "b"), "c" * 40, pins={"*": PIN}, approvals={"p-1": PIN})
    await states.write(await states.read("shop"), state)
    other = SharedStates(kube, namespace)
    assert (await other.read("shop")).state == state


async def test_of_two_that_decide_at_once_one_is_told_to_look_again(states: SharedStates) -> None:
    for first in (True, False):  # creating and changing alike
        held = await states.read("shop")
        await states.write(held, held.state.applied(entries(f"mine-{first}")))
        with pytest.raises(StateMoved) as told:
            await states.write(held, held.state.applied(entries(f"theirs-{first}")))
        assert told.value.next_step
    assert set((await states.read("shop")).state.inventory) == {key("mine-True"), key("mine-False")}


async def test_an_update_decides_again_on_what_another_engine_left(states: SharedStates) -> None:
    """Given two engines that note an object each, when they meet, neither entry is lost."""
    await states.update("shop", lambda state: state.applied(entries("first")))
    seen: list[SharedState] = []

    class Racing(SharedStates):
        async def read(self, application: str) -> HeldState:
            held = await super().read(application)
            if not seen:
                await states.update(application, lambda state: state.applied(entries("theirs")))
            seen.append(held.state)
            return held

    racing = Racing(states._client, states._namespace)
    made = await racing.update("shop", lambda state: state.applied(entries("mine")))
    assert len(seen) == 2
    assert set(made.inventory) == {key("first"), key("theirs"), key("mine")}
    assert (await states.read("shop")).state == made


async def test_a_state_that_does_not_change_is_not_written(
    states: SharedStates, peer: Peer, namespace: str
) -> None:
    await states.update("shop", lambda state: state.applied(entries("a")))
    before = config_maps(peer, namespace)
    await states.update("shop", lambda state: state.applied(entries("a")))
    assert config_maps(peer, namespace) == before


async def test_it_splits_before_a_config_map_is_full_and_writes_only_what_changes(
    kube: KubeClient, peer: Peer, namespace: str
) -> None:
    states = SharedStates(kube, namespace, max_bytes=1_500)
    many = entries(*(f"api-{at:03}" for at in range(40)))
    await states.update("shop", lambda state: replace(state.applied(many), pins={"*": PIN}))
    before = config_maps(peer, namespace)
    assert len(before) >= 3
    assert all(len(one["data"]["state.json"]) <= 1_500 for one in before.values())
    read = (await states.read("shop")).state
    assert read.inventory == many and read.pins == {"*": PIN}

    await states.update("shop", lambda state: state.without_gone([key("api-039")]))
    after = config_maps(peer, namespace)
    changed = [name for name in after if after[name] != before[name]]
    assert len(changed) == 1
    assert set((await states.read("shop")).state.inventory) == set(many) - {key("api-039")}

    await states.update("shop", lambda state: state.applied(entries("new")))
    assert len(config_maps(peer, namespace)) == len(after), "there is room in an earlier part"


async def test_a_part_that_somebody_deleted_does_not_hide_the_others(
    kube: KubeClient, peer: Peer, namespace: str
) -> None:
    states = SharedStates(kube, namespace, max_bytes=1_500)
    many = entries(*(f"api-{at:03}" for at in range(40)))
    await states.update("shop", lambda state: state.applied(many))
    peer.client.delete(f"/api/v1/namespaces/{namespace}/configmaps/{part_name('shop', 1)}")
    left = (await states.read("shop")).state.inventory
    assert 0 < len(left) < 40
    await states.update("shop", lambda state: state.applied(many))
    assert (await states.read("shop")).state.inventory == many


async def test_without_the_right_to_write_pins_are_refused_with_that_reason(
    guest_kube: KubeClient, peer: Peer, namespace: str
) -> None:
    peer.grant([{"verbs": ["get"], "apiGroups": [""], "resources": ["configmaps"]}], namespace)
    states = SharedStates(guest_kube, namespace)
    told = await states.refusal()
    assert told == f"the right to create and update configmaps in namespace {namespace} is missing"
    with pytest.raises(SharedStateError, match="cannot create resource") as refused:
        await states.update("shop", lambda state: replace(state, pins={"*": PIN}))
    assert f"configmaps in namespace {namespace}" in refused.value.next_step
    rights = [{"verbs": ["get", "create", "update"], "apiGroups": [""], "resources": ["configmaps"]}]
    peer.grant(rights, namespace)
    assert await states.refusal() == ""


async def test_what_is_not_ours_is_never_overwritten(
    states: SharedStates, peer: Peer, namespace: str
) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"mine": "x"}}
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    peer.client.post(path, json={**body, "metadata": {"name": part_name("shop", 0)}})
    with pytest.raises(SharedStateError, match="holds no state") as told:
        await states.update("shop", lambda state: state.applied(entries("a")))
    assert told.value.next_step
    assert config_maps(peer, namespace)[part_name("shop", 0)]["data"] == {"mine": "x"}


async def test_a_namespace_that_is_missing_is_named(kube: KubeClient) -> None:
    with pytest.raises(SharedStateError, match="contract-nowhere"):
        await SharedStates(kube, "contract-nowhere").update("shop", lambda state: state.applied(entries("a")))


def test_the_document_survives_and_others_are_refused() -> None:
    state = SharedState("shop", entries("a"), "r", {"*": PIN}, {"q": PIN}, {"*": PIN}, {"p": PIN})
    data = to_data(state)
    assert from_data(data, "contract", subject="x") == state
    with pytest.raises(SharedStateError, match="newer version"):
        from_data({**data, "format": 2}, "contract", subject="x")
    for broken in (None, [], {}, {**data, "inventory": [[1]]}, {**data, "pins": {"*": {"at": 1}}}):
        with pytest.raises(SharedStateError, match="not shaped"):
            from_data(broken, "contract", subject="x")
