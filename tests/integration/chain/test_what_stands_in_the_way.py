"""References that lead nowhere, fights over one object, and control planes that cannot be read."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from reconciler.control_plane.failures import ControlPlaneError
from reconciler.engine.service import Engine
from reconciler.model.keys import ResourceKey
from reconciler.model.rows import PlaceState, Row
from reconciler.model.verdicts import Place, Verdict
from tests.integration.chain.scene import Body, Scene, api, key, rows, strip


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    made = Scene(tmp_path)
    await made.start()
    yield made
    await made.stop()


async def look(scene: Scene) -> dict[ResourceKey, Row]:
    """Read everything once, with a new engine."""
    engine = scene.engine()
    try:
        return await rows(engine)
    finally:
        await engine.aclose()


async def test_a_context_that_does_not_exist_is_named(scene: Scene) -> None:
    lost = api("payments", contextRef={"name": "gone", "namespace": "platform"})
    scene.commit(lost)
    scene.cluster.apply(lost, manager="argocd-controller", force=True)
    row = (await look(scene))[key("payments")]
    assert strip(row)[:3] == "==?"
    assert "ManagementContext/platform/gone" in row.control_plane.causes[0]


async def test_a_context_whose_secret_is_missing_is_told_at_the_control_plane(scene: Scene) -> None:
    scene.publish(api("payments"))
    scene.cluster.delete("Secret", "platform", "apim-login")
    engine = scene.engine()
    try:
        row = (await rows(engine))[key("payments")]
        place = next(place for place in engine.fleet.places() if place.place is Place.CONTROL_PLANE)
    finally:
        await engine.aclose()
    assert row.control_plane.verdict is Verdict.UNKNOWN
    assert place.phase == "failed"
    assert "platform/apim-login" in place.message


async def test_a_template_whose_secret_is_missing_is_named_and_never_drift(scene: Scene) -> None:
    templated = api("payments", description="[[ secret `words/greeting` ]]")
    scene.commit(templated)
    scene.cluster.apply(templated, manager="argocd-controller", force=True)
    scene.send(api("payments"))
    row = (await look(scene))[key("payments")]
    assert row.control_plane.verdict is Verdict.UNKNOWN
    assert "Secret/pay/words" in row.control_plane.causes[0]


async def test_what_a_template_brought_in_is_compared_and_never_shown(scene: Scene) -> None:
    templated = api("payments", description="[[ secret `words/greeting` ]]")
    scene.commit(templated)
    scene.cluster.apply(templated, manager="argocd-controller", force=True)
    scene.secret("pay", "words", greeting="open sesame")
    scene.send(api("payments", description="open sesame"))
    assert strip((await look(scene))[key("payments")])[2] == "="
    scene.secret("pay", "words", greeting="another phrase")
    engine = scene.engine()
    try:
        row = (await rows(engine))[key("payments")]
        diff = await engine.diff(key("payments"), Place.CONTROL_PLANE)
    finally:
        await engine.aclose()
    assert row.control_plane.verdict not in (Verdict.SYNCED, Verdict.UNKNOWN)
    shown = repr(diff) + repr(row)
    assert "sesame" not in shown
    assert "phrase" not in shown
    assert diff.changes[0].left != diff.changes[0].right


async def test_two_resources_of_one_hrid_contend_for_one_object(scene: Scene) -> None:
    """`a-b/c` and `a/b-c` are the same HRID: the last writer wins, silently (DOMAIN §2.4)."""
    mine, other = named("pay", "in-out", "/one"), named("pay-in", "out", "/two")
    scene.commit(mine, other)
    for one in (mine, other):
        scene.cluster.apply(one, manager="argocd-controller", force=True)
        scene.send(one)
    found = await look(scene)
    first = found[ResourceKey("eu", "ApiV4Definition", "pay", "in-out")]
    second = found[ResourceKey("eu", "ApiV4Definition", "pay-in", "out")]
    assert first.control_plane.verdict is second.control_plane.verdict is Verdict.CONTENDED
    assert "pay-in/out" in first.control_plane.causes[0]
    assert "pay/in-out" in second.control_plane.causes[0]


async def test_rows_keep_their_verdict_while_the_control_plane_cannot_be_read(scene: Scene) -> None:
    scene.publish(api("payments"))
    scene.edit_plan("payments", description="by hand")
    engine = scene.engine()
    try:
        before = (await rows(engine))[key("payments")]
        assert before.control_plane.verdict is Verdict.DRIFTED
        now = time.time()
        trouble = await fail(engine, now)
        after = engine.fleet.row(key("payments"))
        assert after is not None
        assert after.control_plane == before.control_plane
        name = trouble.name
        place = engine.fleet.place(Place.CONTROL_PLANE, name)
        assert place is not None
        assert "502" in place.message
        assert engine.fleet.stale_for(name, now + 60, place=Place.CONTROL_PLANE) is not None
    finally:
        await engine.aclose()


async def fail(engine: Engine, now: float) -> PlaceState:
    """The control plane cannot be read any longer, and says so as its observer would."""
    chain = engine._chain
    (name,) = chain.planes.names()
    error = ControlPlaneError(
        "answered 502", control_plane=name, next_step="it is tried again", reason="server"
    )
    state = PlaceState(Place.CONTROL_PLANE, name, "failed", error.sentence(), now, now + 30)
    chain.held.place(state)
    for ref in tuple(chain.held.of(name).states):
        chain.held.unreadable(name, ref, error, now)
    await engine._pass.once()
    return state


async def test_a_verdict_holds_since_it_was_first_seen_though_nobody_could_look_for_a_while(
    scene: Scene,
) -> None:
    scene.publish(api("payments"))
    scene.edit_plan("payments", description="by hand")
    first = (await look(scene))[key("payments")].control_plane
    scene.apim.passwords["admin"] = "another"
    blind = (await look(scene))[key("payments")].control_plane
    scene.apim.passwords["admin"] = "admin"
    again = (await look(scene))[key("payments")].control_plane
    assert (first.verdict, blind.verdict, again.verdict) == (
        Verdict.DRIFTED,
        Verdict.UNKNOWN,
        Verdict.DRIFTED,
    )
    assert again.since == first.since


async def test_after_a_state_in_sync_a_change_of_the_resource_is_ahead_and_not_drift(scene: Scene) -> None:
    scene.publish(api("payments"))
    await look(scene)
    changed = api("payments", description="Takes more money")
    scene.commit(changed)
    scene.cluster.apply(changed, manager="argocd-controller", force=True)
    scene.accept("pay", "payments", id=scene.id_of("payments"))
    row = (await look(scene))[key("payments")]
    assert row.control_plane.verdict is Verdict.AHEAD
    assert not row.control_plane.first_sight


def named(namespace: str, name: str, path: str) -> Body:
    """An API of that name."""
    made = api(name, path=path)
    made["metadata"] = {"name": name, "namespace": namespace}
    return made


async def test_a_control_plane_that_answers_is_fresh_though_nothing_moves(scene: Scene) -> None:
    scene.publish(api("payments"))
    engine = scene.engine()
    try:
        await rows(engine)
        chain = engine._chain
        (name,) = chain.planes.names()
        later = time.time() + 3600
        assert engine.fleet.stale_for(name, later, place=Place.CONTROL_PLANE) is not None
        content = chain.held.of(name)
        ref, reading = next(iter(content.states.items()))
        chain.held.state(name, ref, reading.state, later)
        assert engine.fleet.stale_for(name, later, place=Place.CONTROL_PLANE) is None
    finally:
        await engine.aclose()


async def test_what_no_cluster_can_take_is_failed_and_not_merely_ahead(tmp_path: Path) -> None:
    scene = Scene(tmp_path, gateways=False)
    await scene.start()
    try:
        scene.publish(api("payments"))
        wrong = api("payments")
        wrong["spec"]["version"] = ["not", "a", "text"]
        scene.commit(wrong)
        engine = scene.engine()
        row = (await rows(engine))[key("payments")]
        await engine.aclose()
    finally:
        await scene.stop()
    assert row.cluster.verdict is Verdict.FAILED
    assert row.cluster.causes[0].startswith("Git: spec.version must be of type string")
