"""One poll of one pod: the cheap things always, details only of what may have changed, within a budget."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from reconciler.gateways.failures import GatewayError, short

if TYPE_CHECKING:
    from reconciler.gateways.facts import Health, ListedApi, NodeFacts, SyncFacts
    from reconciler.gateways.technical_api import TechnicalApi
    from reconciler.gateways.watching import GatewaySink

CHANGED_PER_POLL = 200
"""Details read in one poll because something changed or was asked for; the rest waits for the next one."""
AGED_PER_POLL = 20
"""Details read in one poll only because their turn has come: 1,000 APIs in 50 polls."""
AT_A_TIME = 4
WITHOUT_ANSWER = 3
"""So many requests of one poll without any answer end it: the pod is away, not one of its APIs."""
_NAMED = 3


class PodPoll:
    """What is remembered between two polls of a pod, so that little has to be asked.

    Args:
        gateway: the gateway's name.
        pod: the pod's.
        api: its technical API; the caller closes it.
        sink: who is told.
        clock: seconds since the epoch.
    """

    def __init__(
        self, gateway: str, pod: str, api: TechnicalApi, sink: GatewaySink, clock: Callable[[], float]
    ) -> None:
        self._gateway = gateway
        self._pod = pod
        self._api = api
        self._sink = sink
        self._clock = clock
        self._facts: NodeFacts | None = None
        self._health: Health | None = None
        self._untold = ""
        self._sync: SyncFacts | None = None
        self._known: dict[str, ListedApi] = {}
        self._digests: dict[str, bytes] = {}
        self._wanted: dict[str, float] = {}
        self._unread: dict[str, GatewayError] = {}
        self._turn: deque[str] = deque()
        self._doubles: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        """The version the pod runs; empty before the first poll."""
        return self._facts.version if self._facts is not None else ""

    def want(self, api_ids: Iterable[str], until: float) -> None:
        """Read these in every poll until they have changed, or that instant has passed; once in any case.

        Args:
            api_ids: what is not deployed is passed over: it is read when it is listed.
            until: seconds since the epoch.
        """
        for api_id in api_ids:
            self._wanted[api_id] = max(until, self._wanted.get(api_id, 0.0))

    async def once(self, *, whole: bool = False) -> None:
        """Poll the pod and tell the sink.

        Args:
            whole: read the details of every API instead of those within the budget.

        Raises:
            GatewayError: something could not be read; what was read before it has been told.
        """
        await self._read_node()
        at = self._clock()
        listed = await self._api.apis()
        apis = {api.id: api for api in listed}
        self._doubles = _twice(listed)
        self._sink.listed(self._gateway, self._pod, frozenset(apis), at)
        for remembered in (self._known, self._digests, self._unread):
            for api_id in remembered.keys() - apis.keys():
                del remembered[api_id]
        due = list(apis) if whole else self._due(apis)
        await self._read(due, apis)

    def phase(self) -> tuple[str, str]:
        """How well the pod could be read in the last poll: a phase and a message."""
        if self._doubles:
            named = ", ".join(short(api_id) for api_id in self._doubles[:_NAMED])
            return (
                "partial",
                f"lists {len(self._doubles)} API(s) more than once: {named}; look at the gateway's log, "
                "a reload of its APIs may help",
            )
        if self._unread:
            more = f" (and {len(self._unread) - 1} more APIs)" if len(self._unread) > 1 else ""
            return "partial", f"{next(iter(self._unread.values())).sentence()}{more}"
        if self._health is not None and not self._health.healthy:
            probes = [
                f"{short(probe)} ({short(message)})" if message else short(probe)
                for probe, message in sorted(self._health.failed.items())
            ]
            return "partial", f"the node is not healthy: {', '.join(probes[:_NAMED])}"
        if self._untold:
            return "partial", self._untold
        if self._sync is not None and not self._sync.initial_done:
            return "partial", "has not finished its first synchronisation"
        return "ready", ""

    # ---------------------------------------------------------------------------------------

    async def _read_node(self) -> None:
        facts, health, sync = await asyncio.gather(
            self._api.node(), self._api.health(), self._api.sync(), return_exceptions=True
        )
        if isinstance(facts, BaseException):
            raise facts
        for trouble in (health, sync):
            if isinstance(trouble, BaseException) and not isinstance(trouble, GatewayError):
                raise trouble
        if self._facts is not None and self._facts.id != facts.id:
            for remembered in (self._known, self._digests, self._unread):
                remembered.clear()  # another process answers: nothing of the last one counts
        self._facts = facts
        self._health = None if isinstance(health, BaseException) else health
        self._untold = next((t.sentence() for t in (health, sync) if isinstance(t, GatewayError)), "")
        self._sync = None if isinstance(sync, BaseException) else sync
        self._sink.node(self._gateway, self._pod, facts, self._health, self._sync)

    def _due(self, apis: dict[str, ListedApi]) -> list[str]:
        """Which details to read now: asked for, then new or renamed, then those whose turn it is."""
        asked = [api_id for api_id in apis if api_id in self._wanted]
        changed = [
            api_id
            for api_id, api in apis.items()
            if self._known.get(api_id) != api and api_id not in self._wanted
        ]
        due = [*asked, *changed][:CHANGED_PER_POLL]
        chosen = set(due)
        waiting = set(self._turn)
        self._turn.extend(api_id for api_id in apis if api_id not in waiting)
        room = min(AGED_PER_POLL, len(self._turn))
        while room and self._turn:
            api_id = self._turn.popleft()
            if api_id in apis and api_id not in chosen:
                due.append(api_id)
                chosen.add(api_id)
                room -= 1
        return due

    async def _read(self, due: list[str], apis: dict[str, ListedApi]) -> None:
        """Read details, a few at a time. One API that cannot be read is noted, and the others go on.

        Raises:
            GatewayError: the pod refuses us, or does not answer any more.
        """
        waiting = deque(due)
        silent = 0

        async def worker() -> None:
            nonlocal silent
            while waiting:
                api_id = waiting.popleft()
                until = self._wanted.pop(api_id, 0.0)
                try:
                    await self._read_one(apis[api_id], until)
                except GatewayError as error:
                    silent += error.status is None
                    if error.status == 401 or silent >= min(WITHOUT_ANSWER, len(due)):
                        raise
                    self._unread[api_id] = error

        workers = [asyncio.create_task(worker()) for _ in range(min(AT_A_TIME, len(due)))]
        try:
            await asyncio.gather(*workers)
        finally:
            for task in workers:
                task.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _read_one(self, listed: ListedApi, until: float) -> None:
        deployed = await self._api.api(listed.id)
        self._unread.pop(listed.id, None)
        if deployed is None:
            return  # it has gone since the list was read: the next list says so
        now = self._clock()
        if now < until and self._digests.get(listed.id) == deployed.digest:
            self.want([listed.id], until)
        self._known[listed.id] = listed
        self._digests[listed.id] = deployed.digest
        self._sink.api(self._gateway, self._pod, deployed, now)


def _twice(listed: Iterable[ListedApi]) -> tuple[str, ...]:
    seen: set[str] = set()
    doubles: dict[str, None] = {}
    for api in listed:
        if api.id in seen:
            doubles[api.id] = None
        seen.add(api.id)
    return tuple(doubles)
