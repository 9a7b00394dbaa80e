"""Which gateways concern an API, who is not configured, and gateways that fall silent: the whole engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.engine.service import Engine
from reconciler.model.rows import Problem, Row
from reconciler.model.verdicts import ExitCode, Place, Verdict
from reconciler.settings.model import Platform
from reconciler.simulator.apim import Gateway
from tests.integration.chain.scene import Body, Scene, api, key, rows, sent, strip

LONG_AGO_MS = 3_600_000
PATIENCE_S = 30.0


class Fleet(Scene):
    """A scene whose gateway can be configured in other ways, beside a second environment."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.configured: dict[str, Any] = {}
        self.gateway.started_at -= LONG_AGO_MS

    def another_gateway(self, hostname: str, *, started_ago_ms: int = LONG_AGO_MS, **how: Any) -> Gateway:
        """One that polls the same APIM and that nobody has configured."""
        made = Gateway(self.apim, hostname, credentials=None, **how)
        made.started_at -= started_ago_ms
        return made

    def second_environment(self) -> Body:
        """An API in another environment of the same APIM, which the gateway does not serve."""
        self.apim.add_environment("TEST")
        self.gateway.environments = frozenset({"DEFAULT"})
        context = self.cluster.get("ManagementContext", "platform", "apim")
        assert context is not None
        spec = {**context["spec"], "environmentId": "TEST"}
        metadata = {"name": "test", "namespace": "platform"}
        self._write({**context, "metadata": metadata, "spec": spec})
        made = api("trial", contextRef={"name": "test", "namespace": "platform"})
        self._write(made)
        answer = self.apim.put_api("TEST", sent(made))
        self.accept("pay", "trial", id=answer["id"], crossId=answer["crossId"])
        return made

    def platform(self) -> Platform:
        whole = super().platform().model_dump(mode="python", exclude_unset=True)
        for gateway in whole["gateways"]:
            gateway.update(self.configured)
        return Platform.model_validate(whole)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Fleet]:
    made = Fleet(tmp_path)
    await made.start()
    yield made
    await made.stop()


async def look(scene: Fleet) -> tuple[dict[str, Row], tuple[Problem, ...], ExitCode]:
    """Read everything once, with a new engine: rows by name, what is wrong, the exit code."""
    engine = scene.engine()
    try:
        found = {key.name: row for key, row in (await rows(engine)).items()}
        code = engine.fleet.exit_code(found.values(), now=scene.cluster.clock())
        return found, engine.fleet.problems(), code
    finally:
        await engine.aclose()


# -- whom a gateway serves -----------------------------------------------------------------------------


async def test_of_two_environments_a_gateway_serves_the_one_that_it_announced_itself_to(scene: Fleet) -> None:
    trial = scene.second_environment()
    scene.publish(api("payments"))
    scene.commit(api("payments"), trial)
    found, problems, _ = await look(scene)
    assert strip(found["payments"]) == "===="
    assert strip(found["trial"]) == "===."
    assert problems == ()


async def test_where_that_may_not_be_read_it_is_unknown_and_the_next_step_is_said(scene: Fleet) -> None:
    trial = scene.second_environment()
    scene.publish(api("payments"))
    scene.commit(api("payments"), trial)
    scene.server.faults.path, scene.server.faults.status = "/instances", 403
    found, _, code = await look(scene)
    assert strip(found["payments"]) == "===?"
    assert found["payments"].gateway.causes == (
        "gw serves a control plane that is not known: set `control_plane` of this gateway",
    )
    assert code is ExitCode.INCOMPLETE


async def test_a_gateway_that_names_its_control_plane_needs_no_announcement(scene: Fleet) -> None:
    trial = scene.second_environment()
    scene.publish(api("payments"))
    scene.commit(api("payments"), trial)
    scene.server.faults.path, scene.server.faults.status = "/instances", 403
    engine = scene.engine()
    await rows(engine)
    name = next(row for row in engine.fleet.rows().values() if row.key.name == "payments").control_plane_trace
    await engine.aclose()
    assert name is not None
    scene.configured = {"control_plane": name.control_plane}
    found, _, _ = await look(scene)
    assert (strip(found["payments"]), strip(found["trial"])) == ("====", "===.")


