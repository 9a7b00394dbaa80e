"""The command line on a whole chain: as a process of its own, over loopback."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.integration.chain.scene import Scene, api
from tests.unit.cli.schemas import validate

PAYMENTS = "ApiV4Definition/pay/payments"


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    made = Scene(tmp_path)
    await made.start()
    made.publish(api("payments"))
    made.edit_plan("payments", description="By hand")
    platform = json.loads(made.platform().model_dump_json(exclude_none=True))
    (tmp_path / "gko-tui.yaml").write_text(yaml.safe_dump(platform))
    yield made
    await made.stop()


async def gko_tui(scene: Scene, *arguments: str) -> Done:
    """Run the program as a person does."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GKO_TUI", "XDG"))}
    places = {
        "GKO_TUI_CONFIG": str(scene.folder / "gko-tui.yaml"),
        "GKO_TUI_STATE": str(scene.folder / "state"),
        "GKO_TUI_CACHE": str(scene.folder / "cache"),
        "XDG_CONFIG_HOME": str(scene.folder / "config"),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "gko_tui",
        *arguments,
        env={**kept, **places},
        cwd=scene.folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    return Done(process.returncode or 0, out.decode(), err.decode())


async def test_status_ends_with_drift_and_shows_the_strip(scene: Scene) -> None:
    done = await gko_tui(scene, "status")
    assert done.code == 3, done.err
    assert "= = ≠ =" in done.out


async def test_a_diff_of_two_sides_that_are_no_neighbours(scene: Scene) -> None:
    done = await gko_tui(scene, "diff", "git..control-plane", PAYMENTS, "-o", "json")
    assert done.code == 2, done.err
    validate(json.loads(done.out))
    (diff,) = json.loads(done.out)["diffs"]
    assert [change["path"] for change in diff["changes"]] == ["spec.plans[free].description"]
    assert diff["changes"][0]["right"] == "By hand"


async def test_two_sides_that_are_equal(scene: Scene) -> None:
    done = await gko_tui(scene, "diff", "git..cluster", PAYMENTS)
    assert done.code == 0, done.err
    assert "no difference" in done.out


async def test_a_pair_of_sides_without_a_resource_says_what_is_missing(scene: Scene) -> None:
    done = await gko_tui(scene, "diff", "git..cluster")
    assert done.code == 64
    assert "RESOURCE" in done.err


async def test_explain_tells_rule_by_rule_why(scene: Scene) -> None:
    done = await gko_tui(scene, "explain", PAYMENTS)
    assert done.code == 0, done.err
    assert "schema-default" in done.out
    assert "spec.plans[free].description only at the control plane" in done.out


async def test_explain_a_verdict_needs_no_platform(scene: Scene) -> None:
    (scene.folder / "gko-tui.yaml").unlink()
    done = await gko_tui(scene, "explain", "detached")
    assert done.code == 0, done.err
    assert done.out.startswith("d Detached")


async def test_explain_as_json_names_every_place(scene: Scene) -> None:
    done = await gko_tui(scene, "explain", PAYMENTS, "-o", "json")
    validate(json.loads(done.out))
    (told,) = json.loads(done.out)["resources"]
    assert [place["place"] for place in told["places"]] == ["git", "cluster", "control-plane", "gateway"]
    assert told["places"][2]["verdict"] == "Drifted"


async def test_rules_are_tested_where_they_stand(scene: Scene) -> None:
    rules = scene.folder / "rules.yaml"
    rules.write_text(
        "rules:\n"
        "  - rule: prose\n    ignore: spec.description\n    reason: nobody is woken for prose\n"
        "tests:\n"
        "  - case: prose is not told\n"
        "    git: {kind: ApiV4Definition, metadata: {name: a}, spec: {description: one, version: '1'}}\n"
        "    cluster: {kind: ApiV4Definition, metadata: {name: a}, spec: {description: two, version: '2'}}\n"
        "    expect: [spec.version]\n"
    )
    done = await gko_tui(scene, "rules", "test", str(rules))
    assert (done.code, done.out) == (0, "1 rule, 1 test: 1 passed\n"), done.err
    rules.write_text(rules.read_text().replace("expect: [spec.version]", "expect: []"))
    failing = await gko_tui(scene, "rules", "test", str(rules))
    assert failing.code == 1
    assert "spec.version counts, but should not" in failing.err


async def test_a_rules_file_that_is_not_there_is_named(scene: Scene) -> None:
    done = await gko_tui(scene, "rules", "test")
    assert done.code == 64
    assert ".gko-tui/rules.yaml" in done.err
