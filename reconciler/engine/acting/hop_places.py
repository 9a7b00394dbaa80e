"""The places beyond the clusters as planning and carrying out see them: read again, one resource at a time.

What is read here is told to the engine's own knowledge, so that rows show it without waiting for a poll.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from reconciler.control_plane.inventory import entry_of
from reconciler.control_plane.management import ManagementApi
from reconciler.control_plane.plugins import PluginCatalogue
from reconciler.control_plane.refs import SUBSCRIPTION
from reconciler.control_plane.writing import ControlPlaneWriter
from reconciler.engine.acting.subscribing import count_subscriptions
from reconciler.engine.cells import NOTHING
from reconciler.engine.downstream.meanings import API_KINDS, Meaning
from reconciler.engine.downstream.references import whole
from reconciler.engine.downstream.showing import meaning_of
from reconciler.engine.planning.control_plane.closing import Count, dropped_plans
from reconciler.engine.planning.control_plane.seen import Seen, SeenRunning
from reconciler.engine.planning.control_plane.subjects import ABSENT
from reconciler.model.errors import GkoError
from reconciler.model.keys import ResourceKey
from reconciler.rules.apim.gko_status import told_by_gko
from reconciler.rules.apim.references import Problems
from reconciler.rules.apim.standing_in.plugins import plugin_problems
from reconciler.rules.canonical import canonical

if TYPE_CHECKING:
    from reconciler.cluster.addresses import Address
    from reconciler.cluster.objects import ClusterObject
    from reconciler.control_plane.client import ControlPlaneClient
    from reconciler.control_plane.packing import PackedState
    from reconciler.control_plane.refs import StateRef
    from reconciler.engine.downstream.chain import Chain
    from reconciler.engine.downstream.planes import Plane
    from reconciler.rules.apim.bodies import Body

Wrote = Callable[[ResourceKey, dict[str, Any] | None], None]


class HopPlaces:
    """Control planes and gateways, with the clusters' objects before them.

    Args:
        chain: what is known of them.
        address: where an object stands; None where its cluster does not serve the kind.
        wrote: told each object as it was read; None once it is gone.
        key: this machine's digest key.
        clock: seconds since the epoch.
        followed: whether places are being followed anyway, so that gateways need not be read here.
    """

    def __init__(
        self,
        chain: Chain,
        address: Callable[[ResourceKey], Address | None],
        wrote: Wrote,
        *,
        key: bytes,
        clock: Callable[[], float],
        followed: Callable[[], bool],
    ) -> None:
        self._chain = chain
        self._address = address
        self._wrote = wrote
        self._key = key
        self._clock = clock
        self._followed = followed
        self._reading: dict[str, asyncio.Lock] = {}
        self._plugins: dict[ControlPlaneClient, PluginCatalogue] = {}

    def digest(self, state: PackedState | None) -> str:
        """What plans call a held state: a keyed digest that means the same in every process."""
        if state is None:
            return ABSENT
        return hashlib.blake2b(canonical(state.body()), key=self._key, digest_size=16).hexdigest()

    def digest_of(self, key: ResourceKey) -> str:
        """The digest of what is held of a resource, as it was read last; empty where it was not."""
        meaning = meaning_of(self._chain, key)
        states = self._chain.held.of(meaning.control_plane).states
        reading = states.get(meaning.ref) if meaning.ref is not None else None
        return self.digest(reading.state) if reading is not None else ""

    async def look(self, key: ResourceKey) -> Seen:
        """Read a resource and what its control plane holds of it again.

        Raises:
            GkoError: one of the two cannot be read.
        """
        chain = self._chain
        if key.namespace:
            await self._read_object(key)
            await asyncio.to_thread(chain.meanings.learn, {key})
            await chain.material.read()
        meaning = meaning_of(chain, key)
        state, plane = None, chain.planes.get(meaning.control_plane)
        if plane is not None and meaning.ref is not None:
            state = await self._read_state(plane, meaning, meaning.ref)
        return await asyncio.to_thread(self._seen, key, meaning, state)

    async def look_at_gateways(self, key: ResourceKey) -> SeenRunning:
        """Read the gateways of a resource again, and what was published for them.

        Raises:
            GkoError: nothing can be read.
        """
        chain = self._chain
        meaning = meaning_of(chain, key)
        if not self._followed():
            plane = chain.planes.get(meaning.control_plane)
            if plane is not None:
                async with self._reading.setdefault(meaning.control_plane, asyncio.Lock()):
                    await plane.observer.observe_once(chain.held)
            async with self._reading.setdefault("gateways", asyncio.Lock()):
                await chain.read_gateways(key)
        stopped = chain.stopped(key, meaning)
        finding, _ = await asyncio.to_thread(chain.gateway_cells.judge, key, meaning, stopped=stopped)
        return SeenRunning(finding.verdict, finding.causes)

    async def subscribers(self, key: ResourceKey) -> Count:
        """Count the live subscriptions of an API now; what cannot be counted is None."""
        return (await count_subscriptions([key], self._chain)).of

    def writer(self, control_plane: str) -> ControlPlaneWriter:
        """The writer of a control plane.

        Raises:
            GkoError: it is not known any longer.
        """
        plane = self._chain.planes.get(control_plane)
        if plane is None:
            raise GkoError("is not known any longer", subject=control_plane, next_step="make a new plan")
        return ControlPlaneWriter(plane.client)

    async def missing_plugins(self, control_plane: str, body: Body) -> tuple[str, ...]:
        """What a body needs that is not installed there, as sentences; its dry run does not look at that."""
        plane = self._chain.planes.get(control_plane)
        if plane is None:
            return ()
        async with self._reading.setdefault(f"plugins of {control_plane}", asyncio.Lock()):
            known = self._plugins.get(plane.client) or PluginCatalogue(plane.client, self._clock)
            self._plugins[plane.client] = known
            installed = await known.installed()
        return tuple(problem.sentence() for problem in plugin_problems(body, installed))

    def touched(self, control_plane: str, ref: StateRef) -> None:
        """It was written by us: whoever observes it may read it soon."""
        plane = self._chain.planes.get(control_plane)
        if plane is not None and self._followed():
            plane.observer.touched(ref)

    # ---------------------------------------------------------------------------------------

    async def _read_object(self, key: ResourceKey) -> None:
        address = self._address(key)
        if address is None:
            return
        from reconciler.cluster.applying import ObjectWriter

        body = await ObjectWriter(await self._chain.clients.of(key.cluster)).read(address)
        self._wrote(key, body)

    async def _read_state(self, plane: Plane, meaning: Meaning, ref: StateRef) -> PackedState | None:
        """Read a thing whole, and what only Management v2 tells of it."""
        held, name = self._chain.held, meaning.control_plane
        state = await ControlPlaneWriter(plane.client).read(ref)
        held.state(name, ref, state, self._clock())
        management = ManagementApi(plane.client)
        if ref.is_api:
            item = await management.api(meaning.id)
            held.entry(name, meaning.id, entry_of(item) if item is not None else None)
        elif ref.kind == SUBSCRIPTION and ref.api is not None:
            target = plane.target
            api = ref.api.id_in(target.organization, target.environment)
            held.subscriptions(name, api, await management.subscriptions(api), self._clock())
        return state

    def _seen(self, key: ResourceKey, meaning: Meaning, state: PackedState | None) -> Seen:
        chain, found = self._chain, self._chain.object(key)
        beyond = chain.cells(key, found)
        finding = beyond.control_plane if beyond is not None else NOTHING
        made = chain.control_plane_cells.body(key, found) if found is not None and meaning.ref else None
        return Seen(
            finding.verdict,
            finding.causes,
            found.uid if found is not None else "",
            found.generation if found is not None else 0,
            found is not None and accepted(found),
            meaning.control_plane,
            meaning.ref,
            self.digest(state),
            None if isinstance(made, Problems) else made,
            self._drops(key, found, made, state),
        )

    def _drops(
        self,
        key: ResourceKey,
        found: ClusterObject | None,
        made: Body | Problems | None,
        state: PackedState | None,
    ) -> tuple[str, ...]:
        """The access plans that are held and that the body leaves out."""
        if key.kind not in API_KINDS or found is None or state is None:
            return ()
        if made is None or isinstance(made, Problems):
            return ()
        return dropped_plans(self._chain.control_plane_cells.judgement(key, found, made, state).changes)


def accepted(found: ClusterObject) -> bool:
    """Whether the writer of the hop accepted the spec as it stands."""
    word = told_by_gko(whole(found))
    return word.seen and word.verdict is None
