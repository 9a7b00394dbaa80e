"""What is kept of an object: its identity, who wrote it last, who owns it, and its body in few bytes."""

from __future__ import annotations

import tracemalloc
from typing import Any

import orjson
import pytest

from reconciler.cluster.objects import QUICK, SMALL, pack
from reconciler.cluster.trace import last_spec_write, owner_of
from reconciler.model.keys import ResourceKey
from tests.unit.cluster.fake_api import api


def managed(
    manager: str, time: str | None, *, fields: str = "f:spec", subresource: str = ""
) -> dict[str, Any]:
    entry: dict[str, Any] = {"manager": manager, "operation": "Update", "fieldsV1": {fields: {"f:name": {}}}}
    if time:
        entry["time"] = time
    if subresource:
        entry["subresource"] = subresource
    return entry


@pytest.mark.parametrize("level", [SMALL, QUICK])
def test_packing_keeps_the_whole_body(level: int) -> None:
    item = api("orders", status={"conditions": []}, spec={"näme": "x", "big": 2**60, "none": None})
    item["metadata"]["labels"] = {"team": "b", "app": "a"}
    item["metadata"]["generation"] = 7
    found = pack("prod", "ApiV4Definition", item, level=level)
    assert found.body() == item
    assert found.body() is not found.body()
    assert found.key == ResourceKey("prod", "ApiV4Definition", "team-a", "orders")
    assert (found.uid, found.resource_version, found.generation) == ("uid-orders", "1", 7)
    assert found.labels == (("app", "a"), ("team", "b"))


def test_packing_copes_with_sparse_metadata() -> None:
    found = pack("prod", "Application", {"metadata": {"name": "x", "labels": None, "managedFields": "odd"}})
    assert found.key == ResourceKey("prod", "Application", "", "x")
    assert (found.trace.manager, found.trace.changed_at, found.trace.owner) == ("", 0.0, "")


def test_a_body_of_some_kilobytes_takes_a_fraction_of_it() -> None:
    item = api("orders", spec={"flows": [{"name": f"flow {n}", "enabled": True} for n in range(200)]})
    assert len(pack("prod", "ApiV4Definition", item).packed) < len(str(item)) / 5


def test_ten_thousand_objects_fit_into_sixty_megabytes() -> None:
    flows = [{"name": f"flow {n}", "enabled": True, "selectors": [{"path": f"/{n}"}]} for n in range(60)]
    tracemalloc.start()
    kept = []
    for number in range(1000):
        item = orjson.loads(
            orjson.dumps(api(f"api-{number}", spec={"name": f"api {number}", "flows": flows}))
        )
        kept.append(pack("prod", "ApiV4Definition", item))
    item = None
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(kept) == 1000
    assert used < 6 * 1024 * 1024


def test_the_last_writer_of_the_spec_is_the_newest_manager_that_owns_some_of_it() -> None:
    metadata = {
        "managedFields": [
            managed("gko", "2025-03-01T10:00:00Z"),
            managed("kubectl-edit", "2025-03-02T10:00:00Z"),
            managed("gko", "2025-03-05T10:00:00Z", subresource="status"),
            managed("labeler", "2025-03-04T10:00:00Z", fields="f:metadata"),
            managed("no-time", None),
            "rubbish",
        ]
    }
    assert last_spec_write(metadata) == ("kubectl-edit", 1740909600.0)


def test_a_time_that_is_none_does_not_matter() -> None:
    metadata = {"managedFields": [managed("someone", "yesterday")]}
    assert last_spec_write(metadata) == ("someone", 0.0)


@pytest.mark.parametrize(
    ("metadata", "owner"),
    [
        ({"labels": {"argocd.argoproj.io/instance": "apis"}}, "argocd"),
        ({"annotations": {"argocd.argoproj.io/tracking-id": "apis:gravitee.io/…"}}, "argocd"),
        ({"labels": {"kustomize.toolkit.fluxcd.io/name": "apis"}}, "flux"),
        ({"labels": {"helm.toolkit.fluxcd.io/name": "apis", "app.kubernetes.io/managed-by": "Helm"}}, "flux"),
        ({"labels": {"app.kubernetes.io/managed-by": "Helm"}}, "helm"),
        (
            {
                "labels": {"app.kubernetes.io/managed-by": "Helm"},
                "annotations": {"argocd.argoproj.io/tracking-id": "x"},
            },
            "argocd",
        ),
        ({"labels": {"app.kubernetes.io/managed-by": "kustomize"}}, ""),
        ({"annotations": {"gko-tui.io/application": "apis"}}, "gko-tui"),
        ({"managedFields": [managed("gko-tui", None)]}, "gko-tui"),
        ({"labels": None, "annotations": ["odd"]}, ""),
    ],
)
def test_the_owner_is_told_by_its_marks(metadata: dict[str, Any], owner: str) -> None:
    assert owner_of(metadata) == owner
