"""Filling a simulated cluster from Python: explicit managers, explicit times, the same result each time."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from reconciler.simulator.kube import Refusal, SimCluster
from tests.contract.widgets import definition, widget

NOON = 1_767_268_800.0  # 2026-01-01T12:00:00Z


@pytest.fixture
def cluster() -> SimCluster:
    return SimCluster("paris", crds=[definition()], clock=lambda: NOON)


def written(cluster: SimCluster, name: str) -> list[tuple[str, str, str]]:
    """Return (manager, operation, time) of an object's owners."""
    body = cluster.get("Widget", "team-a", name)
    assert body is not None
    return [(e["manager"], e["operation"], e["time"]) for e in body["metadata"]["managedFields"]]


def red(name: str, **spec: Any) -> dict[str, Any]:
    return widget(name, {"colour": "red", **spec}, namespace="team-a")


def test_writes_happen_when_and_by_whom_they_say(cluster: SimCluster) -> None:
    made = cluster.apply(red("one", size=4), manager="argocd-controller", at=NOON - 7200)
    cluster.merge_patch(
        "Widget", "team-a", "one", {"spec": {"size": 5}}, manager="kubectl-edit", at=NOON - 60
    )
    status = {"status": {"phase": "ok"}}
    cluster.merge_patch("Widget", "team-a", "one", status, manager="operator", subresource="status")
    assert made["metadata"]["creationTimestamp"] == "2026-01-01T10:00:00Z"
    assert written(cluster, "one") == [
        ("argocd-controller", "Apply", "2026-01-01T10:00:00Z"),
        ("kubectl-edit", "Update", "2026-01-01T11:59:00Z"),
        ("operator", "Update", "2026-01-01T12:00:00Z"),
    ]


def test_the_same_calls_make_the_same_objects() -> None:
    first, second = (
        SimCluster("paris", crds=[definition()], clock=lambda: NOON).apply(red("one"), manager="ci", at=NOON)
        for _ in range(2)
    )
    other = SimCluster("oslo", crds=[definition()], clock=lambda: NOON).apply(
        red("one"), manager="ci", at=NOON
    )
    assert first == second
    assert first["metadata"]["uid"] != other["metadata"]["uid"]


def test_what_is_returned_belongs_to_the_caller(cluster: SimCluster) -> None:
    made = cluster.create(red("one"), manager="ci")
    made["spec"]["colour"] = "blue"
    held = cluster.get("Widget", "team-a", "one")
    assert held is not None
    assert held["spec"]["colour"] == "red"


def test_an_update_without_a_version_replaces_what_is_there(cluster: SimCluster) -> None:
    cluster.create(red("one"), manager="ci")
    assert cluster.update(red("one", size=7), manager="ci")["metadata"]["generation"] == 2
    stale = red("one", size=8)
    stale["metadata"]["resourceVersion"] = "2"
    with pytest.raises(Refusal, match="the object has been modified"):
        cluster.update(stale, manager="ci")


def test_a_json_patch_may_fail_its_test(cluster: SimCluster) -> None:
    cluster.create(red("one"), manager="ci")
    steps = [{"op": "test", "path": "/spec/size", "value": 9}, {"op": "remove", "path": "/spec/size"}]
    with pytest.raises(Refusal) as refused:
        cluster.json_patch("Widget", "team-a", "one", steps, manager="ci")
    assert refused.value.code == 422


def test_a_finalizer_holds_what_is_deleted(cluster: SimCluster) -> None:
    body = red("one")
    body["metadata"]["finalizers"] = ["example.dev/hold"]
    cluster.create(body, manager="ci")
    assert cluster.delete("Widget", "team-a", "one") is False
    free = {"metadata": {"finalizers": None}}
    cluster.merge_patch("Widget", "team-a", "one", free, manager="operator")
    assert cluster.get("Widget", "team-a", "one") is None


def test_an_invalid_object_is_refused_as_over_http(cluster: SimCluster) -> None:
    with pytest.raises(Refusal, match=r'spec\.colour: Unsupported value: "pink"'):
        cluster.create(widget("one", {"colour": "pink"}), manager="ci")
    with pytest.raises(LookupError, match="no kind Gadget"):
        cluster.create({**widget("one"), "kind": "Gadget"}, manager="ci")


def test_rules_that_are_not_evaluated_are_named() -> None:
    crd = definition()
    spec = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    spec["x-kubernetes-validations"] = [{"rule": "has(self.size)"}]
    cluster = SimCluster("paris", crds=[crd], clock=lambda: NOON)
    assert cluster.unevaluated_rules == {"widgets.contract.example.dev": (".spec",)}


def test_bodies_that_cooled_down_are_read_again(cluster: SimCluster) -> None:
    """Given more objects than bodies are kept of, each can still be patched and read."""
    for number in range(1_100):
        cluster.create(red(f"w{number}", labels={"n": str(number)}), manager="ci")
    patched = cluster.merge_patch("Widget", "team-a", "w0", {"spec": {"size": 5}}, manager="kubectl-edit")
    assert patched["spec"] == {"colour": "red", "size": 5, "on": True, "labels": {"n": "0"}}
    assert cluster.names("Widget")[0] == ("team-a", "w0")


def test_several_threads_may_write_at_once(cluster: SimCluster) -> None:
    def write(who: int) -> None:
        for number in range(50):
            cluster.create(red(f"w{who}-{number}"), manager=f"m{who}")

    threads = [threading.Thread(target=write, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    table = cluster.store.tables["widgets.contract.example.dev"]
    revisions = [stored.revision for stored in table.objects.values()]
    assert len(set(revisions)) == 200
    assert table.order == sorted(table.objects)
