"""What the headless loop says of a fleet: one JSON line for each change, a summary now and then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TextIO

import orjson

from reconciler.engine.fleet import Fleet
from reconciler.model.keys import ResourceKey
from reconciler.model.rows import Row
from reconciler.model.verdicts import Place
from reconciler.rules.text import printable

_STRIP = tuple(Place)


class Reporter:
    """Writes what changed in a fleet since it was last asked.

    Args:
        fleet: the published state; this is its one consumer.
        out: where lines go.
        clock: seconds since the epoch.
    """

    def __init__(self, fleet: Fleet, out: TextIO, *, clock: Callable[[], float]) -> None:
        self._fleet = fleet
        self._out = out
        self._clock = clock
        self._told: dict[ResourceKey, tuple[str, ...]] = {}
        self._phases: dict[tuple[Place, str], tuple[str, str]] = {}
        self._problems: frozenset[tuple[str, str]] = frozenset()

    def say(self, event: str, **facts: object) -> None:
        """Write one line."""
        at = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="milliseconds")
        line = {"at": at.replace("+00:00", "Z"), "event": event, **facts}
        self._out.write(orjson.dumps(line, default=str).decode() + "\n")
        self._out.flush()

    def did(self, event: str, facts: Mapping[str, object]) -> None:
        """A line for something that the loop did, or left undone for a reason."""
        self.say(event, **{name: _printable(fact) for name, fact in facts.items()})

    def changes(self) -> None:
        """A line for each place, problem and verdict that is not as it was told before."""
        delta = self._fleet.drain()
        if delta.places:
            self._tell_places()
            self._tell_problems()
        for key in sorted(delta.changed):
            row = self._fleet.row(key)
            if row is not None:
                self._tell_row(row)
        for key in sorted(delta.removed):
            if self._told.pop(key, None) is not None:
                self.say("gone", resource=printable(str(key)))

    def summary(self) -> None:
        """One line that counts the states of all resources."""
        states = Counter(row.state.word for row in self._fleet.rows().values())
        self.say("summary", resources=states.total(), states=dict(sorted(states.items())))

    def _tell_row(self, row: Row) -> None:
        words = tuple(cell.verdict.word if cell.verdict else "" for cell in row.cells)
        if self._told.get(row.key) == words:
            return
        self._told[row.key] = words
        self.say(
            "verdict",
            resource=printable(str(row.key)),
            application=row.application,
            state=row.state.word,
            places={place.value: word or None for place, word in zip(_STRIP, words, strict=True)},
            causes=[printable(cause) for cell in row.cells for cause in cell.causes],
        )

    def _tell_places(self) -> None:
        for place in self._fleet.places():
            seen = (place.phase, place.message)
            if self._phases.get((place.place, place.name)) != seen:
                self._phases[place.place, place.name] = seen
                self.say(
                    "place",
                    place=place.place.value,
                    name=place.name,
                    phase=place.phase,
                    message=printable(place.message),
                )

    def _tell_problems(self) -> None:
        now = {(problem.where, problem.message): problem for problem in self._fleet.problems()}
        for name, problem in now.items():
            if name not in self._problems:
                self.say(
                    "problem",
                    where=printable(problem.where),
                    message=printable(problem.message),
                    next=problem.next_step,
                    severity=problem.severity,
                )
        self._problems = frozenset(now)


def _printable(fact: object) -> object:
    """Text of others without what could harm a terminal."""
    if isinstance(fact, str):
        return printable(fact)
    return [_printable(one) for one in fact] if isinstance(fact, list) else fact
