"""Drift at the control plane with engine and healer running: what GKO accepted is sent again, once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from reconciler.model.verdicts import Place, Verdict
from tests.integration.acting.failing import FailingApim, Rule
from tests.integration.chain.scene import api, key
from tests.integration.healing.scene import Healing, healing, until

NAMES = ("orders", "payments", "refunds")


class Beyond(Healing):
    """A scene whose control plane counts PUTs and can be made to fail at them."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, gateways=False)
        self.server = self.failing = FailingApim(self.apim)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Beyond]:
    made = Beyond(tmp_path)
    await made.start()
    made.publish(*(api(name) for name in NAMES))
    yield made
    await made.stop()


async def test_what_the_console_changed_is_sent_again_once_and_nothing_else_is_written(scene: Beyond) -> None:
    async with healing(scene) as (engine, _, told):
        rows = engine.fleet.row
        await until(
            lambda: all((r := rows(key(n))) and r.control_plane.verdict is Verdict.SYNCED for n in NAMES)
        )
        scene.edit_plan("payments", description="Sold in the Console")
        objects, revision = scene.versions(), scene.cluster.revision
        await engine.look_at([key("payments")])
        await until(lambda: told.of("done"), what=told.text)
        await until(lambda: rows(key("payments")).control_plane.verdict is Verdict.SYNCED, what=told.text)
    (done,) = told.of("done")
    assert done["place"] == Place.CONTROL_PLANE.value and done["resource"].endswith("pay/payments")
    assert scene.failing.puts == ["pay-payments"]
    assert scene.versions() == objects and scene.cluster.revision == revision, "no object, no ConfigMap"
    (plan,) = scene.apim.get_api("DEFAULT", "pay-payments")["plans"]
    assert not plan.get("description")


async def test_in_the_mode_observe_the_console_is_left_alone(scene: Beyond) -> None:
    scene.settings = {"mode": "observe"}
    async with healing(scene) as (engine, healer, told):
        row = engine.fleet.row
        await until(lambda: (r := row(key("payments"))) and r.control_plane.verdict is Verdict.SYNCED)
        scene.edit_plan("payments", description="Sold in the Console")
        await engine.look_at([key("payments")])
        await until(lambda: row(key("payments")).control_plane.verdict is Verdict.DRIFTED)
        await healer.once()
    assert scene.failing.puts == [] and told.events == []


async def test_what_apim_refuses_parks_and_what_fails_for_a_moment_is_tried_again(scene: Beyond) -> None:
    scene.failing.rules = [
        Rule("pay-payments", 400, times=99, message="this API is not liked"),
        Rule("pay-orders", 500, times=1),
    ]
    async with healing(scene) as (engine, _, told):
        row = engine.fleet.row
        await until(
            lambda: all((r := row(key(n))) and r.control_plane.verdict is Verdict.SYNCED for n in NAMES)
        )
        for name in ("payments", "orders"):
            scene.edit_plan(name, description="Sold in the Console")
        await engine.look_at([key("payments"), key("orders")])
        await until(lambda: told.of("refused"), what=told.text)
        await until(lambda: row(key("orders")).control_plane.verdict is Verdict.SYNCED, what=told.text)
    (refused,) = told.of("refused")
    assert "this API is not liked" in refused["why"]
    assert scene.failing.puts.count("pay-payments") == 1
