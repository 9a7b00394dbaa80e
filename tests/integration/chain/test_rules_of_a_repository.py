"""Ignore rules as committed: for what their repository defines, from the commit on that brings them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml

from reconciler.model.rows import Row
from reconciler.model.verdicts import Verdict
from tests.fleet.repository import commit_files
from tests.integration.chain.scene import Body, Scene, api, key, rows

RULES = """
rules:
  - rule: descriptions-are-prose
    ignore: spec.description
    reason: nobody is woken for prose
"""


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    made = Scene(tmp_path)
    await made.start()
    yield made
    await made.stop()


def commit(scene: Scene, rules: str, *manifests: Body) -> None:
    files = {f"{at}.yaml": yaml.safe_dump(one) for at, one in enumerate(manifests)}
    commit_files(scene.folder / "repo", {**files, ".gko-tui/rules.yaml": rules})


async def look(scene: Scene) -> Row:
    engine = scene.engine()
    try:
        return (await rows(engine))[key("payments")]
    finally:
        await engine.aclose()


async def test_what_a_rule_names_does_not_count_and_everything_else_does(scene: Scene) -> None:
    scene.publish(api("payments"))
    scene.cluster.apply(api("payments", description="By hand"), manager="kubectl-edit", force=True)
    assert (await look(scene)).cluster.verdict is Verdict.DRIFTED
    commit(scene, RULES, api("payments"))
    assert (await look(scene)).cluster.verdict is Verdict.SYNCED
    edited = api("payments", description="By hand", version="6.6")
    scene.cluster.apply(edited, manager="kubectl-edit", force=True)
    row = await look(scene)
    assert row.cluster.verdict is not Verdict.SYNCED
    assert row.cluster.change_count == 1
    assert "spec.version" in row.cluster.causes[0]


async def test_explain_names_the_rule_its_reason_and_what_it_hid(scene: Scene) -> None:
    scene.publish(api("payments"))
    scene.cluster.apply(api("payments", description="By hand"), manager="kubectl-edit", force=True)
    commit(scene, RULES, api("payments"))
    engine = scene.engine()
    try:
        await engine.observe_once()
        told = await engine.explain(key("payments"), "spec.description")
    finally:
        await engine.aclose()
    assert told is not None
    (fired,) = [fired for fired in told.fired if fired.rule == "descriptions-are-prose"]
    assert "prose" in fired.what_for
    assert "spec.description" in (*fired.left, *fired.right, *fired.on_change)


async def test_a_mistake_in_the_rules_is_told_with_its_line_and_hides_nothing(scene: Scene) -> None:
    scene.publish(api("payments"))
    scene.cluster.apply(api("payments", description="By hand"), manager="kubectl-edit", force=True)
    commit(scene, "rules:\n  - rule: no-reason\n    ignore: spec.description\n", api("payments"))
    engine = scene.engine()
    try:
        found = (await rows(engine))[key("payments")]
        problems = engine.fleet.problems()
    finally:
        await engine.aclose()
    assert found.cluster.verdict is Verdict.DRIFTED
    (problem,) = [problem for problem in problems if "rules.yaml" in problem.where]
    assert problem.where == "repo:.gko-tui/rules.yaml:2"
    assert "reason" in problem.message


async def test_a_rule_counts_on_the_control_planes_hop_too_unless_it_names_another(scene: Scene) -> None:
    scene.publish(api("payments"))
    scene.apim.edit_api("DEFAULT", scene.id_of("payments"), description="In the Console")
    assert (await look(scene)).control_plane.verdict is Verdict.DRIFTED
    commit(scene, RULES + "    where: {hop: cluster}\n", api("payments"))
    assert (await look(scene)).control_plane.verdict is Verdict.DRIFTED
    commit(scene, RULES, api("payments"))
    row = await look(scene)
    assert row.control_plane.verdict is Verdict.SYNCED
