"""Holds GKO's own lease on one cluster, and has the work done for as long as it is held (ENGINE §8, §10).

Each turn: who are the operators? → which of them are ours to replace? → let go of what is not → take or renew
what is → do their webhooks have somebody to answer? → work, or rest. A GKO that lives is never pushed aside:
its lease is waited for.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.cluster.leases import DURATION_S, RETRY_S, Lease
from reconciler.engine.charge.looking import instance_at, instances_of, survey, webhooks_of
from reconciler.engine.charge.obstacles import obstacles, silent_webhooks
from reconciler.engine.charge.operators import LEASE, Charge, Instance, Record, Who, charge_of
from reconciler.engine.charge.recording import write_record
from reconciler.engine.charge.working import Serves, Worker
from reconciler.engine.standing_in.desk import MayWrite
from reconciler.model.errors import ClusterError, GkoError

if TYPE_CHECKING:
    from reconciler.cluster.client import KubeClient
    from reconciler.settings.model import Cluster

Told = Callable[[str, Mapping[str, object]], None]
"""Told an event and its facts."""
Employ = Callable[[MayWrite, Serves], Worker]
"""Makes one that does the work; it knows nothing yet, and reads everything first."""
TOLD = "operator"


@dataclass(frozen=True, slots=True)
class Pace:
    """How often things are looked at, in seconds, and how long the lease holds."""

    retry_s: float = RETRY_S
    survey_s: float = 30.0
    duration_s: int = DURATION_S


class Post:
    """One cluster.

    Args:
        client: the connection; its owner closes it.
        spec: what is configured; `operator` is `gko-tui` or `auto`.
        employ: see `Employ`.
        identity: who we are as the holder of leases; no two processes have the same.
        clock: seconds since the epoch, of a clock that counts sleep.
        told: told when something about it changes.
        pace: see `Pace`.

    Attributes:
        instances: the operators as they were last seen.
    """

    def __init__(
        self,
        client: KubeClient,
        spec: Cluster,
        *,
        employ: Employ,
        identity: str,
        clock: Callable[[], float],
        told: Told,
        pace: Pace | None = None,
    ) -> None:
        self._client = client
        self._spec = spec
        self._employ = employ
        self._identity = identity
        self._clock = clock
        self._told = told
        self._pace = pace if pace is not None else Pace()
        self._leases: dict[str, Lease] = {}
        self._unreadable = "nothing was read yet"
        self._silent: str | None = None
        self._webhooks_at: float | None = None
        self._refused: dict[str, float] = {}
        self._work: asyncio.Task[None] | None = None
        self._stop_work = asyncio.Event()
        self._said: dict[str, str] = {}
        self.instances: tuple[Instance, ...] = ()

    # --- what others may ask -----------------------------------------------------------------

    def charge(self, namespace: str) -> Charge:
        """Who is in charge of a namespace, as far as this process saw last."""
        return charge_of(namespace, self.instances, unreadable=self._unreadable)

    def serves(self, namespace: str) -> bool:
        """Whether this very process is in charge of a namespace now."""
        covering = [one.namespace for one in self.instances if one.covers(namespace)]
        held = all(name in self._leases and self._leases[name].may_write(self._clock()) for name in covering)
        return held and self.charge(namespace).who is Who.GKO_TUI

    def may_write(self) -> float:
        """Until when a write that begins now must be over (seconds since the epoch); 0: none may begin."""
        now = self._clock()
        held = [lease for lease in self._leases.values() if lease.renewed_at is not None]
        if not held or self._silent is not None or not all(lease.may_write(now) for lease in held):
            return 0.0
        return min(lease.over_at() for lease in held)

    @property
    def is_working(self) -> bool:
        """Whether the work is being done here."""
        return self._work is not None and not self._work.done()

    # --- turns -------------------------------------------------------------------------------

    async def run(self, stop: asyncio.Event) -> None:
        """Hold the post until told to stop; then let go, so that the next one need not wait."""
        try:
            while not stop.is_set():
                wait = await self.turn()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), wait)
        finally:
            await self._rest()
            for namespace in tuple(self._leases):
                await self._let_go(namespace)

    async def turn(self) -> float:
        """One turn; returns how many seconds to wait before the next."""
        wait = self._pace.retry_s
        try:
            found = await self._found()
            wanted = [one for one in found if await self._is_wanted(one)]
        except GkoError as error:
            self._unreadable = error.sentence()
            self._say("", "unreadable", self._unreadable)
            await self._renew()  # what we hold is ours to judge again once it can be read
            if not self.may_write():
                await self._rest()
            return wait
        self._unreadable = ""
        if not found:
            self._say("", "observing", "no operator was ever there, and no take-over is recorded")
        names = {one.namespace for one in wanted}
        if self._leases.keys() - names:
            self.instances = found
            await self._rest()
            for namespace in self._leases.keys() - names:
                await self._let_go(namespace)
        for one in wanted:
            wait = min(wait, await self._hold(one))
        held = {name: lease for name, lease in self._leases.items() if lease.renewed_at is not None}
        self.instances = tuple(
            replace(one, holder=self._identity) if one.namespace in held else one for one in found
        )
        if not held:
            await self._rest()
            return wait
        try:
            await self._record(wanted)
            await self._look_at_webhooks()
        except GkoError as error:
            self._silent = error.sentence()
            self._say("", "paused", self._silent)
        if self._silent is not None:
            await self._rest()
        else:
            self._see_to_work()
        return wait

    # --- the checklist -----------------------------------------------------------------------

    async def _found(self) -> tuple[Instance, ...]:
        found = await instances_of(self._client)
        if not found and self._spec.operator == "gko-tui":
            if self._spec.state_namespace is None:
                raise ClusterError(
                    f"no operator was ever there, so nothing says where lease {LEASE} belongs",
                    subject=self._spec.name,
                    next_step="set state_namespace of this cluster",
                )
            found = (await instance_at(self._client, self._spec.state_namespace),)
        elif not found and self._spec.state_namespace is not None:
            found = (await instance_at(self._client, self._spec.state_namespace),)
        return found

    async def _is_wanted(self, one: Instance) -> bool:
        """Whether its lease is to be ours."""
        if one.record is not None:
            if one.record.handing_back:
                self._say(one.namespace, "handed back", one.record.reason)
            return not one.record.handing_back
        if self._spec.operator != "gko-tui":
            self._say(one.namespace, "observing", "no take-over is recorded")
            return False
        lease, now = self._leases.get(one.namespace), self._clock()
        if lease is not None and lease.renewed_at is not None:
            return True
        if now - self._refused.get(one.namespace, float("-inf")) < self._pace.survey_s:
            return False
        against = obstacles(await survey(self._client), one.scope)
        if against:
            why = "; ".join(f"{each.what} ({each.next_step})" for each in against)
            self._say(one.namespace, "refused", why)
            self._refused[one.namespace] = now
        return not against

    async def _hold(self, one: Instance) -> float:
        """Take or renew one lease; returns how many seconds to wait before trying again."""
        lease = self._leases.get(one.namespace)
        if lease is None:
            lease = Lease(
                self._client, one.namespace, LEASE, self._identity, duration_s=self._pace.duration_s
            )
            self._leases[one.namespace] = lease
        was_ours = lease.renewed_at is not None
        now = self._clock()
        try:
            attempt = await (lease.renew(now) if was_ours else lease.acquire(now))
        except GkoError as error:
            self._say(one.namespace, "waiting", error.sentence())
            return self._pace.retry_s
        if attempt.held:
            self._say(one.namespace, "in charge", f"holds lease {one.namespace}/{LEASE}")
            return self._pace.retry_s
        if was_ours:
            await self._rest()
        who = attempt.holder or "another one"
        self._say(
            one.namespace,
            "waiting",
            f"{who} holds lease {one.namespace}/{LEASE}; it is ours when that one is silent: restart GKO, "
            f"kubectl -n {one.namespace} rollout restart deployment -l control-plane=controller-manager",
        )
        return max(0.05, min(self._pace.retry_s, attempt.wait_s or self._pace.retry_s))

    async def _renew(self) -> None:
        for lease in self._leases.values():
            if lease.renewed_at is not None:
                with contextlib.suppress(GkoError):
                    await lease.renew(self._clock())

    async def _record(self, wanted: list[Instance]) -> None:
        """Write down a take-over that the configuration decided, once the lease is ours."""
        for one in wanted:
            if one.record is None and self._leases[one.namespace].renewed_at is not None:
                record = Record("gko-reconciler", "operator: gko-tui is configured", self._clock())
                record = await write_record(self._client, one.namespace, record)
                self.instances = tuple(
                    replace(seen, record=record) if seen.namespace == one.namespace else seen
                    for seen in self.instances
                )

    async def _look_at_webhooks(self) -> None:
        """Without anybody to answer its webhooks, the cluster refuses every write to these kinds."""
        now = self._clock()
        fresh = self._webhooks_at is not None and now - self._webhooks_at < self._pace.survey_s
        if fresh and self._silent is None:
            return
        found, unreadable = await webhooks_of(self._client)
        against = [f"{one.what} ({one.next_step})" for one in silent_webhooks(found)]
        against += [f"{what} cannot be looked at: {why}" for what, why in unreadable.items()]
        self._webhooks_at, self._silent = now, "; ".join(against) or None
        if self._silent is not None:
            self._say("", "paused", self._silent)
        else:
            self._said.pop("", None)

    # --- working -----------------------------------------------------------------------------

    def _see_to_work(self) -> None:
        """Begin, if nobody works; what broke is told, and begun anew."""
        if self.is_working:
            return
        if self._work is not None and not self._work.cancelled() and self._work.exception() is not None:
            self._said.pop("work", None)
            self._say("work", "failed", repr(self._work.exception()))
        self._stop_work = asyncio.Event()
        worker = self._employ(self.may_write, self.serves)
        self._work = asyncio.get_running_loop().create_task(worker.run(self._stop_work))

    async def _rest(self) -> None:
        """Begin nothing more, and see what is under way to its end: its writes are bounded by the lease."""
        work, self._work = self._work, None
        if work is None:
            return
        self._stop_work.set()
        await asyncio.gather(work, return_exceptions=True)

    async def _let_go(self, namespace: str) -> None:
        lease = self._leases.pop(namespace)
        if lease.renewed_at is None:
            return
        with contextlib.suppress(GkoError):  # it runs out by itself
            await lease.release(self._clock())

    def _say(self, namespace: str, state: str, why: str) -> None:
        """Tell what changed; not what stays."""
        if self._said.get(namespace) == f"{state} {why}":
            return
        self._said[namespace] = f"{state} {why}"
        place = {"namespace": namespace} if namespace else {}
        self._told(TOLD, {"cluster": self._spec.name, **place, "state": state, "why": why})
