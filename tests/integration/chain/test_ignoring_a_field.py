"""A rule put down from a diff: in force at once on its hop, for good, and for what it names only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from reconciler.engine.service import Engine
from reconciler.model.errors import GkoError
from reconciler.model.rows import Row
from reconciler.model.verdicts import Place
from tests.integration.chain.scene import Scene, api, key, rows, strip


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    made = Scene(tmp_path)
    await made.start()
    yield made
    await made.stop()


async def until(engine: Engine, name: str, holds: Callable[[Row], bool]) -> Row:
    async with asyncio.timeout(20):
        while True:
            row = engine.fleet.row(key(name))
            if row is not None and holds(row):
                return row
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("hop", "drifted", "well"), [(Place.CLUSTER, "=#==", "===="), (Place.CONTROL_PLANE, "==#=", "====")]
)
async def test_the_field_counts_no_longer_and_every_other_one_still_does(
    scene: Scene, hop: Place, drifted: str, well: str
) -> None:
    scene.publish(api("payments"), api("refunds"))
    if hop is Place.CLUSTER:
        scene.cluster.apply(api("payments", description="By hand"), manager="kubectl-edit", force=True)
        scene.send(api("payments", description="By hand"))
        scene.accept("pay", "payments")
        await asyncio.sleep(0)
    else:
        scene.edit_plan("payments", description="by hand")
    engine = scene.engine()
    running = asyncio.create_task(engine.run())
    try:
        await until(engine, "payments", lambda row: strip(row)[:3] == drifted[:3])
        diff = await engine.diff(key("payments"), hop)
        (change,) = diff.changes
        offer = await engine.offer_rules(key("payments"), hop, change.path)
        assert not Path(offer.file).exists()
        await engine.ignore(offer.of_one)
        await until(engine, "payments", lambda row: strip(row)[:3] == well[:3])
        after = await engine.diff(key("payments"), hop)
        assert not after.changes
        assert change.path in [one.path for one in after.ignored if one.rule.startswith("payments")]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await engine.aclose()
    again = scene.engine()
    try:
        found = await rows(again)
        assert strip(found[key("payments")])[:3] == well[:3]
    finally:
        await again.aclose()


async def test_a_file_that_cannot_be_written_is_an_error_that_names_it(scene: Scene) -> None:
    scene.publish(api("payments"))
    scene.edit_plan("payments", description="by hand")
    (scene.folder / "config").write_text("a file where a folder should be")
    engine = scene.engine()
    try:
        await engine.observe_once()
        diff = await engine.diff(key("payments"), Place.CONTROL_PLANE)
        offer = await engine.offer_rules(key("payments"), Place.CONTROL_PLANE, diff.changes[0].path)
        with pytest.raises(GkoError, match="cannot be changed"):
            await engine.ignore(offer.of_one)
        again = await engine.diff(key("payments"), Place.CONTROL_PLANE)
        assert again.changes
    finally:
        await engine.aclose()
