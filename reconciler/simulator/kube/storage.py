"""What the server remembers: objects by key, one counter of revisions, and a bounded history.

Like etcd under the real server: every write anywhere in the cluster takes the next revision, an object's
resourceVersion is the revision of its last write, lists can be read as of an earlier revision, and what is
older than the history is gone. Reads take no lock; writes come from one thread at a time.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import orjson

ADDED, MODIFIED, DELETED = "ADDED", "MODIFIED", "DELETED"


class WarmBodies:
    """Keeps the bodies of the objects that were touched last as Python objects; the others are bytes only.

    Ten thousand objects take a tenth of the memory that way, and the garbage collector has little to visit.

    Args:
        most: how many bodies are kept.
    """

    def __init__(self, most: int = 100) -> None:
        self._most = most
        self._kept: deque[Stored] = deque()

    def keep(self, stored: Stored) -> None:
        """Note that an object's body was made; the one that waited longest may have to go."""
        self._kept.append(stored)
        if len(self._kept) > self._most:
            self._kept.popleft().cool()


class Stored:
    """One version of one object; never changed once made.

    `key` is `namespace/name`, or the name alone for cluster-wide kinds; `raw` is the object as JSON.
    """

    __slots__ = ("_body", "_warm", "key", "raw", "revision")

    def __init__(self, key: str, body: dict[str, Any], revision: int, warm: WarmBodies | None = None) -> None:
        self.key = key
        self.revision = revision
        self.raw = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
        self._body: dict[str, Any] | None = None
        self._warm = warm
        if warm is not None:
            self._body = body
            warm.keep(self)

    @property
    def body(self) -> dict[str, Any]:
        """The object; it is shared and must not be changed."""
        body = self._body
        if body is None:
            body = orjson.loads(self.raw)
            if self._warm is not None:
                self._body = body
                self._warm.keep(self)
        return body

    def cool(self) -> None:
        """Let the body go; the bytes stay."""
        self._body = None


class Event:
    """One write: what an object became, and what it was before (None when it is new)."""

    __slots__ = ("_line", "previous", "revision", "stored", "type")

    def __init__(self, kind: str, stored: Stored, previous: Stored | None) -> None:
        self.type = kind
        self.stored = stored
        self.previous = previous
        self.revision = stored.revision
        self._line: bytes | None = None

    @property
    def line(self) -> bytes:
        """The event as a watch sends it, made once for all watches."""
        if self._line is None:
            self._line = watch_line(self.type, self.stored.raw)
        return self._line


def watch_line(kind: str, raw: bytes) -> bytes:
    """Return one line of a watch stream."""
    return b'{"type":"' + kind.encode() + b'","object":' + raw + b"}\n"


class Forgotten(LookupError):
    """The history does not reach back to a revision; `oldest` is the first it can continue from."""

    def __init__(self, oldest: int) -> None:
        self.oldest = oldest
        super().__init__(f"the history begins after revision {oldest}")


