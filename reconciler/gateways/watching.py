"""Reads one gateway once, or keeps reading it for ever: pods come and go, each is polled by itself.

A poll is cheap: node, health, synchronisation and the list of APIs. The list does not tell revisions, so
details are read of what is new there, of what the engine asks for (the control plane published something),
and of a few others in turn, within a number of requests per poll.
"""

from __future__ import annotations

import asyncio
import random as chance
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from reconciler.gateways.failures import GatewayError, subject_of
from reconciler.gateways.pod_poll import PodPoll
from reconciler.model.errors import GkoError
from reconciler.model.rows import PlaceState
from reconciler.model.verdicts import Place

if TYPE_CHECKING:
    from reconciler.gateways.facts import DeployedApi, Health, NodeFacts, SyncFacts
    from reconciler.gateways.places import GatewayPlace, Pods

POLL_S = 5.0
"""As often as a gateway itself polls."""
EXPECT_S = 20.0
"""How long after a deployment its arrival is looked for in every poll."""
LONGEST_S = 60.0
"""The longest wait between two tries of a pod, or of the list of pods, that cannot be read."""


class GatewaySink(Protocol):
    """Told everything that is read from a gateway, in order, on the event loop; it must not block.

    A pod is named by its name, or by the empty text where the gateway is known by its URL only.
    """

    def pods(self, gateway: str, pods: frozenset[str]) -> None:
        """The gateway has exactly these pods that can be asked."""

    def node(
        self, gateway: str, pod: str, facts: NodeFacts, health: Health | None, sync: SyncFacts | None
    ) -> None:
        """What the pod says of itself. Another node id than before: forget what was told of its APIs."""

    def listed(self, gateway: str, pod: str, api_ids: frozenset[str], at: float) -> None:
        """The pod has exactly these APIs deployed, as of that instant (seconds since the epoch)."""

    def api(self, gateway: str, pod: str, api: DeployedApi, at: float) -> None:
        """How one API is deployed on a pod, as of that instant."""

    def state(self, gateway: str, pod: str | None, state: PlaceState) -> None:
        """How well one pod, or (None) the whole gateway, can be read."""


