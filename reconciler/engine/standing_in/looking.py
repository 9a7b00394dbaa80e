"""The lookups of one reconcile: over the surroundings, noting each, and what has to be read first.

The rules ask for Secrets while a body is made and cannot wait. So what was never read is noted and read, and
the body is made once more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from reconciler.engine.standing_in.surroundings import Surroundings, Thing, Values
from reconciler.rules.apim.references import Unreadable

NOT_YET = Unreadable("it has not been read yet")
_ROUNDS = 8
"""A Secret names nothing itself; each round reads all that one making asked for."""

Made = TypeVar("Made")


class Looking:
    """The `References` of one resource.

    Args:
        surroundings: what its cluster holds.

    Attributes:
        asked: everything that was looked up, whether or not it exists.
        unread: Secrets and ConfigMaps that were asked for and never read.
    """

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self.asked: set[Thing] = set()
        self.unread: set[Thing] = set()

    def resource(self, kind: str, namespace: str, name: str) -> dict[str, Any] | None:
        """A custom resource of the same cluster."""
        thing = Thing(kind, namespace, name)
        found = self._surroundings.get(thing)
        self.asked.add(thing if found is None else thing._replace(kind=str(found["kind"])))
        return found

    def secret(self, namespace: str, name: str) -> Values:
        """The data of a Secret."""
        return self._values(Thing("Secret", namespace, name))

    def config_map(self, namespace: str, name: str) -> Values:
        """The data of a ConfigMap."""
        return self._values(Thing("ConfigMap", namespace, name))

    def _values(self, thing: Thing) -> Values:
        self.asked.add(thing)
        try:
            return self._surroundings.values(thing)
        except KeyError:
            self.unread.add(thing)
            return NOT_YET

    async def until_read(self, make: Callable[[], Made]) -> Made:
        """Make something until nothing that it asked for is unread."""
        made = make()
        for _ in range(_ROUNDS):
            if not self.unread:
                break
            wanted, self.unread = frozenset(self.unread), set()
            await self._surroundings.read(wanted)
            made = make()
        return made
