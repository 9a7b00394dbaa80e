"""`gko-tui diff A..B`: any two sides of one resource, in both directions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml

from reconciler.engine.service import Engine
from reconciler.engine.sides import Side, parse_sides
from reconciler.model.changes import ABSENT, ChangeKind, HopDiff, path_text
from reconciler.model.errors import GkoError, UsageError
from tests.integration.chain.scene import Scene, api, key


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    made = Scene(tmp_path)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def engine(scene: Scene) -> AsyncIterator[Engine]:
    """Git is one commit ahead, somebody edited the cluster, a plan was edited in the Console."""
    scene.publish(api("payments"))
    scene.commit(api("payments", description="In Git"))
    scene.cluster.apply(api("payments", description="On the cluster"), manager="kubectl-edit", force=True)
    scene.edit_plan("payments", description="In the Console")
    made = scene.engine()
    await made.observe_once()
    yield made
    await made.aclose()


async def sides(engine: Engine, text: str) -> HopDiff:
    return await engine.compare(key("payments"), *parse_sides(text))


def told(diff: HopDiff) -> dict[str, tuple[object, object]]:
    return {path_text(change.path): (change.left, change.right) for change in diff.changes}


async def test_git_and_cluster(engine: Engine) -> None:
    diff = await sides(engine, "git..cluster")
    assert told(diff) == {"spec.description": ("In Git", "On the cluster")}
    assert diff.left.startswith("Git")
    assert diff.right == "Cluster eu"


async def test_two_revisions_of_git(engine: Engine) -> None:
    diff = await sides(engine, "git:main~1..git:main")
    assert told(diff) == {"spec.description": ("Takes money", "In Git")}


async def test_git_and_control_plane_skip_the_cluster_between_them(engine: Engine) -> None:
    diff = await sides(engine, "git..control-plane")
    assert told(diff) == {
        "spec.description": ("In Git", "Takes money"),
        "spec.plans[free].description": (ABSENT, "In the Console"),
    }


async def test_the_other_way_round_it_is_the_same_reversed(engine: Engine) -> None:
    there = await sides(engine, "cluster..control-plane")
    back = await sides(engine, "control-plane..cluster")
    assert told(back) == {path: (right, left) for path, (left, right) in told(there).items()}
    assert {change.kind for change in back.changes} == {ChangeKind.CHANGED, ChangeKind.REMOVED}
    assert (back.left_lines, back.right_lines) == (there.right_lines, there.left_lines)


async def test_a_file_and_the_cluster(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(api("payments", description="In a file")))
    diff = await sides(engine, f"file:{file}..cluster")
    assert told(diff) == {"spec.description": ("In a file", "On the cluster")}


async def test_git_and_a_gateway_skip_all_between_them(scene: Scene, engine: Engine) -> None:
    assert told(await sides(engine, "git..gateway:gw")) == {}, "a description never reaches a gateway"
    edited = api("payments", description="In Git")
    edited["spec"]["endpointGroups"][0]["endpoints"][0]["configuration"]["target"] = (
        "https://other.example.org"
    )
    edited["spec"]["plans"]["gold"] = {"name": "Gold", "security": {"type": "API_KEY"}}
    scene.commit(edited)
    await engine.refresh()
    await engine._pass.once()
    there = await sides(engine, "git..gateway:gw")
    assert told(there) == {
        "definition.endpointGroups[Default].endpoints[one].configuration.target": (
            "https://other.example.org",
            "https://backend.example.org",
        ),
        **{
            path: sides_of
            for path, sides_of in told(there).items()
            if path.startswith("definition.plans[gold]")
        },
    }
    assert [path for path in told(there) if "plans" in path] == ["definition.plans[gold]"]
    back = await sides(engine, "gateway:gw..git")
    assert told(back) == {path: (right, left) for path, (left, right) in told(there).items()}


async def test_cluster_and_a_gateway(engine: Engine) -> None:
    diff = await sides(engine, "cluster..gateway")
    assert (told(diff), diff.left, diff.right) == ({}, "Cluster eu", "Gateway gw")


async def test_what_was_published_and_a_gateway(engine: Engine) -> None:
    diff = await sides(engine, "control-plane..gateway:gw")
    assert told(diff) == {}
    assert diff.right == "Gateway gw"


@pytest.mark.parametrize("text", ["git", "git..", "git..nowhere", "cluster:x..git", "file..git", "..", ""])
def test_what_is_no_pair_of_sides_is_refused_with_the_forms_there_are(text: str) -> None:
    with pytest.raises(UsageError, match="control-plane"):
        parse_sides(text)


def test_a_path_may_hold_dots() -> None:
    assert parse_sides("file:../a..b.yaml..cluster") == (Side("file", "../a..b.yaml"), Side("cluster"))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("git:no-such-branch..cluster", "no-such-branch"),
        ("file:/nowhere/at/all.yaml..cluster", "/nowhere/at/all.yaml"),
        ("cluster..gateway:moon", "moon"),
    ],
)
async def test_a_side_that_cannot_be_had_is_named(engine: Engine, text: str, names: str) -> None:
    with pytest.raises(GkoError) as raised:
        await sides(engine, text)
    assert names in raised.value.sentence()
