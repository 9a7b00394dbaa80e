"""A platform that heals: the scene of the whole chain with a mode, its engine and healer running."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from reconciler.cluster.rim import Rim
from reconciler.engine.healing.healer import Healer
from reconciler.engine.service import Engine
from reconciler.model.acting import Orders, PlanRequest
from reconciler.model.plan import Plan
from reconciler.model.verdicts import Place
from reconciler.settings.model import Platform
from tests.integration.chain.scene import API, Body, Scene


class Healing(Scene):
    """A scene whose application has a mode.

    `settings` are those of the application, `more` of the platform.
    """

    settings: Mapping[str, Any] = {"mode": "heal"}
    clusters: tuple[Mapping[str, Any], ...] = ()
    applications: tuple[Mapping[str, Any], ...] = ()

    def platform(self) -> Platform:
        made = super().platform().model_dump(exclude={"path"})
        made["applications"][0].update(namespace="pay", **self.settings)
        made["clusters"] = [*made["clusters"], *self.clusters]
        made["applications"] = [*made["applications"], *self.applications]
        return Platform.model_validate(made)

    async def bring(self, *manifests: Body) -> None:
        """Git holds these, and a person's plan has applied them: everything is in sync and ours."""
        self.commit(*manifests)
        engine = self.engine()
        await engine.observe_once()
        plan = await engine.plan(PlanRequest(hops=frozenset({Place.CLUSTER})))
        carried = await engine.apply(plan, Orders(typed=[one.phrase for one in plan.confirmations]))
        assert not carried.exit_code, carried.outcomes
        await engine.observe_once()
        await engine.aclose()

    def edit(self, name: str, manager: str = "kubectl-edit", **spec: Any) -> None:
        """Change fields of an API on the cluster."""
        have = self.cluster.get(API, "pay", name)
        assert have is not None
        self.cluster.update({**have, "spec": {**have["spec"], **spec}}, manager=manager)

    def spec(self, name: str) -> Body:
        """The spec on the cluster."""
        have = self.cluster.get(API, "pay", name)
        assert have is not None
        spec = have["spec"]
        assert isinstance(spec, dict)
        return spec

    def versions(self) -> dict[str, str]:
        """The resourceVersion of every API on the cluster."""
        return {
            name: str(body["metadata"]["resourceVersion"])
            for namespace, name in self.cluster.names(API)
            if (body := self.cluster.get(API, namespace, name)) is not None
        }


class Told:
    """What a healer told."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, event: str, facts: Mapping[str, object]) -> None:
        self.events.append((event, dict(facts)))

    def of(self, event: str) -> list[dict[str, Any]]:
        """The facts of each event of this word."""
        return [facts for word, facts in self.events if word == event]

    def text(self) -> str:
        """Everything, for messages of failed tests."""
        return "\n".join(f"{event}: {facts}" for event, facts in self.events)


def hurried(times: float) -> Rim:
    """A clock that runs faster than the real one, so that minutes of pace cost seconds."""
    began = time.time()
    return Rim(clock=lambda: began + times * (time.time() - began))


@asynccontextmanager
async def healing(
    scene: Scene, *, rim: Rim | None = None, keep: Callable[[str, Plan | None], None] | None = None
) -> AsyncIterator[tuple[Engine, Healer, Told]]:
    """Engine and healer run; something was read."""
    engine, told, stop = scene.engine(), Told(), asyncio.Event()
    healer = Healer(engine, rim=rim, told=told, keep=keep or (lambda _name, _plan: None))
    running = asyncio.create_task(engine.run())
    tasks = [running]
    try:
        await until(engine.fleet.rows, 10.0)
        tasks.append(asyncio.create_task(healer.run(stop)))
        yield engine, healer, told
    finally:
        stop.set()
        if len(tasks) > 1:
            await asyncio.wait_for(tasks[1], 10.0)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        await engine.aclose()


async def until(holds: Callable[[], object], seconds: float = 40.0, what: Callable[[], str] = str) -> None:
    """Wait until something holds; whatever makes it so publishes no event to wait for."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not holds():
        assert loop.time() < end, f"it did not come true within {seconds:g} s: {what()}"
        await asyncio.sleep(0.02)
