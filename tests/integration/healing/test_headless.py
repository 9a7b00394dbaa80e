"""`gko-reconciler` as a process: it heals, says so in JSON lines, and leaves alone what is only observed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.headless.cluster_events import ClusterEvents
from reconciler.model.keys import ResourceKey
from reconciler.model.plan import plan_from_document
from reconciler.model.rows import ClusterTrace, Row
from tests.integration.chain.scene import API, CLUSTER, api
from tests.integration.healing.scene import Healing

HEADLESS = [sys.executable, "-m", "reconciler.headless.main"]


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Healing]:
    made = Healing(tmp_path, gateways=False)
    await made.start()
    made.cluster.add_namespace("pay")
    yield made
    await made.stop()


def configured(scene: Healing) -> tuple[list[str], dict[str, str]]:
    """The command and its environment, with this machine's memory of the scene."""
    scene.platform()
    application = {"name": "apis", "source": "repo", "clusters": [CLUSTER], "namespace": "pay"}
    document = {
        "sources": [{"name": "repo", "path": str(scene.folder / "repo")}],
        "clusters": [{"name": CLUSTER, "kubeconfig": str(scene.folder / "kubeconfig")}],
        "applications": [{**application, **scene.settings}],
    }
    file = scene.folder / "gko-tui.yaml"
    file.write_text(yaml.safe_dump(document))
    environ = {
        **os.environ,
        "GKO_TUI_STATE": str(scene.folder / "state"),
        "GKO_TUI_CACHE": str(scene.folder / "cache"),
        "XDG_CONFIG_HOME": str(scene.folder / "config"),
    }
    return [*HEADLESS, "--config", str(file)], environ


async def once(scene: Healing) -> list[dict[str, Any]]:
    command, environ = configured(scene)
    process = await asyncio.create_subprocess_exec(
        *command, "--once", env=environ, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode in (0, 2, 3, 5), err.decode()
    return [json.loads(line) for line in out.splitlines()]


def of(lines: list[dict[str, Any]], event: str) -> list[dict[str, Any]]:
    return [line for line in lines if line["event"] == event]


async def test_once_heals_what_may_be_healed_and_tells_it(scene: Healing) -> None:
    await scene.bring(api("orders"), api("payments"))
    scene.edit("orders", description="Edited")
    lines = await once(scene)
    assert scene.spec("orders")["description"] == "Takes money"
    (done,) = of(lines, "done")
    assert done["resource"] == "eu:ApiV4Definition/pay/orders" and done["did"] == ["configured"]
    assert done["application"] == "apis" and done["plan"]
    assert lines[-1]["event"] == "summary"


async def test_once_writes_nothing_for_what_is_only_observed(scene: Healing) -> None:
    await scene.bring(api("orders"))
    scene.edit("orders", description="Edited")
    scene.settings, revision = {"mode": "observe"}, scene.cluster.revision
    lines = await once(scene)
    assert scene.cluster.revision == revision and not of(lines, "done")


async def test_a_proposal_is_a_file_that_goes_once_there_is_nothing_to_do(scene: Healing) -> None:
    await scene.bring(api("orders"))
    scene.settings = {"mode": "propose"}
    scene.commit(api("orders", description="New"))
    (proposed,) = of(await once(scene), "proposed")
    file = scene.folder / "state" / "proposals" / "apis.plan.json"
    assert file.stat().st_mode & 0o777 == 0o600 and file.parent.stat().st_mode & 0o777 == 0o700
    plan = plan_from_document(file.read_bytes())
    assert plan.short_id == proposed["plan"] and proposed["steps"] == 1
    assert scene.spec("orders")["description"] == "Takes money"
    scene.commit(api("orders"))
    assert not of(await once(scene), "proposed")
    assert not file.exists()


async def test_it_heals_until_it_is_told_to_end(scene: Healing) -> None:
    await scene.bring(api("orders"))
    command, environ = configured(scene)
    process = await asyncio.create_subprocess_exec(*command, env=environ, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    async with asyncio.timeout(60):
        async for line in process.stdout:
            told = json.loads(line)
            if told["event"] == "verdict" and told["places"]["cluster"] == "Synced":
                scene.edit("orders", description="Edited")
            if told["event"] == "done":
                break
        process.send_signal(signal.SIGTERM)
        rest = (await process.stdout.read()).splitlines()
        assert await process.wait() == 0
    assert scene.spec("orders")["description"] == "Takes money"
    assert json.loads(rest[-1])["event"] == "stopped"


async def test_a_fight_is_an_event_of_the_object_that_kubectl_describe_shows(scene: Healing) -> None:
    await scene.bring(api("orders"))
    platform = scene.platform()
    events = ClusterEvents(platform, {}, clock=time.time)
    row = Row(
        ResourceKey(CLUSTER, API, "pay", "orders"),
        cluster_trace=ClusterTrace(str(scene.cluster.get(API, "pay", "orders")["metadata"]["uid"]), "1"),
    )
    for _ in range(2):
        events.warn(row, "Contended", "helm-cron wrote spec.description back 3 times")
        await asyncio.sleep(0.3)
    events.warn(replace(row, cluster_trace=None), "Contended", "nothing to say it of")
    await events.aclose()
    ((namespace, name),) = scene.cluster.names("Event")
    made = scene.cluster.get("Event", namespace, name)
    assert namespace == "pay" and made["count"] == 2 and made["type"] == "Warning"
    assert made["involvedObject"]["name"] == "orders" and made["reason"] == "Contended"
    assert made["message"] == "helm-cron wrote spec.description back 3 times"


async def test_without_the_right_to_write_events_nothing_happens(scene: Healing) -> None:
    await scene.bring(api("orders"))
    scene.cluster.grants = type(scene.cluster.grants)()
    events = ClusterEvents(scene.platform(), {}, clock=time.time)
    events.warn(
        Row(ResourceKey(CLUSTER, API, "pay", "orders"), cluster_trace=ClusterTrace("u", "1")), "Contended", ""
    )
    await events.aclose()
    assert scene.cluster.names("Event") == []
