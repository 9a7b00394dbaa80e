"""What goes wrong while a plan is carried out: the next run converges, and nothing is done twice or lost."""

from __future__ import annotations

import asyncio
import json
import resource
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pygit2
import pytest

from reconciler.settings.model import Platform
from tests.integration.acting.failing import FailingApim, Rule
from tests.integration.acting_commands.scene import Acting, rest, seen
from tests.integration.chain.scene import API, api

NAMES = ("orders", "payments", "refunds")
LIMIT_S, SLOW_S = 1.5, 8.0
"""How long a request may take, and how long the slow ones take (30 s and more where it is real)."""
FULL_BYTES = 64 * 1024
"""So large may a file become on a disk that is nearly full: the ledger opens, and cannot grow."""
CRD = "apiv4definitions.gravitee.io"
ON_CLUSTER, BEYOND = ("--hop", "cluster"), ("--hop", "control-plane")


class Faulty(Acting):
    """A scene whose control plane counts what would change something."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.server = self.failing = FailingApim(self.apim)

    def platform(self) -> Platform:
        made = super().platform().model_dump(exclude={"path"}, exclude_none=True)
        made["control_planes"] = [
            {
                "name": "apim",
                "url": self.server.url,
                "request_timeout_s": LIMIT_S,
                "auth": {"username": "admin", "password_env": "APIM_PASSWORD"},
            }
        ]
        return Platform.model_validate(made)

    def environ(self) -> dict[str, str]:
        return {**super().environ(), "APIM_PASSWORD": "admin"}

    def inventory(self) -> set[str]:
        """The names of the APIs in the application's inventory."""
        found: set[str] = set()
        for namespace, name in self.cluster.names("ConfigMap"):
            body = self.cluster.get("ConfigMap", namespace, name)
            text = (body or {}).get("data", {}).get("state.json")
            entries = json.loads(text)["inventory"] if text else ()
            found |= {entry[2] for entry in entries if entry[0] == API}
        return found

    def uids(self) -> dict[str, Any]:
        """The uid of each API that the cluster holds."""
        found = {name: self.cluster.get(API, namespace, name) for namespace, name in self.cluster.names(API)}
        return {name: body["metadata"]["uid"] for name, body in found.items() if body is not None}

    def described(self) -> dict[str, Any]:
        """The description of each API at the control plane."""
        held = self.apim.environment("DEFAULT").apis.values()
        return {str(one.raw.get("name")).lower(): one.raw.get("description") for one in held}

    async def edited(self) -> None:
        """All APIs are in sync, and seen so; then somebody edits each in the Console."""
        self.publish(*map(api, NAMES))
        seen = await self.gko_tui("status")
        assert seen.code == 0, seen
        for name in NAMES:
            self.apim.edit_api("DEFAULT", self.id_of(name), description="by hand")


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Faulty]:
    made = Faulty(tmp_path)
    await made.start()
    made.configure()
    yield made
    await made.stop()


async def killed_after(scene: Faulty, lines: int, word: str, *command: str) -> None:
    """Run the program, and kill it once it has told that many steps."""
    process = await scene.start_program(*command)
    assert process.stdout is not None
    told = 0
    while told < lines:
        line = await process.stdout.readline()
        assert line, f"it ended after {told} of {lines} steps"
        told += word in line.decode()
    process.send_signal(signal.SIGKILL)
    await rest(process)


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
async def test_killed_between_any_two_steps_on_a_cluster_the_next_run_converges(
    scene: Faulty, steps: int
) -> None:
    scene.commit(*map(api, NAMES))
    await killed_after(scene, steps, " created ", "sync", "--yes", *ON_CLUSTER)
    before = scene.uids()
    done = await scene.gko_tui("sync", "--yes", *ON_CLUSTER)
    assert done.code == 0, done
    after = scene.uids()
    assert set(after) == set(NAMES)
    assert {name: after[name] for name in before} == before, "nothing was made anew"
    assert scene.inventory() == set(NAMES)
    again = await scene.gko_tui("sync", "--yes", *ON_CLUSTER)
    assert again.out.splitlines()[-1] == "nothing to do"


@pytest.mark.parametrize("steps", [0, 1, 2])
async def test_killed_between_any_two_steps_at_a_control_plane_the_next_run_converges(
    scene: Faulty, steps: int
) -> None:
    await scene.edited()
    await killed_after(scene, steps, "configured  control plane", "sync", "--yes", *BEYOND)
    done = await scene.gko_tui("sync", "--yes", *BEYOND)
    assert done.code == 0, done
    assert scene.described() == dict.fromkeys(NAMES, "Takes money")
    taken = scene.failing.taken()
    assert {name: taken.count(f"pay-{name}") for name in NAMES} == dict.fromkeys(NAMES, 1), "each once"
    again = await scene.gko_tui("sync", "--yes", *BEYOND)
    assert again.out.splitlines()[-1] == "nothing to do"


async def test_a_control_plane_slower_than_its_limit_is_written_to_once(scene: Faulty) -> None:
    await scene.edited()
    scene.failing.rules = [Rule(f"pay-{name}", 200, slow_s=SLOW_S) for name in NAMES]
    slow = await scene.gko_tui("sync", "--yes", *BEYOND)
    assert slow.code == 0, slow  # each was read again, and found to have arrived
    assert scene.described() == dict.fromkeys(NAMES, "Takes money")
    taken = scene.failing.taken()
    assert {name: taken.count(f"pay-{name}") for name in NAMES} == dict.fromkeys(NAMES, 1), "each once"
    again = await scene.gko_tui("sync", "--yes", *BEYOND)
    assert again.out.splitlines()[-1] == "nothing to do"


