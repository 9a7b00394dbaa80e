"""Watches: what one of them still has to send. The waiting and the sending is the server's part."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import orjson

from reconciler.simulator.kube import answers
from reconciler.simulator.kube.listing import ListQuery, object_bytes
from reconciler.simulator.kube.resources import Resource
from reconciler.simulator.kube.selectors import Matcher
from reconciler.simulator.kube.storage import (
    ADDED,
    DELETED,
    MODIFIED,
    Event,
    Forgotten,
    Store,
    Stored,
    namespace_range,
    watch_line,
    with_revision,
)

_INITIAL_EVENTS_END = "k8s.io/initial-events-end"


class WatchFeed:
    """The lines of one watch, in order.

    Args:
        store: the cluster's store; the caller holds its lock while calling.
        resource: the watched kind, in `version`.
        namespace: empty for all of them.
        query: where to begin and what to select.
        initial_events: begin with the present state and mark its end (`sendInitialEvents`).
    """

    def __init__(
        self,
        store: Store,
        resource: Resource,
        version: str,
        namespace: str,
        query: ListQuery,
        *,
        initial_events: bool,
    ) -> None:
        self._store = store
        self._table = store.table(resource.name)
        self._resource = resource
        self._version = version
        self._namespace = namespace
        self._matcher = query.matcher
        self.ended = False
        self._marks_end = initial_events
        self._begins_with_state = initial_events or not query.revision
        # Nothing before the first event after this one is of interest; from the future on, all is.
        self.revision = query.revision or store.revision
        self._began = self.revision

    def pending(self) -> list[bytes]:
        """Return the lines that are due, and count them as sent; `ended` tells that no more will come."""
        if self._store.tables.get(self._resource.name) is not self._table:
            self.ended = True
            return []
        if self._begins_with_state:
            self._begins_with_state = False
            return self._state()
        try:
            events = self._table.since(self.revision)
        except Forgotten as problem:
            self.ended = True
            why = f"too old resource version: {self.revision} ({problem.oldest})"
            return [watch_line("ERROR", orjson.dumps(answers.expired(why).body()))]
        lines = []
        for event in events:
            line = self._line(event)
            if line is not None:
                lines.append(line)
        self.revision = max(self.revision, self._store.revision)
        return lines

    def listen(self, notify: Callable[[], None]) -> Callable[[], None]:
        """Call `notify` when there may be something to send; the returned function ends that."""
        return self._table.listen(notify)

    def news(self) -> bytes | None:
        """Return a bookmark, unless the cluster has not moved on since the watch began.

        A real server sends none then either: a watch in a quiet cluster may be silent for minutes.
        """
        return self.bookmark() if self.revision > self._began else None

    def bookmark(self, annotations: Mapping[str, str] | None = None) -> bytes:
        """Return a line that says how far this watch has come."""
        metadata: dict[str, object] = {"resourceVersion": str(self.revision)}
        if annotations:
            metadata["annotations"] = dict(annotations)
        body = {
            "apiVersion": self._resource.api_version(self._version),
            "kind": self._resource.kind,
            "metadata": metadata,
        }
        return watch_line("BOOKMARK", orjson.dumps(body))

    def _state(self) -> list[bytes]:
        order = self._table.order
        first, last = namespace_range(order, self._namespace) if self._namespace else (0, len(order))
        lines = []
        for key in order[first:last]:
            stored = self._table.objects[key]
            if self._matcher is None or self._matcher(stored.body):
                lines.append(watch_line(ADDED, self._bytes(stored)))
        self.revision = self._began = self._store.revision
        if self._marks_end:
            lines.append(self.bookmark({_INITIAL_EVENTS_END: "true"}))
        return lines

    def _bytes(self, stored: Stored) -> bytes:
        return object_bytes(self._resource, self._version, stored)

    def _line(self, event: Event) -> bytes | None:
        if self._namespace and not event.stored.key.startswith(f"{self._namespace}/"):
            return None
        if self._matcher is None:
            if self._version == self._resource.storage:
                return event.line
            return watch_line(event.type, self._bytes(event.stored))
        return self._selected_line(event, self._matcher)

    def _selected_line(self, event: Event, matches: Matcher) -> bytes | None:
        """Return the line of an event as a selector makes it look: objects come and go with their labels."""
        before = event.previous is not None and matches(event.previous.body)
        now = event.type != DELETED and matches(event.stored.body)
        if now:
            return watch_line(MODIFIED if before else ADDED, self._bytes(event.stored))
        if not before or event.previous is None:
            return None
        body = with_revision(event.previous.body, event.revision)
        return watch_line(DELETED, self._bytes(Stored(event.stored.key, body, event.revision)))
