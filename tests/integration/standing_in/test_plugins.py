"""What APIM's dry run does not look at: plugins not installed, and what plugins refuse (DOMAIN §9)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.simulator.platform import demo_crds
from tests.integration.chain.scene import api as manifest
from tests.integration.standing_in.stage import Body, Stage

TEAM = "team-a"


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    made = Stage(tmp_path, demo_crds())
    await made.start()
    made.cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": TEAM}}, manager="t")
    made.apply(
        {
            "apiVersion": "gravitee.io/v1alpha1",
            "kind": "ManagementContext",
            "metadata": {"name": "apim", "namespace": TEAM},
            "spec": {
                "baseUrl": "http://127.0.0.1:1234",
                "organizationId": "DEFAULT",
                "environmentId": "DEFAULT",
                "auth": {"credentials": {"username": "admin", "password": "admin"}},
            },
        }
    )
    made.employ()
    yield made
    await made.stop()


def api(policy: str, configuration: dict[str, Any]) -> Body:
    step = {"name": "one", "enabled": True, "policy": policy, "configuration": configuration}
    flow = {
        "name": "all",
        "enabled": True,
        "selectors": [{"type": "HTTP", "path": "/", "pathOperator": "STARTS_WITH"}],
        "request": [step],
    }
    body = manifest("one", contextRef={"name": "apim"}, flows=[flow])
    return {**body, "metadata": {"name": "one", "namespace": TEAM}}


def puts(stage: Stage) -> int:
    return sum(method == "PUT" for method, _ in stage.proxy.requests)


def condition(stage: Stage) -> str:
    body = stage.cluster.get("ApiV4Definition", TEAM, "one")
    assert body is not None
    (found,) = [one for one in body["status"]["conditions"] if one["type"] == "Accepted"]
    return f"{found['status']}: {found['message']}"


async def test_a_policy_that_is_not_installed_is_told_before_anything_is_sent(stage: Stage) -> None:
    stage.apply(api("no-such-policy", {}))
    await stage.work(2)
    assert "the policy no-such-policy is not installed in this APIM" in condition(stage)
    assert condition(stage).startswith("False")
    assert puts(stage) == 0
    assert not stage.apim.environment("DEFAULT").apis, "APIM has not kept half of it"


async def test_it_is_sent_once_the_policy_was_installed(stage: Stage) -> None:
    stage.apply(api("late-policy", {}))
    await stage.work(2)
    assert puts(stage) == 0
    plugins = stage.apim.organizations["DEFAULT"].plugins
    plugins.policies.append({"id": "late-policy", "name": "Late", "deployed": True})
    assert stage.planes is not None
    for _, plane in stage.planes._open.values():
        plane.plugins._clock = lambda: float("inf")  # the list was kept for its while
    await stage.work(10)
    assert condition(stage).startswith("True")
    assert puts(stage) == 1


async def test_a_500_is_explained_by_what_the_plugin_refuses_and_not_repeated(stage: Stage) -> None:
    stage.apply(api("mock", {"status": "hunter2"}))
    await stage.work(60)
    said = condition(stage)
    assert "flows[0].request[0].configuration.status: the policy mock will refuse this" in said
    assert "hunter2" not in said.partition("the policy mock")[2], "no value is told"
    assert puts(stage) == 1
    stage.apply(api("mock", {"status": "200"}))
    await stage.work(2)
    assert condition(stage).startswith("True")


async def test_what_cannot_be_listed_holds_nothing_up(stage: Stage) -> None:
    stage.proxy.rules = [{"method": "GET", "path": "/plugins/", "status": 403, "body": "no"}]
    stage.apply(api("mock", {"status": "200"}))
    await stage.work(2)
    assert condition(stage).startswith("True")