class Table:
    """The objects of one kind, with the kind's part of the history."""

    def __init__(self, revision: int, history: int) -> None:
        self.objects: dict[str, Stored] = {}
        self.order: list[str] = []
        """The keys, sorted as bytes would be."""
        self.compacted = revision
        """Revisions up to this one cannot be continued from, unless it is this one itself."""
        self._history = history
        self._events: list[Event] = []
        self._revisions: list[int] = []
        self._watchers: set[Callable[[], None]] = set()

    def record(self, event: Event) -> None:
        """Take one write in, and tell the watchers."""
        key = event.stored.key
        if event.type == DELETED:
            del self.objects[key]
            del self.order[bisect_left(self.order, key)]
        else:
            if key not in self.objects:
                insort(self.order, key)
            self.objects[key] = event.stored
        self._events.append(event)
        self._revisions.append(event.revision)
        # Dropping a quarter at a time keeps the cost of forgetting small.
        if len(self._events) > self._history * 5 // 4:
            self.compact(self._revisions[-self._history - 1])
        self.wake()

    def compact(self, revision: int) -> None:
        """Forget the history up to and including a revision."""
        cut = bisect_right(self._revisions, revision)
        del self._events[:cut]
        del self._revisions[:cut]
        self.compacted = max(self.compacted, revision)

    def since(self, revision: int) -> list[Event]:
        """Return the writes after a revision, oldest first.

        Raises:
            Forgotten: the history does not reach back that far.
        """
        if revision < self.compacted:
            raise Forgotten(self.compacted)
        return self._events[bisect_right(self._revisions, revision) :]

    def as_of(self, revision: int) -> tuple[dict[str, Stored], list[str]]:
        """Return objects and sorted keys as they were at a revision.

        Raises:
            Forgotten: the history does not reach back that far.
        """
        later = self.since(revision)
        if not later:
            return self.objects, self.order
        undone: dict[str, Stored | None] = {}
        for event in reversed(later):
            undone[event.stored.key] = event.previous
        objects = {**self.objects}
        for key, before in undone.items():
            if before is None:
                objects.pop(key, None)
            else:
                objects[key] = before
        return objects, sorted(objects)

    def listen(self, notify: Callable[[], None]) -> Callable[[], None]:
        """Call `notify` after every write; the returned function ends that."""
        self._watchers.add(notify)
        return lambda: self._watchers.discard(notify)

    def wake(self) -> None:
        """Tell every watcher to look again."""
        for notify in tuple(self._watchers):
            notify()

    @property
    def watcher_count(self) -> int:
        """How many watches are open."""
        return len(self._watchers)


class Store:
    """All tables of a cluster and their common counter.

    Args:
        history: how many writes each kind remembers.
    """

    def __init__(self, history: int) -> None:
        self.revision = 1
        self.tables: dict[str, Table] = {}
        self._history = history
        self._warm = WarmBodies()

    def table(self, resource: str) -> Table:
        """Return the table of a kind (`plural.group`), made when it is first asked for."""
        found = self.tables.get(resource)
        if found is None:
            # A watch cannot begin before its kind was served.
            found = self.tables[resource] = Table(self.revision, self._history)
        return found

    def drop(self, resource: str) -> None:
        """Forget a kind; its watches are woken to find that out."""
        table = self.tables.pop(resource, None)
        if table is not None:
            table.wake()

    def put(self, resource: str, key: str, body: dict[str, Any]) -> Stored:
        """Write an object under the next revision, which becomes its resourceVersion."""
        table = self.table(resource)
        previous = table.objects.get(key)
        self.revision += 1
        stored = Stored(key, with_revision(body, self.revision), self.revision, self._warm)
        table.record(Event(ADDED if previous is None else MODIFIED, stored, previous))
        return stored

    def remove(self, resource: str, key: str, last: dict[str, Any] | None = None) -> Stored:
        """Delete an object; the event shows its last state under the revision of the deletion.

        Args:
            last: the last state where it differs from the stored one.

        Raises:
            KeyError: there is no such object.
        """
        table = self.tables[resource]
        previous = table.objects[key]
        self.revision += 1
        body = previous.body if last is None else last
        gone = Stored(key, with_revision(body, self.revision), self.revision, self._warm)
        table.record(Event(DELETED, gone, previous))
        return gone


def with_revision(body: dict[str, Any], revision: int) -> dict[str, Any]:
    """Return the object with this resourceVersion."""
    return {**body, "metadata": {**body["metadata"], "resourceVersion": str(revision)}}


def keys_after(order: list[str], start: str) -> Iterator[str]:
    """Yield the sorted keys from the first that is not before `start`."""
    return itertools.islice(order, bisect_left(order, start), None)


def namespace_range(order: list[str], namespace: str) -> tuple[int, int]:
    """Return where the keys of a namespace begin and end."""
    first = bisect_left(order, f"{namespace}/")
    # "0" follows "/" in ASCII, so this is the first key after all of the namespace's.
    return first, bisect_left(order, f"{namespace}0", lo=first)


def object_key(namespace: str, name: str) -> str:
    """Return the key of an object."""
    return f"{namespace}/{name}" if namespace else name
