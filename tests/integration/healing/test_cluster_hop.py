"""Drift on a served cluster, with engine and healer running: what is healed, and what is left alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from reconciler.model.verdicts import Verdict
from tests.integration.chain.scene import API, api, key
from tests.integration.healing.scene import Healing, healing, until


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
