"""`--watch`: after the first answer, only what changes, one line each, until the reader has enough."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from gko_tui.commands.invocation import Invocation
from gko_tui.commands.reading import Reading
from gko_tui.commands.selection import Selection
from gko_tui.output.console import Console
from gko_tui.output.documents import encode
from gko_tui.output.status_document import change_document, place_document, resource_document
from reconciler.engine.fleet import Fleet
from reconciler.model.keys import ResourceKey
from reconciler.model.rows import PlaceState, Row
from reconciler.model.verdicts import Place
from reconciler.rules.text import printable

DRAIN_EVERY_S = 0.25


async def follow(invocation: Invocation, reading: Reading) -> None:
    """Run the engine live and write what changes, until cancelled (Ctrl-C) or the pipe is closed."""
    changes = Changes(reading.engine.fleet, reading.selection)
    engine = asyncio.create_task(reading.engine.run())
    try:
        while not engine.done():
            await asyncio.wait([engine], timeout=DRAIN_EVERY_S)
            for change in changes.take():
                _write(invocation, change)
            invocation.console.out.flush()
        engine.result()
    finally:
        engine.cancel()
        await asyncio.gather(engine, return_exceptions=True)


class Change:
    """One thing that changed: a resource (`after` None: it is gone) or a place."""

    __slots__ = ("after", "before", "key", "place")

    def __init__(
        self,
        *,
        key: ResourceKey | None = None,
        before: Row | None = None,
        after: Row | None = None,
        place: PlaceState | None = None,
    ) -> None:
        self.key = key
        self.before = before
        self.after = after
        self.place = place


class Changes:
    """Tells what is new in a fleet since it was last asked; what only was confirmed is not news.

    Args:
        fleet: the published state; this is its one consumer.
        selection: which resources are of interest.
    """

    def __init__(self, fleet: Fleet, selection: Selection) -> None:
        self._fleet = fleet
        self._selection = selection
        self._rows = {key: row for key, row in fleet.rows().items() if selection.matches(row)}
        self._places = {(place.place, place.name): place for place in fleet.places()}
        fleet.drain()

    def take(self) -> Iterator[Change]:
        """What changed since the last call."""
        delta = self._fleet.drain()
        for key in sorted(delta.changed):
            row, before = self._fleet.row(key), self._rows.get(key)
            if row is None or not self._selection.matches(row):
                if before is not None:
                    del self._rows[key]
                    yield Change(key=key, before=before)
                continue
            self._rows[key] = row
            if before is None or _news(before) != _news(row):
                yield Change(key=key, before=before, after=row)
        for key in sorted(delta.removed):
            gone = self._rows.pop(key, None)
            if gone is not None:
                yield Change(key=key, before=gone)
        if delta.places:
            yield from self._places_changed()

    def _places_changed(self) -> Iterator[Change]:
        for place in self._fleet.places():
            if place.phase == "waiting":  # on its way to an answer: that will be the news
                continue
            before = self._places.get((place.place, place.name))
            self._places[(place.place, place.name)] = place
            if before is None or (before.phase, before.message) != (place.phase, place.message):
                yield Change(place=place)


def _news(row: Row) -> tuple[Any, ...]:
    return tuple((cell.verdict, cell.causes, cell.change_count) for cell in row.cells)


def _write(invocation: Invocation, change: Change) -> None:
    console, now, form = invocation.console, invocation.clock(), invocation.arguments.output
    if form == "table":
        console.write(change_line(change, console, now) + "\n")
    else:
        console.write_bytes(encode(_document(change, now), form, one_line=True))


def _document(change: Change, now: float) -> dict[str, Any]:
    if change.place is not None:
        return change_document("place", now, place=place_document(change.place))
    if change.after is not None:
        return change_document("changed", now, resource=resource_document(change.after))
    key = change.key
    assert key is not None, "a change concerns a place or a resource"
    return change_document("removed", now, key=key._asdict())


def change_line(change: Change, console: Console, now: float) -> str:
    """One change for people: `12:04:31 prod-eu:ApiV4Definition/pay/api cluster Synced → Drifted: why`."""
    clock = console.quiet(datetime.fromtimestamp(now).astimezone().strftime("%H:%M:%S"))
    if change.place is not None:
        place = change.place
        said = f": {printable(place.message)}" if place.message else ""
        return f"{clock} {place.place.value} {printable(place.name)} {place.phase}{said}"
    name = printable(str(change.key))
    if change.after is None:
        return f"{clock} {name} gone"
    moved: list[str] = []
    causes: list[str] = []
    for hop, cell in zip(Place, change.after.cells, strict=True):
        before = change.before.cell(hop) if change.before is not None else None
        same = before is not None and (before.verdict, before.causes) == (cell.verdict, cell.causes)
        if cell.verdict is None or same:
            continue
        word = console.family(cell.verdict.word, cell.verdict.family)
        old = before.verdict if before is not None else None
        arrow = f"{old.word} {console.marks.arrow} " if old is not None and old is not cell.verdict else ""
        moved.append(f"{hop.value} {arrow}{word}")
        causes += [printable(cause) for cause in cell.causes]
    return f"{clock} {name} {', '.join(moved) or 'changed'}" + (f": {'; '.join(causes)}" if causes else "")
