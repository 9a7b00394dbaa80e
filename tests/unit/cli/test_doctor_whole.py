"""`doctor` from the command line to real sockets: a cluster, the APIM that its context means, a gateway."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gko_tui.cli import main
from tests.integration.chain.scene import CLUSTER, Scene, api
from tests.unit.cli.schemas import validate


@pytest.fixture
def scene(place: Path) -> Iterator[Scene]:
    """Give a platform that serves in a thread of its own, with one API, and a configuration of it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    made = Scene(place)
    asyncio.run_coroutine_threadsafe(made.start(), loop).result(20)
    made.publish(api("orders"))
    configure(made, place)
    yield made
    asyncio.run_coroutine_threadsafe(made.stop(), loop).result(20)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(20)
    loop.close()


def configure(scene: Scene, place: Path, **gateway: Any) -> None:
    platform = scene.platform()
    (cluster,), (source,) = platform.clusters, platform.sources
    body = {
        "sources": [{"name": source.name, "path": str(source.path)}],
        "clusters": [{"name": cluster.name, "kubeconfig": str(cluster.kubeconfig)}],
        "gateways": [{"name": "gw", "url": scene.node.url, "tags": [], **gateway}],
    }
    (place / "config.json").write_text(json.dumps(body))


def doctor(capsys: pytest.CaptureFixture[str], code: int) -> list[dict[str, Any]]:
    assert main(["doctor", "-o", "json", "--config", "config.json"]) == code
    document = json.loads(capsys.readouterr().out)
    validate(document)
    checks: list[dict[str, Any]] = document["checks"]
    return checks


def missing(checks: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [
        (check["place"], check["name"], check["check"]) for check in checks if check["outcome"] == "missing"
    ]


def test_a_platform_found_from_its_context_is_examined_whole(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    checks = doctor(capsys, 0)
    (plane,) = {check["name"] for check in checks if check["place"] == "control-plane"}
    assert plane == f"{scene.server.url.removeprefix('http://')}/DEFAULT"
    (reached,) = [check for check in checks if (check["name"], check["check"]) == (plane, "reachable")]
    assert f"{CLUSTER}:ManagementContext/platform/apim" in reached["detail"]
    (served,) = [check for check in checks if check["check"] == "control plane known"]
    assert served["detail"] == f"{plane}, the only one"


def test_a_secret_that_is_missing_is_the_control_planes_line(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    scene.cluster.delete("Secret", "platform", "apim-login")
    checks = doctor(capsys, 5)
    ((place, _, check),) = missing(checks)
    assert (place, check) == ("control-plane", "credentials accepted")
    (line,) = [check for check in checks if check["outcome"] == "missing"]
    assert "platform/apim-login" in line["detail"] and line["nextStep"]


def test_every_place_has_its_own_lines_for_people(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--config", "config.json"]) == 0
    said = capsys.readouterr().out
    assert "\ncontrol plane 127.0.0.1:" in said and "\ngateway gw\n" in said
    assert "ok          may read: apis, plans, pages, subscriptions, events, audits" in said
    assert "ok          version: 4.12.14" in said


def test_what_is_down_is_said_and_the_rest_is_examined(
    scene: Scene, place: Path, capsys: pytest.CaptureFixture[str], unused_tcp_port: int
) -> None:
    configure(scene, place, url=f"http://127.0.0.1:{unused_tcp_port}")
    assert missing(doctor(capsys, 5)) == [("gateway", "gw", "reachable")]
