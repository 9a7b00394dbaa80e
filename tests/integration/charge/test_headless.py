"""`gko-reconciler` as a process in GKO's place, with the rights that the README names and no others."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.engine.charge.deciding import take_over
from reconciler.engine.charge.operators import LEASE
from reconciler.ledger.store import Ledger
from reconciler.model.keys import ResourceKey
from tests.fleet.repository import commit_files
from tests.integration.charge.conftest import Grounds
from tests.integration.charge.ground import OPERATORS, TEAM, Ground, until
from tests.integration.charge.test_take_over import api, id_of
from tests.peers.control_plane import KubeControlPlane

_README = Path(__file__).parents[3] / "README.md"
_USER = "limited"


def rights_of_the_readme() -> list[dict[str, Any]]:
    """The rules of the ClusterRole in the README, those for standing in besides."""
    rules: list[dict[str, Any]] = []
    for block in re.findall(r"```yaml\n(.*?)```", _README.read_text(), re.DOTALL):
        found = yaml.safe_load(block)
        if isinstance(found, dict) and found.get("kind") == "ClusterRole":
            rules += found["rules"]
        elif isinstance(found, list):
            rules += found
    assert len(rules) > 10
    return rules


class Process:
    """One gko-reconciler, and what it has said."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said: list[dict[str, Any]] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.said.append(json.loads(line))

    def states(self) -> list[str]:
        """What it said about who is in charge."""
        return [f"{one['state']}: {one['why']}" for one in self.said if one["event"] == "operator"]

    def done(self) -> set[tuple[str, str]]:
        """What it said it did: the event, and the resource's name."""
        return {(one["event"], one.get("resource", "").rpartition("/")[2]) for one in self.said}

    async def end(self) -> int:
        """Tell it to end, and wait."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        code = await asyncio.wait_for(self.process.wait(), 60)
        await self._reading
        return code


async def started(folder: Path, kubeconfig: Path) -> Process:
    """A gko-reconciler on the cluster."""
    commit_files(folder / "repo", {"apis/readme.txt": "nothing yet\n"})
    config = {
        "sources": [{"name": "repo", "path": str(folder / "repo")}],
        "clusters": [
            {"name": "eu", "kubeconfig": str(kubeconfig), "operator": "auto", "state_namespace": OPERATORS}
        ],
        "applications": [{"name": "apis", "source": "repo", "folder": "apis", "clusters": ["eu"]}],
    }
    (folder / "gko-tui.yaml").write_text(yaml.safe_dump(config))
    environ = {
        **os.environ,
        "GKO_TUI_STATE": str(folder / "state"),
        "GKO_TUI_CACHE": str(folder / "cache"),
        "XDG_CONFIG_HOME": str(folder / "config"),
    }
    command = [sys.executable, "-m", "reconciler.headless.main", "--config", str(folder / "gko-tui.yaml")]
    return Process(
        await asyncio.create_subprocess_exec(
            *command, env=environ, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
    )


async def decided(ground: Ground) -> None:
    """Somebody decides that gko-tui takes over."""
    await take_over(ground.client, ground.spec(), None, owner="sre", reason="a test", now=time.time())


@pytest.mark.peers
@pytest.mark.slow
async def test_it_brings_and_withdraws_with_the_rights_of_the_readme_and_gives_the_lease_back(
    real: Grounds, real_kubeconfig: tuple[KubeControlPlane, Path], tmp_path: Path
) -> None:
    plane, _ = real_kubeconfig
    await asyncio.to_thread(plane.grant, _USER, rights_of_the_readme())
    kubeconfig = plane.kubeconfig(tmp_path / "kubeconfig", user=_USER)
    async with real() as ground:
        await decided(ground)
        process = await started(tmp_path, kubeconfig)
        try:
            await until(lambda: any(one.startswith("in charge") for one in process.states()), "in charge")
            secret = {"kind": "Secret", "metadata": {"name": "words"}, "stringData": {"one": "from a secret"}}
            await ground.client.request("POST", f"/api/v1/namespaces/{TEAM}/secrets", body=secret)
            await ground.put(api("one", "[[ secret `words/one` ]]"))
            await ground.described(id_of("one"), "from a secret")
            local = {"definitionContext": {"origin": "KUBERNETES", "syncFrom": "KUBERNETES"}}
            await ground.put(api("local", "second", path="/local", **local))
            await ground.described(id_of("local"), "second")
            body = await settled(ground, "one")
            conditions = {one["type"]: one["status"] for one in body["status"]["conditions"]}
            assert conditions["Accepted"] == "True"
            assert body["status"]["id"] == id_of("one")
            config_map = f"/api/v1/namespaces/{TEAM}/configmaps/local"
            assert await ground.at(config_map) is not None
            for name in ("one", "local"):
                await ground.delete(ground.path("ApiV4Definition", name))
            await until(lambda: not ground.apis(), "both are withdrawn")
            wanted = {("brought", "one"), ("brought", "local"), ("withdrawn", "one"), ("withdrawn", "local")}
            await until(lambda: wanted <= process.done(), "it tells what it did")
            problems = [one for one in process.states() if not one.startswith(("in charge", "waiting"))]
            assert problems == []
        finally:
            code = await process.end()
        assert code == 0
        with closing(Ledger(tmp_path / "state" / "ledger.db")) as ledger:
            deeds = ledger.deeds(ResourceKey("eu", "ApiV4Definition", TEAM, "one"))
        assert [(one.verb, one.did) for one in deeds] == [("delete", "deleted"), ("update", "configured")]
        lease = await ground.at(f"/apis/coordination.k8s.io/v1/namespaces/{OPERATORS}/leases/{LEASE}")
        assert lease is not None
        assert not lease["spec"].get("holderIdentity")


@pytest.mark.peers
@pytest.mark.slow
async def test_who_may_not_look_at_leases_writes_nothing(
    real: Grounds, real_kubeconfig: tuple[KubeControlPlane, Path], tmp_path: Path
) -> None:
    plane, _ = real_kubeconfig
    rules = [one for one in rights_of_the_readme() if "coordination.k8s.io" not in one["apiGroups"]]
    await asyncio.to_thread(plane.grant, _USER, rules)
    kubeconfig = plane.kubeconfig(tmp_path / "kubeconfig", user=_USER)
    async with real() as ground:
        await decided(ground)
        process = await started(tmp_path, kubeconfig)
        try:
            await until(lambda: any("leases" in one for one in process.states()), "it says what is missing")
            await ground.put(api("one"))
            await asyncio.sleep(2)
            assert ground.writers() == []
        finally:
            assert await process.end() == 0


async def settled(ground: Ground, name: str) -> dict[str, Any]:
    """An API once its status is written."""
    for _ in range(600):
        body = await ground.get("ApiV4Definition", name)
        if body is not None and (body.get("status") or {}).get("conditions"):
            return body
        await asyncio.sleep(0.1)
    raise AssertionError(f"{name} never got a status")
