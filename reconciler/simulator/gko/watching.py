"""GKO's controllers: they see what is written to a cluster, and try again what failed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping

import orjson

from reconciler.model.keys import GROUP
from reconciler.simulator.gko.failures import Failure
from reconciler.simulator.gko.lookups import Body, Ref
from reconciler.simulator.gko.marks import FINALIZERS
from reconciler.simulator.gko.operator import Operator, ref_of
from reconciler.simulator.kube.storage import DELETED, Event, Forgotten, Table

_SOURCES = ("Secret", "ConfigMap")
FIRST_RETRY_S, LONGEST_RETRY_S = 1.0, 60.0
"""The real one begins with 5 ms; who looks at a demo would see nothing but retries."""


class Controllers:
    """Lets an operator follow its cluster on an event loop.

    Args:
        operator: the operator.
    """

    def __init__(self, operator: Operator) -> None:
        self._operator = operator
        self._cluster = operator.cluster
        self._revisions: dict[str, int] = {}
        self._values: dict[Ref, bytes] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop_listening: list[Callable[[], None]] = []
        self._due = False
        self._retries: dict[Ref, tuple[float, asyncio.TimerHandle]] = {}

    def start(self) -> None:
        """Watch from now on, on the running event loop; what is there already was reconciled."""
        self._loop = asyncio.get_running_loop()
        for source in self._operator.uses.templated():
            self._values[source] = self._value_of(source)
        for kind in (*FINALIZERS, *_SOURCES):
            self._revisions[kind] = self._cluster.store.revision
            self._stop_listening.append(self._table_of(kind).listen(self._notify))

    def stop(self) -> None:
        """Watch no more. Harmless when already stopped."""
        for stop in self._stop_listening:
            stop()
        self._stop_listening.clear()
        for _, timer in self._retries.values():
            timer.cancel()
        self._retries.clear()
        self._loop = None

    def _notify(self) -> None:
        """Called for each write, perhaps from another thread: many writes make one look."""
        if self._loop is not None and not self._due:
            self._due = True
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._look)

    def _look(self) -> None:
        """Handle what was written since the last look."""
        self._due = False
        if self._loop is None:
            return
        for kind in (*FINALIZERS, *_SOURCES):
            with self._cluster.lock:
                events = self._since(kind)
            for event in _newest(events):
                self._handle(kind, event)

    def _since(self, kind: str) -> list[Event]:
        table = self._table_of(kind)
        revision, self._revisions[kind] = self._revisions[kind], self._cluster.store.revision
        try:
            return table.since(revision)
        except Forgotten:
            return [Event("ADDED", stored, None) for stored in table.objects.values()]

    def _handle(self, kind: str, event: Event) -> None:
        body: Body = {**orjson.loads(event.stored.raw), "kind": kind}
        ref = ref_of(body)
        if kind in _SOURCES:
            self._source_changed(ref)
        elif event.type == DELETED:
            self._operator.forget(ref)
            self._no_retry(ref)
        elif self._operator.has_to_act(body):
            self._act(ref)

    def _source_changed(self, source: Ref) -> None:
        users = self._operator.uses.templated().get(source, frozenset())
        value = self._value_of(source)
        if users and self._values.get(source) != value:
            for user in sorted(users):
                self._act(user)
        self._values[source] = value

    def _act(self, ref: Ref) -> None:
        self._plan_retries(self._operator.reconcile(ref))

    def _plan_retries(self, outcomes: Mapping[Ref, Failure | None]) -> None:
        for ref, failure in outcomes.items():
            delay = self._no_retry(ref)
            if self._loop is None or failure is None or failure.parked:
                continue
            delay = min(delay * 2, LONGEST_RETRY_S)
            self._retries[ref] = (delay, self._loop.call_later(delay, self._act, ref))

    def _no_retry(self, ref: Ref) -> float:
        """Give up the planned retry of a resource; returns how long it had been waited for, in seconds."""
        delay, timer = self._retries.pop(ref, (FIRST_RETRY_S / 2, None))
        if timer is not None:
            timer.cancel()
        return delay

    def _table_of(self, kind: str) -> Table:
        resource = self._cluster.catalogue.of_kind(kind, GROUP if kind in FINALIZERS else "")
        return self._cluster.store.table(resource.name)

    def _value_of(self, source: Ref) -> bytes:
        body = self._cluster.get(*source)
        return b"" if body is None else orjson.dumps(body.get("data"), option=orjson.OPT_SORT_KEYS)


def _newest(events: Iterable[Event]) -> list[Event]:
    """The last event of each object, in the order in which those came."""
    found: dict[str, Event] = {}
    for event in events:
        found.pop(event.stored.key, None)
        found[event.stored.key] = event
    return list(found.values())
