"""The two hops beyond the cluster as the engine uses them: read once or for ever, learn, judge.

Everything that moves is marked by the names of resources; the loop judges them with the hops before. What
blocks (`learn`, `cells`) runs on the loop's worker thread, everything else on the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from reconciler.control_plane.places import ContextName
from reconciler.engine.cells import NOTHING, Finding, unreadable
from reconciler.engine.downstream.beyond import Beyond
from reconciler.engine.downstream.clients import Clients
from reconciler.engine.downstream.config_maps import POLL_S, ConfigMaps
from reconciler.engine.downstream.control_plane_cells import ControlPlaneCells, InSync
from reconciler.engine.downstream.gateway_cells import GatewayCells
from reconciler.engine.downstream.held import Held
from reconciler.engine.downstream.material import FRESH_S, Dependency, Material
from reconciler.engine.downstream.meanings import Meaning, Meanings
from reconciler.engine.downstream.only_there import OnlyThere
from reconciler.engine.downstream.planes import Alive, Planes
from reconciler.engine.downstream.references import whole
from reconciler.engine.downstream.targets import CONTEXT
from reconciler.engine.downstream.telling_views import TellingViews
from reconciler.engine.scope import EVERYTHING, Scope
from reconciler.gateways.opening import open_gateway
from reconciler.gateways.places import unique_gateways
from reconciler.gateways.watching import GatewayObserver
from reconciler.model.errors import GkoError
from reconciler.model.keys import ResourceKey
from reconciler.model.rows import PlaceState, Problem
from reconciler.model.verdicts import Place, Verdict

if TYPE_CHECKING:
    from reconciler.cluster.objects import ClusterObject
    from reconciler.control_plane.history import Audit
    from reconciler.engine.actual import Actual
    from reconciler.engine.fleet import Fleet
    from reconciler.engine.marks import Marks
    from reconciler.rules.ignoring import IgnoreRule
    from reconciler.settings.model import Platform

SETTLE_S = 0.2
"""ManagementContexts arrive in bursts; control planes are looked for when they have settled."""
WAITING_S = 5.0
"""What is on its way is looked at again after so long, for it may have been on its way for too long."""


class Chain:
    """Control planes and gateways of a platform.

    Args:
        platform: what is configured.
        environ: the environment, for credentials and proxies.
        actual: what the clusters hold.
        fleet: where places and problems are published.
        marks: told what may have changed.
        place_changed: told the state of a control plane or gateway.
        desired_body: the body that Git defines for a resource that its cluster does not hold, or None.
        synced_digest, synced_leaves: what the ledger remembers of the control-plane hop of a resource.
        key: this machine's digest key.
        clock: seconds since the epoch.
        scope: how much of the platform is asked for.
        sign_of_life: told a control plane or gateway that answered, and when (seconds since the epoch).
        ignoring: the ignore rules that are for a resource on the control-plane hop.
    """

    def __init__(
        self,
        platform: Platform,
        environ: Mapping[str, str],
        *,
        actual: Actual,
        fleet: Fleet,
        marks: Marks,
        place_changed: Callable[[PlaceState], None],
        desired_body: Callable[[ResourceKey], dict[str, Any] | None],
        synced_digest: Callable[[ResourceKey], bytes | None],
        synced_leaves: Callable[[ResourceKey], bytes | None],
        key: bytes,
        clock: Callable[[], float],
        scope: Scope = EVERYTHING,
        sign_of_life: Callable[[Place, str, float], None] = lambda _place, _name, _at: None,
        ignoring: Callable[[ResourceKey], tuple[IgnoreRule, ...]] = lambda _key: (),
    ) -> None:
        self._scope = scope
        self._actual = actual
        self._fleet = fleet
        self._marks = marks
        self.clients = Clients(platform.clusters, environ)
        self.material = Material(self.clients, clock)
        self.meanings = Meanings(actual, self.material, desired_body)
        self.held = Held(
            moved=marks.moved_beyond,
            place_changed=place_changed,
            published=self._was_published,
            sign_of_life=sign_of_life,
        )
        gateways, refused = unique_gateways(platform.gateways)
        fleet.publish_problems(
            "gateways",
            (
                Problem(Place.GATEWAY, error.subject, error.subject, error.what, error.next_step)
                for error in refused
            ),
        )
        self.planes = Planes(
            platform, self.clients, self.held, fleet, environ, follow_deployments=bool(gateways)
        )
        tags = {spec.name: spec.tags for spec in gateways}
        self._views = TellingViews(
            marks.moved_beyond, place_changed, tags_of=tags.get, sign_of_life=sign_of_life
        )
        local = {spec.cluster for spec in gateways if spec.mode == "kubernetes" and spec.cluster}
        self._config_maps = ConfigMaps(frozenset(local), self.clients, clock)
        self.gateway_cells = GatewayCells(gateways, self._views, self.held, self._config_maps, key=key)
        self.gateway_cells.fleet.control_planes = self.planes.names
        self.gateway_cells.fleet.publish = fleet.publish_problems
        self._observers: dict[str, GatewayObserver] = {
            spec.name: open_gateway(
                spec, environ, list_pods=self.clients.pods, dial=self.clients.dial, clock=clock
            )
            for spec in gateways
        }
        self.control_plane_cells = ControlPlaneCells(
            self.planes.names,
            actual,
            self.meanings,
            self.held,
            self.material,
            synced_digest=synced_digest,
            synced_leaves=synced_leaves,
            key=key,
            ignoring=ignoring,
        )
        self.only_there = OnlyThere(
            platform.clusters, actual, self.held, self.meanings, self.planes.serves, scope.left_out
        )
        self._contexts_moved = asyncio.Event()
        self._wanted = asyncio.Event()
        self._waiting: set[ResourceKey] = set()

    # --- reading ---------------------------------------------------------------------------

    async def observe_once(self, say: Callable[[str], None], desired: Iterable[ResourceKey]) -> None:
        """Read control planes, gateways and what bodies need, once; clusters and sources were read before.

        Args:
            say: told in a few words what is read.
            desired: the resources that Git defines.
        """
        gateways = asyncio.gather(
            *(observer.observe_once(self._views) for observer in self._observers.values()),
            *map(self._config_maps.read, self._config_maps.clusters),
        )
        try:
            await self.planes.find(self._contexts())
            self.meanings.known = self.planes.known
            if self.planes.names():
                say(f"reading {len(self.planes.names())} control planes")
            await asyncio.to_thread(self.meanings.learn, {*self._every_object(), *desired})
            self.tell_expected()
            await asyncio.gather(self.planes.observe_once(), self.material.read())
        finally:
            await gateways

    async def run(self, alive: Alive) -> None:
        """Read for ever; a fault in one place ends no other."""
        loop = asyncio.get_running_loop()

        def wanted() -> None:
            loop.call_soon_threadsafe(self._wanted.set)

        self.material.wanted = wanted
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(alive("control planes", partial(self._follow_contexts, alive)))
                tasks.create_task(alive("secrets", self._follow_material))
                tasks.create_task(alive("gateways", self._follow_what_waits))
                for name, observer in self._observers.items():
                    tasks.create_task(alive(name, partial(observer.run, self._views)))
                for cluster in self._config_maps.clusters:
                    tasks.create_task(alive(cluster, partial(self._follow_config_maps, cluster)))
        finally:
            self.material.wanted = lambda: None
            await self.planes.aclose()

    def look_at(self, keys: Iterable[ResourceKey]) -> None:
        """Somebody looks at these resources: read them now and every few seconds, until others are named."""
        wanted: dict[str, list[Any]] = {name: [] for name in self.planes.names()}
        apis: dict[str, list[str]] = {}
        for key in keys:
            meaning = self.meanings.of(key) if key.namespace else self.only_there.meaning(key)
            if meaning.ref is not None and meaning.control_plane in wanted:
                wanted[meaning.control_plane].append(meaning.ref)
            if meaning.id:
                for spec in self.gateway_cells.serving(key, meaning):
                    apis.setdefault(spec.name, []).append(meaning.id)
        for name, refs in wanted.items():
            plane = self.planes.get(name)
            if plane is not None:
                plane.observer.look_at(refs)
        for gateway, ids in apis.items():
            self._observers[gateway].look_at(ids)

    async def read_gateways(self, key: ResourceKey) -> None:
        """Read the gateways that may run an API once more; for who does not `run`."""
        serving = self.gateway_cells.serving(key, self.meanings.of(key))
        await asyncio.gather(*(self._observers[spec.name].observe_once(self._views) for spec in serving))

    async def aclose(self) -> None:
        """Close every connection."""
        await self.planes.aclose()
        await self.clients.aclose()

    async def audits(self, key: ResourceKey) -> Sequence[Audit]:
        """Who did what to an API at its control plane, newest first; none where that cannot be read."""
        meaning = self.meanings.of(key) if key.namespace else self.only_there.meaning(key)
        management = self.planes.management(meaning.control_plane)
        if management is None or meaning.ref is None or not meaning.ref.is_api:
            return ()
        try:
            return await management.audits(meaning.id)
        except GkoError:
            return ()  # the diff counts; who made it is a bonus

    def object(self, key: ResourceKey) -> ClusterObject | None:
        """What its cluster holds of a resource."""
        content = self._actual.clusters.get(key.cluster) if key.namespace else None
        return content.objects.get(key) if content is not None else None

    def stopped(self, key: ResourceKey, meaning: Meaning) -> bool:
        """Whether an API of the local mode is meant not to run."""
        found = self.object(key) if meaning.local else None
        return found is not None and _stopped(found)

    # --- what a pass asks for --------------------------------------------------------------

    def moved(self, keys: set[ResourceKey]) -> set[ResourceKey]:
        """These resources moved on their cluster: what else must be judged (on the event loop).

        Args:
            keys: the resources that a pass is about to judge.

        Returns:
            the resources that refer to them, that mean the same thing, and those of which control planes or
            gateways told something new.
        """
        if any(key.kind == CONTEXT for key in keys):
            self._contexts_moved.set()
        concerned = self.meanings.dependents(
            Dependency(key.cluster, key.kind, key.namespace, key.name) for key in keys
        )
        self.control_plane_cells.forget(concerned)
        for key in keys:
            meaning = self.meanings.of(key)
            if meaning.ref is not None:
                concerned |= self.meanings.keys_of(meaning.control_plane, meaning.ref)
        return concerned | self._news()

    def learn(self, keys: Iterable[ResourceKey]) -> None:
        """Find out what resources mean (blocking)."""
        self.meanings.learn(keys)

    def tell_expected(self) -> None:
        """Tell the observers what there should be, if that changed (on the event loop)."""
        if not self.meanings.changed:
            return
        self.meanings.changed = False
        for name in self.planes.names():
            plane = self.planes.get(name)
            if plane is not None:
                plane.observer.expect(self.meanings.refs(name, self._scope.wants))
                if not self._scope.everything:
                    ids = self.meanings.ids(name)
                    plane.observer.follow(
                        {api_id for api_id, keys in ids.items() if any(map(self._scope.wants, keys))}
                    )
        self.only_there.outdated()

    def only_there_keys(self) -> set[ResourceKey]:
        """The resources that control planes alone have and whose rows may have changed (blocking)."""
        return self.only_there.refresh()

    def cells(self, key: ResourceKey, found: ClusterObject | None) -> Beyond | None:
        """Judge the two hops of one resource (blocking); None for what no control plane has any longer."""
        if not key.namespace:
            return self._only_there(key)
        content = self._actual.clusters.get(key.cluster)
        blind = unreadable(key, content) if content is not None and found is None else None
        control_plane, trace = self.control_plane_cells.judge(key, found, blind)
        meaning = self.meanings.of(key)
        if blind is not None and not meaning.id and control_plane is not NOTHING:
            meaning = Meaning(causes=blind.causes)
        stopped = self.stopped(key, meaning)
        gateway, count = self.gateway_cells.judge(key, meaning, stopped=stopped)
        self._note_waiting(key, gateway)
        return Beyond(control_plane, gateway, trace, count)

    def take_in_sync(self) -> Mapping[ResourceKey, InSync]:
        """What was found in sync on the control-plane hop since it was last asked (blocking)."""
        return self.control_plane_cells.take_in_sync()

    # ---------------------------------------------------------------------------------------

    def _only_there(self, key: ResourceKey) -> Beyond | None:
        there = self.only_there.get(key)
        if there is None:
            self._waiting.discard(key)
            return None
        gateway, count = self.gateway_cells.judge(key, there.meaning)
        self._note_waiting(key, gateway)
        return Beyond(there.finding, gateway, there.trace, count)

    def _note_waiting(self, key: ResourceKey, gateway: Finding) -> None:
        if gateway.verdict is Verdict.AHEAD:
            self._waiting.add(key)
        else:
            self._waiting.discard(key)

    def _news(self) -> set[ResourceKey]:
        """The resources of which something was told since the last pass."""
        moved = self.held.take()
        keys: set[ResourceKey] = set()
        for name, ref in moved.states:
            keys |= self.meanings.keys_of(name, ref)
        for name, api_id in moved.apis:
            keys |= self.meanings.keys_of_api(name, api_id)
            keys |= self.only_there.keys_of_api(name, api_id)
        for name in moved.wholly:
            keys |= self.meanings.keys_of_plane(name)
        if moved.inventories or moved.wholly:
            self.only_there.outdated()
        for api_id in self._views.drain():
            for name in ("", *self.planes.names()):
                keys |= self.meanings.keys_of_api(name, api_id)
                keys |= self.only_there.keys_of_api(name, api_id)
        return keys

    def _contexts(self) -> dict[ContextName, Mapping[str, Any]]:
        return {
            ContextName(key.cluster, key.namespace, key.name): whole(found)
            for content in self._actual.clusters.values()
            for key, found in content.objects.items()
            if key.kind == CONTEXT
        }

    def _every_object(self) -> list[ResourceKey]:
        return [key for content in self._actual.clusters.values() for key in content.objects]

    def _was_published(self, control_plane: str, api_id: str) -> None:
        for spec in self.gateway_cells.of_control_plane(control_plane):
            self._observers[spec.name].look_at((api_id,))

    # --- what goes on for ever -------------------------------------------------------------

    async def _follow_contexts(self, alive: Alive) -> None:
        while True:
            changed = await self.planes.find(self._contexts())
            self.planes.follow(alive)
            self.meanings.known = self.planes.known
            self.meanings.changed = True
            self.tell_expected()
            if changed:
                for cluster in self._actual.clusters:
                    self._marks.scope_changed(cluster, None)
            await self._contexts_moved.wait()
            await asyncio.sleep(SETTLE_S)
            self._contexts_moved.clear()

    async def _follow_material(self) -> None:
        while True:
            await _wait(self._wanted, FRESH_S)
            self._wanted.clear()
            self.material.forget(self.meanings.values_used())
            concerned = self.meanings.dependents(await self.material.read())
            self.control_plane_cells.forget(concerned)
            self._marks.changed(concerned)

    async def _follow_config_maps(self, cluster: str) -> None:
        while True:
            moved = await self._config_maps.read(cluster)
            objects = self._actual.clusters[cluster].objects
            self._marks.changed({key for key in objects if (key.namespace, key.name) in moved})
            await asyncio.sleep(POLL_S)

    async def _follow_what_waits(self) -> None:
        while True:
            await asyncio.sleep(WAITING_S)
            if self._waiting:
                self._marks.changed(set(self._waiting))


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


def _stopped(found: ClusterObject) -> bool:
    spec = found.body().get("spec")
    return isinstance(spec, dict) and spec.get("state") == "STOPPED"