async def test_sharding_tags_that_are_not_configured_are_taken_from_the_announcement(scene: Fleet) -> None:
    scene.apim.environment("DEFAULT").tags.add("internal")
    scene.gateway.tags = ("!internal",)
    scene.publish(api("payments"), api("books", tags=["internal"]))
    found, _, code = await look(scene)
    assert (strip(found["payments"]), strip(found["books"])) == ("====", "===.")
    assert code is ExitCode.IN_SYNC


async def test_without_any_word_on_tags_an_absent_api_is_unknown_with_the_next_step(scene: Fleet) -> None:
    scene.apim.environment("DEFAULT").tags.add("internal")
    scene.gateway.tags = ("!internal",)
    scene.publish(api("books", tags=["internal"]))
    scene.server.faults.path, scene.server.faults.status = "/instances", 403
    found, _, _ = await look(scene)
    assert found["books"].gateway.verdict is Verdict.UNKNOWN
    assert "set `tags` of this gateway" in found["books"].gateway.causes[0]


async def test_what_is_not_known_to_serve_an_api_can_be_traced_and_compared_all_the_same(
    scene: Fleet,
) -> None:
    trial = scene.second_environment()
    scene.publish(api("payments"))
    scene.commit(api("payments"), trial)
    scene.server.faults.path, scene.server.faults.status = "/instances", 403
    engine = scene.engine()
    try:
        await rows(engine)
        trace = await engine.trace(key("payments"))
        assert "set `control_plane` of this gateway" in repr(trace)
        diff = await engine.diff(key("payments"), Place.GATEWAY)
        assert diff.verdict is Verdict.UNKNOWN
        assert "set `control_plane` of this gateway" in diff.causes[0]
    finally:
        await engine.aclose()


# -- gateways that nobody has configured ---------------------------------------------------------------


async def test_gateways_that_poll_and_are_not_configured_are_one_warning_at_the_control_plane(
    scene: Fleet,
) -> None:
    scene.another_gateway("edge-1")
    scene.another_gateway("edge-2")
    scene.publish(api("payments"), api("refunds"))
    found, problems, code = await look(scene)
    (one,) = problems
    assert (one.place, one.severity) == (Place.CONTROL_PLANE, "warning")
    assert one.message == "2 gateways poll it that are not configured: edge-1, edge-2"
    assert one.next_step == "add them below `gateways`"
    assert strip(found["payments"]) == "===="
    assert code is ExitCode.IN_SYNC


async def test_a_platform_without_configured_gateways_is_warned_and_has_no_gateway_hop(
    tmp_path: Path,
) -> None:
    scene = Fleet(tmp_path)
    scene._with_gateways = False
    await scene.start()
    try:
        scene.publish(api("payments"))
        found, problems, _ = await look(scene)
    finally:
        await scene.stop()
    assert [one.message for one in problems] == ["1 gateway polls it that is not configured: gw-0"]
    assert strip(found["payments"]) == "===."


async def test_one_that_has_just_started_or_stopped_is_not_missed(scene: Fleet) -> None:
    scene.another_gateway("new", started_ago_ms=1_000)
    gone = scene.another_gateway("gone")
    gone.stop()
    scene.publish(api("payments"))
    _, problems, _ = await look(scene)
    assert problems == ()


async def test_while_a_configured_gateway_cannot_be_read_nobody_is_called_a_stranger(scene: Fleet) -> None:
    scene.another_gateway("edge-1")
    scene.publish(api("payments"))
    scene.node.faults.status = 503
    found, problems, code = await look(scene)
    assert [one for one in problems if one.severity == "warning"] == []
    assert found["payments"].gateway.verdict is Verdict.UNKNOWN
    assert code is ExitCode.INCOMPLETE