async def test_a_disk_that_is_full_at_the_ledger_loses_no_decision_and_is_told(scene: Faulty) -> None:
    names = {f"api-{at:02}" for at in range(40)}
    scene.commit(*map(api, sorted(names)))
    await scene.gko_tui("plan", *ON_CLUSTER)  # the ledger is there, and fits on the disk
    process = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "gko_tui", "sync", "--yes", *ON_CLUSTER],
        env=scene.environ(),
        cwd=scene.folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (FULL_BYTES, FULL_BYTES)),
    )
    assert process.returncode == 0, process
    assert "not all of this stands in the ledger" in process.stderr
    assert set(scene.uids()) == names
    assert scene.inventory() == names, "what engines agree on is in the cluster, not on this disk"
    again = await scene.gko_tui("sync", "--yes", *ON_CLUSTER)
    assert again.out.splitlines()[-1] == "nothing to do"


async def test_kinds_that_vanish_while_a_plan_waits_fail_their_steps_and_come_back(scene: Faulty) -> None:
    scene.commit(*map(api, NAMES))
    await scene.gko_tui("plan", "--out", "a.plan", *ON_CLUSTER)
    crds = "CustomResourceDefinition"
    definition = scene.cluster.get(crds, "", CRD)
    assert definition is not None
    scene.cluster.delete(crds, "", CRD)
    failed = await scene.gko_tui("apply", "a.plan")
    assert failed.code == 1, failed
    assert "Traceback" not in failed.err
    assert all(f"eu:{API}/pay/{name}" in failed.out for name in NAMES)
    fresh = {key: value for key, value in definition.items() if key != "status"}
    fresh["metadata"] = {"name": CRD}
    scene.cluster.apply(fresh, manager="helm")
    done = await scene.gko_tui("sync", "--yes", *ON_CLUSTER)
    assert done.code == 0, done
    assert set(scene.uids()) == set(NAMES)
    assert scene.inventory() == set(NAMES)


async def test_a_repository_that_is_gone_prunes_nothing(scene: Faulty) -> None:
    scene.commit(*map(api, NAMES))
    await scene.gko_tui("sync", "--yes", *ON_CLUSTER)
    before = scene.uids()
    (scene.folder / "repo").rename(scene.folder / "away")
    gone = await scene.gko_tui("sync", "--yes", *ON_CLUSTER)
    assert gone.code in (1, 4, 5), gone
    assert "Traceback" not in gone.err
    assert scene.uids() == before
    assert scene.inventory() == set(NAMES)
    (scene.folder / "away").rename(scene.folder / "repo")
    done = await scene.gko_tui("sync", "--yes", *ON_CLUSTER)
    assert done.out.splitlines()[-1] == "nothing to do"


async def test_a_forced_push_after_the_plan_stops_what_it_took_away_and_the_next_plan_follows(
    scene: Faulty,
) -> None:
    scene.commit(*map(api, NAMES))
    await scene.gko_tui("sync", "--yes", *ON_CLUSTER)
    scene.commit(*(api(name, description="planned") for name in NAMES))
    await scene.gko_tui("plan", "--out", "a.plan", *ON_CLUSTER)
    forced_back(scene.folder / "repo")
    late = await scene.gko_tui("apply", "a.plan")
    assert late.code in (0, 1), late
    assert "Traceback" not in late.err
    done = await scene.gko_tui("sync", "--yes", *ON_CLUSTER)
    assert done.code == 0, done
    specs = [(scene.cluster.get(API, "pay", name) or {})["spec"]["description"] for name in NAMES]
    assert specs == ["Takes money"] * len(NAMES)
    assert scene.inventory() == set(NAMES)


async def test_an_api_server_that_fails_in_the_middle_is_converged_on_later(scene: Faulty) -> None:
    scene.commit(*map(api, NAMES))
    process = await scene.start_program("sync", "--yes", *ON_CLUSTER)
    await seen(process, "Namespace/pay")
    scene.cluster.faults.fail_path, scene.cluster.faults.fail_status = "apiv4definitions/", 503
    ended = await rest(process)
    assert ended.code in (0, 1, 2), ended
    scene.cluster.faults.fail_path, scene.cluster.faults.fail_status = "", 0
    done = await scene.gko_tui("sync", "--yes", *ON_CLUSTER)
    assert done.code == 0, done
    assert set(scene.uids()) == set(NAMES)
    assert scene.inventory() == set(NAMES)


def forced_back(folder: Path) -> None:
    """Take the newest commit back, and whatever only it held."""
    repository = pygit2.Repository(str(folder))
    newest = repository.revparse_single("main")
    before = repository.revparse_single("main~1")
    kept = {entry.id for entry in before.tree}
    for gone in (newest.id, newest.tree.id, *(entry.id for entry in newest.tree if entry.id not in kept)):
        (folder / ".git" / "objects" / str(gone)[:2] / str(gone)[2:]).unlink()
    repository.references["refs/heads/main"].set_target(before.id)
