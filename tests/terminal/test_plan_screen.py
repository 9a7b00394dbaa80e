"""A plan on the screen: made, read, armed, carried out; and nothing that writes by one key."""

from __future__ import annotations

from gko_tui.screens.plan import PlanScreen
from gko_tui.view.plan_status import Phase
from reconciler.model.verdicts import Verdict
from tests.terminal.conftest import Opened, Opener
from tests.terminal.replay import row

PAYMENTS = "prod-eu:apiv4definition/pay/payments-api"


def plan_screen(terminal: Opened) -> PlanScreen:
    screen = terminal.app.screen
    assert isinstance(screen, PlanScreen)
    return screen


async def open_plan(terminal: Opened, name: str = PAYMENTS) -> PlanScreen:
    await terminal.command(f"reconcile {name}")
    await terminal.until(lambda: plan_screen(terminal).phase is not Phase.MAKING, "the plan")
    await terminal.settle()
    return plan_screen(terminal)


async def test_from_the_row_to_its_being_in_sync(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        await terminal.press("slash")
        await terminal.type("payments-api cluster:prod-eu")
        await terminal.press("enter", "R")
        await terminal.shows("spec.plans[plan-3].security.type")
        assert "somebody changed it (medium risk)" in terminal.text
        assert "read-only: prod-eu" in terminal.text
        await terminal.press("y")
        assert terminal.app.focused is not None and "write prod-eu 15m" in terminal.text
        await terminal.press("enter")
        assert "RW 15m" in terminal.text
        await terminal.press("y")
        assert "ARMED: ⏎ carries out 1 step" in terminal.text
        assert terminal.replay.applied == []
        await terminal.press("enter")
        await terminal.shows("exit code 0: done, and seen at every place that was asked for")
        assert "1 configured" in terminal.text
        assert len(terminal.replay.applied) == 1
        await terminal.press("escape")
        assert "Synced" in terminal.line_with("payments-api")
        assert terminal.app.bridge.store.rows[row().key].state is Verdict.SYNCED