# -- gateways that fall silent -------------------------------------------------------------------------


async def test_a_gateway_that_stops_answering_keeps_its_verdicts_with_the_reason_and_recovers(
    scene: Fleet,
) -> None:
    scene.publish(api("payments"), api("refunds"))
    scene.edit_plan("refunds", description="by hand")
    async with live(scene) as engine:
        await seen(engine, lambda row: row.gateway.verdict is Verdict.SYNCED and not row.gateway.causes)
        scene.node.faults.status = 503
        await seen(engine, lambda row: "was in sync when last read; now: " in "".join(row.gateway.causes))
        row = engine.fleet.row(key("payments"))
        assert row is not None
        assert row.gateway.verdict is Verdict.SYNCED
        assert "503" in row.gateway.causes[0]
        assert engine.fleet.exit_code([row], now=scene.cluster.clock()) is ExitCode.INCOMPLETE
        other = engine.fleet.row(key("refunds"))
        assert other is not None
        assert other.control_plane.verdict is Verdict.DRIFTED
        scene.node.faults.clear()
        await seen(engine, lambda row: row.gateway.verdict is Verdict.SYNCED and not row.gateway.causes)
        await until(
            engine, lambda: engine.fleet.exit_code([row], now=scene.cluster.clock()) is ExitCode.IN_SYNC
        )


async def test_an_api_that_no_pod_has_is_missing_though_the_gateway_was_read_last(scene: Fleet) -> None:
    scene.publish(api("refunds"))
    scene.node.faults.status = 503
    later = api("payments")
    scene.commit(api("refunds"), later)
    scene._write(later)
    scene.send(later)  # published, but the gateway does not poll
    async with live(scene) as engine:
        await seen(
            engine, lambda row: row.gateway.verdict is Verdict.UNKNOWN and "503" in row.gateway.causes[0]
        )
        scene.node.faults.clear()
        await seen(engine, lambda row: row.gateway.verdict in (Verdict.AHEAD, Verdict.MISSING))


@asynccontextmanager
async def live(scene: Fleet) -> AsyncIterator[Engine]:
    """An engine that keeps observing."""
    engine = scene.engine()
    running = asyncio.create_task(engine.run())
    try:
        yield engine
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await engine.aclose()


async def seen(engine: Engine, holds: Callable[[Row], bool]) -> None:
    """Wait until the row of `payments` is like that."""

    def shown() -> bool:
        row = engine.fleet.row(key("payments"))
        return row is not None and holds(row)

    await until(engine, shown)


async def until(engine: Engine, holds: Callable[[], bool]) -> None:
    """Wait; somebody looks at the row again and again, so that its gateway is asked without delay."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await engine.look_at([key("payments")])
            await asyncio.sleep(0.2)


# -- definitions read at leisure ------------------------------------------------------------------------


async def test_of_many_apis_revisions_are_compared_first_and_definitions_in_the_background(
    scene: Fleet,
) -> None:
    many = [api(f"api-{number:02}") for number in range(14)]
    scene.publish(api("payments"), *many)
    deployed, altered = scene.gateway.deployed, scene.id_of("api-13")
    other = {**deployed[altered].definition, "name": "Somebody else's"}
    deployed[altered] = replace(deployed[altered], definition=other)

    def unlike(name: str) -> Callable[[], bool]:
        def shown() -> bool:
            row = engine.fleet.row(key(name))
            return row is not None and row.gateway.verdict is Verdict.DRIFTED

        return shown

    async with live(scene) as engine:
        await seen(engine, lambda row: row.gateway.verdict is Verdict.SYNCED)
        (name,) = engine._chain.planes.names()
        published = engine._chain.held.of(name).published
        assert any(one.listed for one in published.values())
        await until(engine, unlike("api-13"))
        await until(engine, lambda: not any(one.listed for one in published.values()))
        rows_now = engine.fleet.rows().values()
        assert [row.key.name for row in rows_now if row.gateway.verdict is Verdict.DRIFTED] == ["api-13"]
