"""The control planes that are observed: found, followed, and let go of as ManagementContexts come and go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from reconciler.control_plane.management import ManagementApi
from reconciler.control_plane.transport import open_control_plane
from reconciler.control_plane.watching import ControlPlaneObserver
from reconciler.engine.downstream.targets import Known, find_control_planes
from reconciler.model.verdicts import Place

if TYPE_CHECKING:
    from reconciler.control_plane.client import ControlPlaneClient
    from reconciler.control_plane.places import ContextName, Target
    from reconciler.engine.downstream.clients import Clients
    from reconciler.engine.downstream.held import Held
    from reconciler.engine.fleet import Fleet
    from reconciler.settings.model import Platform

Contexts = Mapping["ContextName", Mapping[str, Any]]
Alive = Callable[[str, Callable[[], Coroutine[Any, Any, None]]], Coroutine[Any, Any, None]]


@dataclass(slots=True)
class Plane:
    """One control plane that is observed."""

    target: Target
    client: ControlPlaneClient
    observer: ControlPlaneObserver
    signature: object
    task: asyncio.Task[None] | None = None


class Planes:
    """Observes every control plane there is.

    Args:
        platform: the declared ones.
        clients: reads the Secrets of ManagementContexts.
        held: told what is read.
        fleet: where places and problems are published.
        environ: the environment, for credentials and proxies.
        follow_deployments: whether gateways are configured, so that publications are of interest.
    """

    def __init__(
        self,
        platform: Platform,
        clients: Clients,
        held: Held,
        fleet: Fleet,
        environ: Mapping[str, str],
        *,
        follow_deployments: bool,
    ) -> None:
        self._declared = platform.control_planes
        self._clients = clients
        self._held = held
        self._fleet = fleet
        self._environ = environ
        self._follow_deployments = follow_deployments
        self._planes: dict[str, Plane] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self.known = Known()
        held.would_compare = self._would_compare

    def names(self) -> tuple[str, ...]:
        """The control planes that are observed."""
        return tuple(self._planes)

    def get(self, name: str) -> Plane | None:
        """One of them."""
        return self._planes.get(name)

    def serves(self, name: str) -> frozenset[str]:
        """The clusters that the configuration says a control plane serves; none where it does not say."""
        target = self.known.targets.get(name)
        return frozenset(target.clusters) if target is not None and target.declared else frozenset()

    def management(self, name: str) -> ManagementApi | None:
        """Its Management API, for questions that are asked now and then."""
        plane = self._planes.get(name)
        return ManagementApi(plane.client) if plane is not None else None

    async def find(self, contexts: Contexts) -> bool:
        """Find the control planes; whether any context means another one than before."""
        before = self.known
        self.known = await find_control_planes(self._declared, contexts.items(), self._clients, self._environ)
        self._fleet.publish_problems("control planes", self.known.problems)
        await self._adjust(contexts)
        return (before.by_context, before.failures) != (self.known.by_context, self.known.failures)

    async def observe_once(self) -> None:
        """Read every control plane once, all at the same time."""
        await asyncio.gather(*(plane.observer.observe_once(self._held) for plane in self._planes.values()))

    def follow(self, alive: Alive) -> None:
        """Observe those that are not observed yet, until they are let go of."""
        self._loop = asyncio.get_running_loop()
        for name, plane in self._planes.items():
            if plane.task is None:
                run = partial(plane.observer.run, self._held)
                plane.task = asyncio.create_task(alive(name, run), name=f"control plane {name}")

    async def aclose(self) -> None:
        """Let go of all."""
        for name in tuple(self._planes):
            await self._let_go(name)

    # ---------------------------------------------------------------------------------------

    def _would_compare(self, control_plane: str, api_id: str) -> None:
        """A definition would be compared that was not read yet (on any thread)."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._read_definition, control_plane, api_id)

    def _read_definition(self, control_plane: str, api_id: str) -> None:
        plane = self._planes.get(control_plane)
        if plane is not None:
            plane.observer.read_definitions((api_id,))

    async def _adjust(self, contexts: Contexts) -> None:
        wanted = self.known.targets
        for name in tuple(self._planes):
            target = wanted.get(name)
            if target is None or _signature(target, contexts) != self._planes[name].signature:
                await self._let_go(name)
            if target is None:
                self._held.forget(name)
                self._fleet.forget_place(Place.CONTROL_PLANE, name)
        for name, target in wanted.items():
            if name not in self._planes:
                client = open_control_plane(target, environ=self._environ)
                observer = ControlPlaneObserver(client, follow_deployments=self._follow_deployments)
                self._planes[name] = Plane(target, client, observer, _signature(target, contexts))

    async def _let_go(self, name: str) -> None:
        plane = self._planes.pop(name)
        if plane.task is not None:
            plane.task.cancel()
            await asyncio.gather(plane.task, return_exceptions=True)
        await plane.client.aclose()


def _signature(target: Target, contexts: Contexts) -> object:
    """What must be equal for a connection to go on: the place, and every context that leads there."""
    specs = tuple(
        orjson.dumps(contexts[name].get("spec"), option=orjson.OPT_SORT_KEYS)
        for name in target.contexts
        if name in contexts
    )
    return (target.identity, target.ca_file, target.insecure, target.timeout_s, target.contexts, specs)