class GatewayObserver:
    """Observes one gateway.

    Args:
        gateway: its name.
        place: finds its pods and the way to them.
        clock: seconds since the epoch.
        sleep: waits for some seconds.
        random: gives numbers in [0, 1), for jitter.
        poll_s: seconds between two polls of a pod.
    """

    def __init__(
        self,
        gateway: str,
        place: GatewayPlace,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        random: Callable[[], float] = chance.random,
        poll_s: float = POLL_S,
    ) -> None:
        self.gateway = gateway
        self._place = place
        self._clock = clock
        self._sleep = sleep
        self._random = random
        self._poll_s = poll_s
        self._polls: dict[str, PodPoll] = {}
        self._wake: dict[str, asyncio.Event] = {}
        self._phases: dict[str, tuple[str, str]] = {}
        self._versions: dict[str, str] = {}
        self._waiting: tuple[str, ...] = ()
        self._told: tuple[str, str] | None = None

    def look_at(self, api_ids: Iterable[str], *, for_s: float = EXPECT_S) -> None:
        """Read these APIs on every pod now, and in every poll until they have changed there.

        Args:
            api_ids: what was published, or what a person looks at.
            for_s: for how many seconds a change is expected.
        """
        wanted = frozenset(api_ids)
        until = self._clock() + for_s
        for pod, poll in self._polls.items():
            poll.want(wanted, until)
            self._wake[pod].set()

    async def observe_once(self, sink: GatewaySink) -> None:
        """Read every pod whole, all at the same time. What cannot be read is a state told to the sink."""
        self._tell(sink, None, "waiting", "looking for its pods")
        try:
            pods = await self._place.pods()
        except GkoError as error:
            self._tell(sink, None, "failed", error.sentence())
            return
        self._note(sink, pods)
        async with asyncio.TaskGroup() as tasks:
            for pod, port in pods.running.items():
                tasks.create_task(self._read_whole(sink, pod, port))
        self._summarise(sink)

    async def run(self, sink: GatewaySink) -> None:
        """Observe until cancelled; every failure is told to the sink, waited for and tried again."""
        running: dict[str, tuple[int, asyncio.Task[None]]] = {}
        failures = 0
        self._tell(sink, None, "waiting", "looking for its pods")
        try:
            while True:
                wait = self._poll_s
                try:
                    pods = await self._place.pods()
                except GkoError as error:
                    wait = self._backoff(failures)
                    failures += 1
                    if getattr(error, "reason", "") == "no-pods":
                        self._waiting, self._phases = (), {}
                        sink.pods(self.gateway, frozenset())
                        await self._adjust(sink, {}, running)
                    self._tell(sink, None, "failed", error.sentence(), retry_at=self._clock() + wait)
                else:
                    failures = 0
                    self._note(sink, pods)
                    await self._adjust(sink, pods.running, running)
                    self._summarise(sink)
                await self._pause(wait, running)
        finally:
            await _end(task for _, task in running.values())

    # ---------------------------------------------------------------------------------------

    async def _read_whole(self, sink: GatewaySink, pod: str, port: int) -> None:
        api = self._place.api(pod, port)
        poll = PodPoll(self.gateway, pod, api, sink, self._clock)
        try:
            await poll.once(whole=True)
        except GatewayError as error:
            self._tell(sink, pod, "failed", error.sentence())
        else:
            self._versions[pod] = poll.version
            self._tell(sink, pod, *poll.phase())
        finally:
            await api.aclose()

    async def _adjust(
        self,
        sink: GatewaySink,
        wanted: Mapping[str, int],
        running: dict[str, tuple[int, asyncio.Task[None]]],
    ) -> None:
        """Poll exactly the pods that there are."""
        leaving = [pod for pod, (port, _) in running.items() if wanted.get(pod) != port]
        await _end([running.pop(pod)[1] for pod in leaving])
        for pod in leaving:
            self._polls.pop(pod, None)
            self._phases.pop(pod, None)
            self._versions.pop(pod, None)
        for pod, port in wanted.items():
            if pod not in running:
                self._wake[pod] = asyncio.Event()
                running[pod] = (port, asyncio.create_task(self._follow(sink, pod, port)))

    async def _follow(self, sink: GatewaySink, pod: str, port: int) -> None:
        """Poll one pod for as long as it is there."""
        api = self._place.api(pod, port)
        poll = self._polls[pod] = PodPoll(self.gateway, pod, api, sink, self._clock)
        failures = 0
        try:
            while True:
                self._wake[pod].clear()
                wait = self._poll_s
                try:
                    await poll.once()
                except GatewayError as error:
                    wait = max(self._poll_s, self._backoff(failures))
                    failures += 1
                    self._tell(sink, pod, "failed", error.sentence(), retry_at=self._clock() + wait)
                else:
                    failures = 0
                    self._versions[pod] = poll.version
                    self._tell(sink, pod, *poll.phase())
                self._summarise(sink)
                await self._sleep_or(self._wake[pod], wait)
        finally:
            await api.aclose()

    def _backoff(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row: doubling, with half of it left to chance."""
        longest = min(LONGEST_S, self._poll_s * 2.0 ** min(failures, 8))
        return float(longest * (0.5 + 0.5 * self._random()))

    async def _sleep_or(self, event: asyncio.Event, seconds: float) -> None:
        """Wait for some seconds, or until something is wanted."""
        minute = asyncio.ensure_future(self._sleep(seconds))
        wanted = asyncio.create_task(event.wait())
        try:
            await asyncio.wait({minute, wanted}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _end([minute, wanted])

    async def _pause(self, seconds: float, running: dict[str, tuple[int, asyncio.Task[None]]]) -> None:
        """Wait; a fault in a pod's task (never one of the gateway's making) is raised here."""
        minute = asyncio.ensure_future(self._sleep(seconds))
        tasks = {task for _, task in running.values()}
        try:
            done, _ = await asyncio.wait({minute, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _end([minute])
        for task in done - {minute}:
            task.result()

    # ---------------------------------------------------------------------------------------

    def _note(self, sink: GatewaySink, pods: Pods) -> None:
        self._waiting = tuple(f"{name}: {why}" for name, why in sorted(pods.waiting.items()))
        names = frozenset(pods.running)
        self._phases = {pod: self._phases.get(pod, ("waiting", "is being read")) for pod in names}
        sink.pods(self.gateway, names)

    def _summarise(self, sink: GatewaySink) -> None:
        """Fold the pods into the gateway's own state."""
        phases = self._phases
        failed = {pod: told for pod, (phase, told) in phases.items() if phase == "failed"}
        partial = {pod: told for pod, (phase, told) in phases.items() if phase == "partial"}
        if not phases:
            phase, message = "failed", f"none of its pods runs yet: {'; '.join(self._waiting)}"
        elif failed:
            phase = "failed" if len(failed) == len(phases) else "partial"
            told = next(iter(failed.values()))
            message = (
                told if len(phases) == 1 else f"{len(failed)} of {len(phases)} pods cannot be read: {told}"
            )
        elif partial:
            phase, message = "partial", next(iter(partial.values()))
        elif any(phase == "waiting" for phase, _ in phases.values()):
            phase, message = "waiting", "its pods are being read"
        else:
            phase, message = "ready", "; ".join(self._waiting)
        self._tell(sink, None, phase, message)

    def _tell(
        self, sink: GatewaySink, pod: str | None, phase: str, message: str, *, retry_at: float | None = None
    ) -> None:
        if pod is not None:
            self._phases[pod] = (phase, message)
        elif self._told == (phase, message) and retry_at is None:
            return
        else:
            self._told = (phase, message)
        name = subject_of(self.gateway, pod or "")
        detail = self._detail(pod)
        now = self._clock()
        sink.state(self.gateway, pod, PlaceState(Place.GATEWAY, name, phase, message, now, retry_at, detail))

    def _detail(self, pod: str | None) -> str:
        """The version a pod runs, or those that the gateway's pods run."""
        told = self._versions.values() if pod is None else [self._versions.get(pod, "")]
        return ", ".join(sorted({version for version in told if version}))


async def _end(tasks: Iterable[asyncio.Future[Any]]) -> None:
    """Cancel tasks and wait until they are gone; what they raised is of no interest any more."""
    ending = list(tasks)
    for task in ending:
        task.cancel()
    await asyncio.gather(*ending, return_exceptions=True)
