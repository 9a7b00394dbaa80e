"""`--watch`: only what changes, one line each."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import orjson

from gko_tui.commands.reading import Reading
from gko_tui.commands.watch import Change, Changes, change_line, follow
from reconciler.engine.fleet import Fleet
from reconciler.model.rows import PlaceState, Row
from reconciler.model.verdicts import Place, Verdict
from tests.unit.cli.fleets import DEAD, NOW, READY, ROWS, HandMadeEngine, Run, cell, fleet_of, row
from tests.unit.cli.schemas import validate

CATALOG = ROWS[1]


def drifted(before: Row) -> Row:
    return before.bumped(cluster=cell(Verdict.DRIFTED, "spec.name was changed by k9s", changes=1))


def changes_of(fleet: Fleet, line: str = "status") -> Changes:
    return Changes(fleet, Run(line.split(), fleet).reading.selection)


def lines(run: Run, changes: Changes) -> list[str]:
    return [change_line(change, run.invocation.console, NOW)[9:] for change in changes.take()]


def test_what_was_there_before_is_no_news() -> None:
    assert list(changes_of(fleet_of(ROWS)).take()) == []


def test_a_verdict_that_changes_is_one_line_with_its_cause() -> None:
    fleet = fleet_of(ROWS)
    changes = changes_of(fleet)
    fleet.publish({CATALOG.key: drifted(CATALOG)})
    assert lines(Run(["status"], fleet), changes) == [
        "prod-us:ApiV4Definition/shop/catalog cluster Synced → Drifted: spec.name was changed by k9s"
    ]
    assert list(changes.take()) == []


def test_a_row_that_was_only_confirmed_is_no_news() -> None:
    fleet = fleet_of(ROWS)
    changes = changes_of(fleet)
    confirmed = CATALOG.bumped(cluster=replace(CATALOG.cluster, observed_at=NOW + 60))
    fleet.publish({CATALOG.key: confirmed})
    assert list(changes.take()) == []


def test_new_and_vanished_resources_are_news() -> None:
    fleet = fleet_of(ROWS)
    changes = changes_of(fleet)
    fleet.publish({row("new").key: row("new")}, removed=[CATALOG.key])
    assert lines(Run(["status"], fleet), changes) == [
        "prod-eu:ApiV4Definition/pay/new git Synced, cluster Synced",
        "prod-us:ApiV4Definition/shop/catalog gone",
    ]


def test_what_was_not_selected_is_no_news() -> None:
    fleet = fleet_of(ROWS)
    changes = changes_of(fleet, "status --cluster prod-eu")
    fleet.publish({CATALOG.key: drifted(CATALOG)})
    fleet.publish({}, removed=[CATALOG.key])
    assert list(changes.take()) == []


def test_a_place_is_news_when_its_phase_or_message_changes() -> None:
    fleet = fleet_of(ROWS, (*READY, DEAD))
    changes = changes_of(fleet)
    fleet.publish_place(replace(DEAD, retry_at=NOW + 99, observed_at=NOW))
    assert list(changes.take()) == []
    fleet.publish_place(PlaceState(Place.CLUSTER, "stage", "waiting", "listing 5 of 10 kinds"))
    assert list(changes.take()) == []
    fleet.publish_place(PlaceState(Place.CLUSTER, "stage", "ready"))
    assert lines(Run(["status"], fleet), changes) == ["cluster stage ready"]


def test_hostile_names_cannot_act_on_the_terminal() -> None:
    evil = row("a\x1b[2J", Verdict.FAILED, "\x1b[2J")
    line = change_line(
        Change(key=evil.key, after=evil), Run(["status"], fleet_of(())).invocation.console, NOW
    )
    assert "\x1b" not in line


async def watched(line: str, *steps: dict[str, object]) -> Run:
    """Follow a fleet, publish each step when the one before has been written, then stop."""
    fleet = fleet_of(ROWS)
    run = Run(line.split(), fleet)
    engine = HandMadeEngine(fleet)
    following = asyncio.create_task(follow(run.invocation, Reading(engine, run.reading.selection)))
    await asyncio.sleep(0)
    for step in steps:
        before = run.written
        fleet.publish(**step)  # type: ignore[arg-type]
        async with asyncio.timeout(5):
            while run.written == before:  # noqa: ASYNC110 - a stream has no event to wait for
                await asyncio.sleep(0.01)
    engine.stop.set()
    await following
    return run


async def test_json_lines_are_documented_documents() -> None:
    run = await watched(
        "status --watch -o json",
        {"rows": {CATALOG.key: drifted(CATALOG)}},
        {"rows": {}, "removed": [CATALOG.key]},
    )
    changed, removed = (orjson.loads(line) for line in run.written.splitlines())
    validate(changed)
    validate(removed)
    assert (changed["type"], changed["resource"]["state"]) == ("changed", "Drifted")
    assert (removed["type"], removed["key"]["name"]) == ("removed", "catalog")


async def test_watching_ends_with_the_engine_and_raises_its_fault() -> None:
    class Broken(HandMadeEngine):
        async def run(self) -> None:
            raise RuntimeError("the loop broke")

    fleet = fleet_of(ROWS)
    run = Run(["status", "--watch"], fleet)
    try:
        await follow(run.invocation, Reading(Broken(fleet), run.reading.selection))
    except RuntimeError as error:
        assert str(error) == "the loop broke"
    else:
        raise AssertionError("the fault was lost")


async def test_cancelling_stops_the_engine_too() -> None:
    fleet = fleet_of(ROWS)
    ended = asyncio.Event()

    class Lasting(HandMadeEngine):
        async def run(self) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

    run = Run(["status", "--watch"], fleet)
    following = asyncio.create_task(follow(run.invocation, Reading(Lasting(fleet), run.reading.selection)))
    await asyncio.sleep(0.01)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    assert ended.is_set()
