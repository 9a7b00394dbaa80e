"""Keeps up with one kind of one cluster: lists it, then watches, and begins again where that breaks off.

https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import orjson

from reconciler.cluster.failures import event_failure, unexpected_answer
from reconciler.cluster.listing import is_object, kind_path, list_kind, refusal
from reconciler.cluster.objects import key_of
from reconciler.cluster.rim import Backoff, Rim
from reconciler.model.errors import ClusterError, ConfigurationError

if TYPE_CHECKING:
    from reconciler.cluster.client import KubeClient
    from reconciler.cluster.kinds import ServedKind
    from reconciler.cluster.listing import Page
    from reconciler.cluster.sink import ClusterSink
    from reconciler.cluster.states import ClusterStates
    from reconciler.model.keys import ResourceKey

SILENCE_S = 70.0
"""Longer silence may mean that nobody is there, so the watch is made anew (ENGINE §7)."""
MOST_SILENCES = 8
"""So many silences in a row are listed anew, in case something swallows the events. Not sooner: a real
server sends no bookmark for a kind until its revision has moved (observed: the first after 120 s), and
listing a quiet fleet every other minute would cost it more than all else."""
WATCH_S = 300.0
"""The shortest time after which the server is asked to end a watch; up to twice that, so that they spread."""
POLL_S = 60.0
"""How often a kind is listed that may be listed but not watched."""
FORBIDDEN_S = 30.0
"""The shortest wait before a refused kind is tried again: rights change by hand."""
AT_ONCE_S = 1.0
"""A watch that ends sooner than this, without a word, has not worked."""


@dataclass(slots=True, eq=False)
class Scope:
    """One namespace, or (None) all of them: where its watch stands, and what it holds."""

    namespace: str | None
    position: str = ""
    listed: bool = False
    keys: set[ResourceKey] = field(default_factory=set)
    failure: ClusterError | None = None
    note: str = ""
    """Why it is only read in part."""
    connected: bool = False
    heard: bool = False
    silences: int = 0


class Pages(Protocol):
    """A way to list a kind page by page."""

    def __call__(
        self, client: KubeClient, kind: ServedKind, *, namespace: str | None
    ) -> AsyncIterator[Page]: ...


async def list_scope(
    client: KubeClient,
    kind: ServedKind,
    namespace: str | None,
    sink: ClusterSink,
    *,
    after: asyncio.Event | None = None,
    pages: Pages = list_kind,
) -> tuple[set[ResourceKey], str]:
    """List a kind in one scope into the sink; return the keys and the position for a watch.

    Args:
        client: the cluster.
        kind: what to list.
        namespace: the scope; None means everywhere.
        sink: who is told each page.
        after: what the sink must be told first; the first page is asked for meanwhile.
        pages: how the server is asked.

    Raises:
        ClusterError: it could not be read whole.
    """
    keys: set[ResourceKey] = set()
    position = ""
    async for page in pages(client, kind, namespace=namespace):
        if after is not None:
            await after.wait()
        if page.restarted:
            keys.clear()
        keys.update(key_of(client.name, kind.kind, item) for item in page.items)
        sink.page(client.name, kind.kind, page.items)
        position = page.resource_version
    return keys, position


def scopes_of(kind: ServedKind, namespaces: Sequence[str]) -> list[str | None]:
    """Where a kind is read: in each of these namespaces, or everywhere if none are given."""
    return list(dict.fromkeys(namespaces)) if namespaces and kind.namespaced else [None]


class KindFollower:
    """Follows one kind. It outlives connections: a new one continues where the last one stood.

    Args:
        kind: the kind.
        namespaces: those it is restricted to; empty means all.
        sink: who is told what is read.
        states: who is told how well that goes.
        rim: clock, sleep and chance.
        suspect: called when the cluster as a whole, or what it serves, may have changed.
        gate: how many listings may be under way at a time (each holds a page in memory).
    """

    def __init__(
        self,
        kind: ServedKind,
        namespaces: Sequence[str],
        sink: ClusterSink,
        states: ClusterStates,
        rim: Rim,
        suspect: Callable[[], None],
        gate: asyncio.Semaphore,
    ) -> None:
        self.kind = kind
        self._scopes = [Scope(namespace) for namespace in scopes_of(kind, namespaces)]
        self._sink = sink
        self._states = states
        self._rim = rim
        self._suspect = suspect
        self._gate = gate

    async def run(self, client: KubeClient) -> None:
        """Follow until cancelled; what goes wrong is told, waited for and tried again."""
        async with asyncio.TaskGroup() as tasks:
            for scope in self._scopes:
                tasks.create_task(self._follow(client, scope))

    # --- one scope -------------------------------------------------------------------------

    async def _follow(self, client: KubeClient, scope: Scope) -> None:
        backoff = Backoff(self._rim.random)
        while True:
            try:
                if not scope.position:
                    await self._list(client, scope)
                await self._watch_or_poll(client, scope)
                backoff.reset()
            except ConfigurationError:  # discovery meets it too, and says it of the cluster
                self._suspect()
                await self._rim.sleep(backoff.next())
            except ClusterError as error:
                if scope.heard:
                    backoff.reset()
                wait = self._after(error, scope, backoff)
                if wait is not None:
                    await self._rim.sleep(wait)
            scope.heard = False

    def _after(self, error: ClusterError, scope: Scope, backoff: Backoff) -> float | None:
        """Decide what follows from a failure: the seconds to wait, or None to go on at once."""
        first = backoff.failures == 0
        wait = backoff.next()
        if error.reason in ("gone", "protocol"):
            scope.position = ""
            if error.reason == "gone" and first:
                return None
        if error.status in (403, 405):
            wait = max(wait, FORBIDDEN_S)
        elif error.status in (None, 401, 404) or error.reason == "protocol":
            # Perhaps the whole cluster is away, refuses us, or no longer serves this kind. If so, that
            # will be said of the cluster; of the kind only if it happens again while the cluster answers.
            self._suspect()
            if first:
                return wait
        scope.failure = error
        self._tell(retry_at=self._rim.clock() + wait)
        return wait

    async def _list(self, client: KubeClient, scope: Scope) -> None:
        async with self._gate:
            scope.keys, position = await list_scope(client, self.kind, scope.namespace, self._sink)
        scope.listed, scope.failure = True, None
        if all(other.listed for other in self._scopes):
            keys: set[ResourceKey] = set().union(*(other.keys for other in self._scopes))
            self._sink.listed(client.name, self.kind.kind, keys)
        if len(self._scopes) == 1:
            scope.keys = set()  # only needed to complete the listings of other scopes
        scope.position = position
        self._tell()

    def _tell(self, retry_at: float | None = None) -> None:
        failures = [scope.failure for scope in self._scopes if scope.failure is not None]
        if failures:
            self._states.kind_failed(self.kind.kind, failures[0], retry_at=retry_at)
        elif all(scope.listed for scope in self._scopes):
            note = next((scope.note for scope in self._scopes if scope.note), "")
            if note:
                self._states.kind_partial(self.kind.kind, note)
            else:
                self._states.kind_ready(self.kind.kind)

    # --- its watch -------------------------------------------------------------------------

    async def _watch_or_poll(self, client: KubeClient, scope: Scope) -> None:
        """Watch until the server ends it in good order; where watching is not allowed, wait and list."""
        try:
            await self._watch(client, scope)
        except ClusterError as error:
            if error.status not in (403, 405):
                raise
            why = refusal(error, self.kind, scope.namespace, "watch").sentence()
            scope.note = f"listed every {POLL_S:g} s only: {why}"
            self._tell()
            await self._rim.sleep(POLL_S)
            scope.position = ""

    async def _watch(self, client: KubeClient, scope: Scope) -> None:
        scope.connected = False
        silent_since = [self._rim.clock()]
        reading = asyncio.create_task(self._read(client, scope, silent_since))
        waiting = asyncio.create_task(self._until_silent(scope, silent_since))
        try:
            await asyncio.wait({reading, waiting}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            over = reading.done()
            for task in (reading, waiting):
                task.cancel()
            await asyncio.gather(reading, waiting, return_exceptions=True)
        if over:
            reading.result()
            return
        scope.silences += 1
        if scope.silences >= MOST_SILENCES:
            scope.position = ""

    async def _until_silent(self, scope: Scope, silent_since: list[float]) -> None:
        while (left := silent_since[0] + SILENCE_S - self._rim.clock()) > 0:
            troubled = scope.failure is not None or scope.note
            await self._rim.sleep(min(left, AT_ONCE_S if troubled else SILENCE_S))
            if scope.connected:
                self._recovered(scope)

    async def _read(self, client: KubeClient, scope: Scope, silent_since: list[float]) -> None:
        params: dict[str, object] = {
            "watch": True,
            "allowWatchBookmarks": True,
            "resourceVersion": scope.position,
            "timeoutSeconds": int(WATCH_S * (1 + self._rim.random())),
        }
        began = self._rim.clock()
        path = kind_path(self.kind, scope.namespace)
        async with contextlib.aclosing(client.stream_lines(path, params)) as lines:
            async for line in lines:
                scope.connected = True
                if line:
                    silent_since[0] = self._rim.clock()
                    self._take(client, scope, line)
                    scope.heard, scope.silences = True, 0
                    self._recovered(scope)
                else:  # the server took the request: that is a sign of life, though nothing has happened
                    self._sink.fresh(client.name, self.kind.kind)
        if not scope.heard and self._rim.clock() - began < AT_ONCE_S:
            raise ClusterError("the watch ended at once", subject=client.name, reason="server")

    def _recovered(self, scope: Scope) -> None:
        if scope.failure is not None or scope.note:
            scope.failure, scope.note = None, ""
            self._tell()

    def _take(self, client: KubeClient, scope: Scope, line: bytes) -> None:
        """Handle one event of the watch."""
        try:
            event = orjson.loads(line)
        except orjson.JSONDecodeError:
            raise _malformed(client) from None
        type_, item = (event.get("type"), event.get("object")) if isinstance(event, dict) else (None, None)
        if type_ == "ERROR":
            raise event_failure(client.name, item)
        metadata = item.get("metadata") if isinstance(item, dict) else None
        if not isinstance(metadata, dict):
            raise _malformed(client)
        name = self.kind.kind
        if type_ == "BOOKMARK":
            self._sink.fresh(client.name, name)
        elif type_ in ("ADDED", "MODIFIED", "DELETED") and is_object(item):
            if len(self._scopes) > 1:
                change = scope.keys.discard if type_ == "DELETED" else scope.keys.add
                change(key_of(client.name, name, item))
            self._sink.event(client.name, name, type_, item)
        else:
            raise _malformed(client)
        scope.position = str(metadata.get("resourceVersion") or scope.position)


def _malformed(client: KubeClient) -> ClusterError:
    return unexpected_answer(client.name, 200, "", "sent a watch event that is not one")
