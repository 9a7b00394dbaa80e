"""One question, three faces: the command line that the terminal offers asks for the very same plan."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest

from gko_tui.commands.reconcile import answer as reconcile
from gko_tui.commands.selection import Selection
from gko_tui.commands.sync import answer as sync
from gko_tui.view.plan_asked import Asked, ask_all, ask_applications, ask_one, ask_several, options_of
from tests.unit.cli.fleets import KIND, ROWS
from tests.unit.commands_acting.plans import MemoryEngine, Run, plan_of

PAYMENTS, CATALOG, ORDERS = (row.key for row in ROWS)


@pytest.mark.parametrize(
    "asked",
    [
        ask_one(ORDERS),
        ask_applications(["payments", "shop"]),
        ask_all(),
        ask_several([PAYMENTS, CATALOG], "2 resources"),
        ask_several([PAYMENTS, ORDERS], "2 resources", options_of({KIND}, ["prod-eu"], "")),
        ask_several([PAYMENTS, CATALOG], "2 resources", options_of((), (), "!sync:missing")),
    ],
    ids=lambda asked: asked.line(),
)
async def test_the_same_words_make_the_same_request(asked: Asked) -> None:
    engine = MemoryEngine(plan_of())
    run = Run(shlex.split(asked.line())[1:], engine)
    if asked.words[1] == "reconcile":
        run.invocation.arguments.resources = [run.invocation.arguments.resource]
        acting = replace(run.acting, selection=Selection.parse(run.invocation.arguments))
        await reconcile(run.invocation, acting)
    else:
        await sync(run.invocation, run.acting)
    assert engine.requests == [asked.request]
