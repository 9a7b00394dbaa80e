"""One loop, three faces: terminal, command line and headless loop make the same plan of the same platform."""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from gko_tui.commands.planning import UNSELECTED, Acting, request_for
from gko_tui.commands.selection import Selection
from gko_tui.view.plan_asked import ask_applications
from reconciler.model.plan import Plan
from reconciler.model.steps import Stage, Step, Verb
from tests.integration.chain.scene import api
from tests.integration.healing.scene import Healing, healing, until

APPLICATION = "apis"
CHANGED = [
    ("new", Verb.CREATE),
    ("orders", Verb.UPDATE),
    ("payments", Verb.UPDATE),
    ("refunds", Verb.UPDATE),
]


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Healing]:
    made = Healing(tmp_path, gateways=False)
    made.settings = {"mode": "propose"}
    await made.start()
    made.cluster.add_namespace("pay")
    yield made
    await made.stop()


async def test_the_same_platform_gives_the_same_steps_to_all_three(scene: Healing) -> None:
    await scene.bring(api("orders"), api("payments"), api("refunds"))
    scene.edit("payments", description="edited by hand")
    scene.edit("refunds", "kubectl-patch", lifecycleState="UNPUBLISHED")
    scene.commit(api("orders", description="what Git says now"), api("payments"), api("refunds"), api("new"))
    proposed: list[Plan] = []

    def keep(name: str, plan: Plan | None) -> None:
        assert name == APPLICATION
        if plan is not None:
            proposed.append(plan)

    async with healing(scene, keep=keep) as (engine, _, told):
        await until(lambda: proposed and len(on_clusters(proposed[-1])) == len(CHANGED), what=told.text)
        headless = proposed[-1]
        terminal = await engine.plan(ask_applications([APPLICATION]).request)
        words = argparse.Namespace(**{**UNSELECTED, "application": [APPLICATION], "hops": None})
        acting = Acting(engine, Selection.parse(words))
        command_line = await engine.plan(request_for(acting, words, "sync", wait=False))
    assert [(step.key.name, step.verb) for step in on_clusters(headless)] == CHANGED
    assert on_clusters(terminal) == on_clusters(command_line)
    assert list(map(what_is_done, on_clusters(headless))) == list(map(what_is_done, on_clusters(terminal)))


def on_clusters(plan: Plan) -> list[Step]:
    """The steps on clusters; a plan made early also says what it does not know yet of other places."""
    return [step for step in plan.steps if step.stage is Stage.CLUSTER]


def what_is_done(step: Step) -> Step:
    """A step without whose word it wants: of a loop's proposal that is an approval, and never a take-over."""
    return replace(step, confirmations=(), blocked=())
