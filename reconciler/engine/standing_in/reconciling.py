"""One resource, brought to where it goes: the checklist of standing in for GKO (DOMAIN §2.3, §2.5).

deleted? → held by others? → out of APIM → its ConfigMap → what it used → its finalizer. Else: resolve, build,
compare → marks → PUT where something differs → ConfigMap → marks → status → event → when to come again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.cluster.addresses import Address
from reconciler.cluster.events import Events
from reconciler.cluster.finalizers import write_marks
from reconciler.cluster.status_writing import write_status
from reconciler.engine.standing_in.bringing import Bringing, Brought
from reconciler.engine.standing_in.local_mode import keep_config_map
from reconciler.engine.standing_in.looking import Looking
from reconciler.engine.standing_in.marking import Marking
from reconciler.engine.standing_in.planes import Planes
from reconciler.engine.standing_in.surroundings import Surroundings, Thing
from reconciler.engine.standing_in.used import Used
from reconciler.engine.standing_in.withdrawing import withdraw
from reconciler.model.errors import ClusterError
from reconciler.rules.apim.standing_in.deleting import deletion_of, has_to_let_go, held
from reconciler.rules.apim.standing_in.events import Event, event_after, event_started
from reconciler.rules.apim.standing_in.local import config_map_for
from reconciler.rules.apim.standing_in.marks import is_ingress_template, released
from reconciler.rules.apim.standing_in.retrying import Again, Parked, retry_of
from reconciler.rules.apim.standing_in.settled import is_settled
from reconciler.rules.apim.standing_in.status import status_after
from reconciler.rules.apim.standing_in.told import Told, failed, kept_here

API_KINDS = ("ApiV4Definition", "ApiDefinition")


@dataclass(frozen=True, slots=True)
class Work:
    """What came of one reconcile.

    Attributes:
        thing: the resource.
        told: what its status says now; None where there was nothing to do, or it moved meanwhile.
        again: when to come again by itself; None: when something changes.
        asked: what was looked up, whether or not it exists: its changes concern this resource.
        put: something was sent to the control plane.
        moved: it changed while it was being worked on: to be done anew, at once.
        trouble: the cluster could not be written to; a sentence.
        at_least_s: how many seconds the control plane asked to wait.
    """

    thing: Thing
    told: Told | None = None
    again: Again | Parked | None = None
    asked: frozenset[Thing] = frozenset()
    put: bool = False
    moved: bool = False
    trouble: str = ""
    at_least_s: float = 0.0


class StandIn:
    """Reconciles the resources of one cluster.

    Args:
        surroundings: the cluster.
        planes: its control planes.
        events: where events go.
        clock: seconds since the epoch.
        key: this process's digest key.
    """

    def __init__(
        self,
        surroundings: Surroundings,
        planes: Planes,
        events: Events,
        clock: Callable[[], float],
        key: bytes,
    ) -> None:
        self.surroundings = surroundings
        self._planes = planes
        self._events = events
        self._clock = clock
        self._bringing = Bringing(planes, key)
        self._used = Used(surroundings)

    async def reconcile(
        self, thing: Thing, attempt: int = 1, *, before: float | None = None, first: bool = False
    ) -> Work:
        """Reconcile one resource once.

        Args:
            thing: the resource.
            attempt: how many attempts in a row this is; the last ones failed.
            before: the instant (seconds since the epoch) at which every write must be over.
            first: it was never looked at before: what is settled is left as it is.
        """
        obj, address = self.surroundings.get(thing), self.surroundings.address(thing)
        if obj is None or address is None:
            return Work(thing)
        try:
            if first and is_settled(obj):
                return Work(thing, asked=await self._bringing.uses(obj, Looking(self.surroundings)))
            if obj["metadata"].get("deletionTimestamp"):
                return await self._finish(thing, obj, address, attempt, before)
            if is_ingress_template(obj):
                return await self._keep_template(thing, obj, address)
            return await self._update(thing, obj, address, attempt, before)
        except ClusterError as error:
            return Work(thing, again=Again(1.0), trouble=error.sentence(), moved=error.status == 409)

    async def _keep_template(self, thing: Thing, obj: dict[str, Any], address: Address) -> Work:
        """A template of Ingresses goes nowhere by itself: it is marked and accepted."""
        now = await Marking(self.surroundings, obj, address, at_once=False).accepted()
        if now is None:
            return Work(thing, moved=True)
        told = kept_here()
        status = status_after(now, told, int(now["metadata"].get("generation") or 1), self._clock())
        moved = bool(status) and await self._write_status(thing, address, now, status)
        return Work(thing, told, moved=moved)

    # --- bringing --------------------------------------------------------------------------

    async def _update(
        self, thing: Thing, obj: dict[str, Any], address: Address, attempt: int, before: float | None
    ) -> Work:
        looking = Looking(self.surroundings)
        await self._emit(obj, event_started(obj))
        marking = Marking(self.surroundings, obj, address, at_once=attempt == 1)
        brought = await self._bringing.bring(obj, looking, marking.begun, before=before)
        asked = frozenset(looking.asked)
        if brought.told is None:
            return Work(thing, asked=asked, moved=True)
        told = await self._local(thing, obj, brought, brought.told)
        if not told.accepted:
            await marking.failed()
        elif await marking.accepted() is None:
            return Work(thing, asked=asked, put=brought.put, moved=True)
        now = self.surroundings.get(thing) or obj
        status = status_after(now, told, int(obj["metadata"].get("generation") or 1), self._clock())
        moved = bool(status) and await self._write_status(thing, address, obj, status)
        await self._used.note(thing, now)
        await self._used.count_subscriptions(now)
        await self._emit(now, event_after(now, told))
        again = retry_of(told, attempt)
        return Work(thing, told, again, asked, brought.put, moved, at_least_s=brought.asked_s)

    async def _local(self, thing: Thing, obj: dict[str, Any], brought: Brought, told: Told) -> Told:
        """Keep the API's ConfigMap; only after its control plane took it."""
        if thing.kind not in API_KINDS or not told.accepted or brought.body is None:
            return told
        place = (told.organization, told.environment) if told.sent else ()
        wanted = config_map_for(obj, brought.body.content, *place)
        known = self.surroundings.config_map(thing)
        now, failure = await keep_config_map(self.surroundings.client, obj, known, wanted)
        self.surroundings.note_config_map(thing, now)
        return told if failure is None else failed(failure)

    # --- letting go ------------------------------------------------------------------------

    async def _finish(
        self, thing: Thing, obj: dict[str, Any], address: Address, attempt: int, before: float | None
    ) -> Work:
        if not has_to_let_go(obj):
            await self._used.forget(thing, obj)
            return Work(thing)
        await self._emit(obj, event_started(obj, deleting=True))
        looking = Looking(self.surroundings)
        others = self.surroundings.every(*deletion_of(thing.kind).held_by)
        blocked = held(obj, others) if deletion_of(thing.kind).held_by else None
        if blocked is not None:
            told = failed(blocked, deleting=True)
        else:
            told = await withdraw(obj, looking, self._planes, before=before)
        if told.accepted and thing.kind in API_KINDS:
            await keep_config_map(self.surroundings.client, obj, self.surroundings.config_map(thing), None)
        if not told.accepted:
            status = status_after(obj, told, int(obj["metadata"].get("generation") or 1), self._clock())
            moved = bool(status) and await self._write_status(thing, address, obj, status)
            await self._emit(obj, event_after(obj, told))
            return Work(thing, told, retry_of(told, attempt), frozenset(looking.asked), moved=moved)
        # Said before it is done: events about what is gone are refused where its namespace goes too.
        await self._emit(obj, event_after(obj, told))
        await self._used.forget(thing, obj)
        left = await write_marks(self.surroundings.client, address, obj, released)
        if left is None:
            self.surroundings.gone(thing)
        else:
            self.surroundings.note({**left, "apiVersion": address.api_version, "kind": address.kind})
        await self._used.count_subscriptions(obj)
        return Work(thing, told, put=True)

    # --- writing ---------------------------------------------------------------------------

    async def _write_status(
        self, thing: Thing, address: Address, obj: Mapping[str, Any], status: Mapping[str, Any]
    ) -> bool:
        judged = self.surroundings.get(thing) or dict(obj)
        written = await write_status(self.surroundings.client, address, judged, status)
        if written.body is not None and not written.unchanged:
            self.surroundings.note({**written.body, "apiVersion": address.api_version, "kind": address.kind})
        return written.moved

    async def _emit(self, obj: Mapping[str, Any], event: Event | None) -> None:
        if event is not None:
            await self._events.emit(obj, event.type, event.reason, event.message, event.component)
