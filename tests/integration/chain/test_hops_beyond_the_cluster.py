"""The control-plane and gateway hops through the whole engine: real protocols, nothing replaced."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from reconciler.engine.scope import Scope
from reconciler.model.changes import path_text
from reconciler.model.rows import Row
from reconciler.model.verdicts import Place, Verdict
from tests.integration.chain.scene import Scene, api, key, rows, strip

CONSOLE_FIELDS = ("type", "description", "listeners", "endpointGroups")


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    made = Scene(tmp_path)
    await made.start()
    yield made
    await made.stop()


async def look(scene: Scene) -> dict[str, Row]:
    """Read everything once, with a new engine: rows by name."""
    engine = scene.engine()
    try:
        return {found.name: row for found, row in (await rows(engine)).items()}
    finally:
        await engine.aclose()


async def test_what_was_published_and_runs_is_in_sync_everywhere(scene: Scene) -> None:
    scene.publish(api("payments"), api("refunds"))
    found = await look(scene)
    assert {name: strip(row) for name, row in found.items() if name != "apim"} == {
        "payments": "====",
        "refunds": "====",
    }
    trace = found["payments"].control_plane_trace
    assert trace is not None
    assert (trace.origin, trace.hrid) == ("KUBERNETES", "pay-payments")


async def test_a_plan_edited_in_the_console_drifts_on_its_hop_only(scene: Scene) -> None:
    scene.publish(api("payments"), api("refunds"))
    scene.edit_plan("payments", description="by hand")
    found = await look(scene)
    assert strip(found["payments"]) == "==#="
    assert strip(found["refunds"]) == "===="
    assert found["payments"].control_plane.change_count == 1
    assert "spec.plans[free].description" in found["payments"].control_plane.causes[0]


async def test_the_diff_of_the_control_plane_hop_names_the_change_and_who_made_it(scene: Scene) -> None:
    scene.publish(api("payments"))
    scene.edit_plan("payments", description="by hand")
    engine = scene.engine()
    try:
        await engine.observe_once()
        diff = await engine.diff(key("payments"), Place.CONTROL_PLANE)
    finally:
        await engine.aclose()
    assert [path_text(change.path) for change in diff.changes] == ["spec.plans[free].description"]
    assert diff.changes[0].right == "by hand"
    assert diff.left.startswith("Cluster")
    assert diff.right.startswith("Control plane")
    assert any("by hand" in line for line in diff.right_lines)


async def test_an_api_that_the_console_made_is_unmanaged_with_its_owner(scene: Scene) -> None:
    scene.publish(api("payments"))
    body = {key: value for key, value in api("legacy")["spec"].items() if key in CONSOLE_FIELDS}
    scene.apim.make_console_api(
        "DEFAULT",
        {**body, "name": "Legacy orders", "apiVersion": "1", "definitionVersion": "V4"},
        started=False,
    )
    found = await look(scene)
    row = found["Legacy orders"]
    assert row.control_plane.verdict is Verdict.UNMANAGED
    assert row.key.namespace == ""
    assert row.git.verdict is row.cluster.verdict is None
    assert "made in the Console" in row.control_plane.causes[0]


async def test_an_api_whose_resource_is_gone_is_an_orphan(scene: Scene) -> None:
    scene.publish(api("payments"), api("refunds"))
    scene.cluster.delete("ApiV4Definition", "pay", "refunds")
    found = await look(scene)
    # Git still defines it, the cluster lost it, the control plane and the gateway still have it.
    assert strip(found["refunds"])[1:3] == "0+"


async def test_a_detached_api_says_so(scene: Scene) -> None:
    scene.publish(api("payments"))
    scene.apim.detach("DEFAULT", scene.id_of("payments"))
    found = await look(scene)
    assert found["payments"].control_plane.verdict is Verdict.DETACHED


async def test_what_apim_refused_is_failed_with_its_words(scene: Scene) -> None:
    scene.publish(api("payments"))
    scene.refuse("pay", "payments", "Unable to import because of errors [path already exists]")
    found = await look(scene)
    assert found["payments"].control_plane.verdict is Verdict.FAILED
    assert "path already exists" in " ".join(found["payments"].control_plane.causes)


async def test_a_gateway_that_stopped_polling_is_behind(scene: Scene) -> None:
    scene.publish(api("payments"))
    changed = api("payments", description="Takes more money")
    scene.cluster.apply(changed, manager="argocd-controller", force=True)
    with scene.apim.at(time.time() - 600):
        scene.send(changed)
    found = await look(scene)
    assert found["payments"].gateway.verdict is Verdict.DRIFTED
    assert "revision 1, not 2" in " ".join(found["payments"].gateway.causes)


async def test_a_control_plane_that_refuses_the_login_leaves_its_rows_unknown(scene: Scene) -> None:
    scene.publish(api("payments"))
    scene.apim.passwords["admin"] = "another"
    engine = scene.engine()
    try:
        found = await rows(engine)
        places = {place.name: place for place in engine.fleet.places() if place.place is Place.CONTROL_PLANE}
    finally:
        await engine.aclose()
    assert strip(found[key("payments")])[:3] == "==?"
    (place,) = places.values()
    assert place.phase == "failed"


async def test_the_trace_of_an_api_leads_from_the_commit_to_the_pod(scene: Scene) -> None:
    scene.publish(api("payments"))
    engine = scene.engine()
    try:
        await engine.observe_once()
        trace = await engine.trace(key("payments"))
    finally:
        await engine.aclose()
    assert [station.place for station in trace.stations] == list(Place)
    said = " ".join(happening.what for happening in trace.happenings)
    assert "commit" in said
    assert "published revision 1" in said
    assert "runs revision 1" in said
    assert trace.happenings == tuple(sorted(trace.happenings, key=lambda happening: -happening.at))


async def test_only_what_is_asked_for_is_read_whole(scene: Scene) -> None:
    scene.publish(api("payments"), api("refunds"))
    engine = scene.engine(Scope(wants=lambda found: found.name == "payments"))
    try:
        found = await rows(engine)
    finally:
        await engine.aclose()
    assert strip(found[key("payments")]) == "===="
    asked = [path for _, path in scene.server.requests if "refunds" in path or scene.id_of("refunds") in path]
    assert asked == []


async def test_a_hop_that_is_not_asked_for_is_not_read(scene: Scene) -> None:
    scene.publish(api("payments"))
    engine = scene.engine(Scope(hops=frozenset({Place.GIT, Place.CLUSTER})))
    try:
        found = await rows(engine)
    finally:
        await engine.aclose()
    assert strip(found[key("payments")]) == "==.."
    assert scene.server.requests == []


async def test_nothing_is_an_orphan_while_a_cluster_is_left_out(scene: Scene) -> None:
    scene.publish(api("payments"), api("refunds"))
    scene.cluster.delete("ApiV4Definition", "pay", "refunds")
    scene.commit(api("payments"))
    engine = scene.engine(Scope(left_out=("us",)))
    try:
        found = {known.name: row for known, row in (await rows(engine)).items()}
    finally:
        await engine.aclose()
    assert found["Refunds"].control_plane.verdict is Verdict.UNKNOWN
    assert "us is not read this time" in found["Refunds"].control_plane.causes[0]
