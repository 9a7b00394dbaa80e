"""A plan on the screen: made, read, armed, carried out; and nothing that writes by one key."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from gko_tui.actions import ACTIONS, GLOBAL, PLAN, TEXT, actions_for
from gko_tui.screens.plan import ARMED_FOR_S, PlanScreen
from gko_tui.screens.table import TableScreen
from gko_tui.view.plan_status import Phase
from reconciler.model.acting import PlanRequest
from reconciler.model.errors import ClusterError, UsageError
from reconciler.model.steps import Did, Outcome, Stage, Verb
from reconciler.model.verdicts import Verdict
from tests.terminal.conftest import Opened, Opener
from tests.terminal.grid import GridExtension
from tests.terminal.plans import a_step, plan_of
from tests.terminal.replay import NOW, Replay, row

PAYMENTS = "prod-eu:apiv4definition/pay/payments-api"
_LEAVE = {"ctrl+c", "ctrl+p", "f1"}
KEYS = sorted({key for action in ACTIONS for key in action.keys} - _LEAVE)
ON_A_PLAN = sorted({key for action in actions_for(PLAN, TEXT, GLOBAL) for key in action.keys} - _LEAVE)


def plan_screen(terminal: Opened) -> PlanScreen:
    screen = terminal.app.screen
    assert isinstance(screen, PlanScreen), screen
    return screen


async def show_plan(terminal: Opened, name: str = PAYMENTS, *, write: str = "") -> PlanScreen:
    if write:
        await terminal.command(f"write {write}")
    await terminal.command(f"reconcile {name}" if name else "sync")
    await terminal.until(lambda: plan_screen(terminal).phase is not Phase.MAKING, "the plan")
    await terminal.settle()
    return plan_screen(terminal)


async def armed_plan(terminal: Opened, name: str = PAYMENTS, *, write: str = "prod-eu") -> PlanScreen:
    screen = await show_plan(terminal, name, write=write)
    await terminal.press("y")
    assert screen.phase is Phase.ARMED, terminal.text
    return screen


async def running_plan(terminal: Opened) -> PlanScreen:
    """Three steps on two clusters, held back one by one."""
    await terminal.command("write prod-eu stage")
    await terminal.command("sync /-api|catalog|checkout")
    await terminal.until(lambda: plan_screen(terminal).phase is Phase.READ, "the plan")
    screen = plan_screen(terminal)
    while screen.phase is not Phase.ARMED:
        await terminal.press("y")
        if screen.phase is Phase.ASKING:
            await terminal.press("enter")
    await terminal.press("enter")
    assert screen.phase is Phase.RUNNING
    return screen


def three_steps(_request: PlanRequest, _rows: Any) -> Any:
    keys = (
        row().key,
        row("checkout", namespace="shop").key,
        row("catalog", namespace="shop", cluster="stage").key,
    )
    return plan_of(*(a_step(key, level=level) for level, key in enumerate(keys)), purpose="sync")


# --- the way -------------------------------------------------------------------------------------


async def test_from_the_row_to_its_being_in_sync(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        await terminal.press("slash")
        await terminal.type("payments-api cluster:prod-eu")
        await terminal.press("enter", "R")
        await terminal.shows("spec.plans[plan-3].security.type")
        assert "somebody changed it (medium risk)" in terminal.text
        assert "read-only: prod-eu" in terminal.text
        await terminal.press("y")
        assert "write prod-eu 15m" in terminal.text
        await terminal.press("enter")
        assert "RW 15m" in terminal.text
        await terminal.press("y")
        assert "ARMED: ⏎ carries out 1 step" in terminal.text
        assert terminal.replay.applied == []
        await terminal.press("enter")
        await terminal.shows("1 configured. Exit code 0: done, and seen at every place")
        assert len(terminal.replay.applied) == 1
        await terminal.press("escape")
        assert "Synced" in terminal.line_with("payments-api")
        assert terminal.app.bridge.store.rows[row().key].state is Verdict.SYNCED


async def test_the_same_from_an_opened_resource(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        await terminal.command(f"diff {PAYMENTS}")
        await terminal.press("R")
        await terminal.shows("spec.plans[plan-3].security.type")
        (request,) = terminal.replay.requests
        assert request == PlanRequest(keys=frozenset({row().key}), purpose="reconcile", wait=True)


async def test_a_plan_in_the_making_is_said_and_given_up_by_leaving(
    open_terminal: Opener,
) -> None:
    async with open_terminal(Replay(hold_plan=True)) as terminal:
        terminal.app.run_command(f"reconcile {PAYMENTS}")
        await terminal.until(lambda: bool(terminal.replay.requests), "the question")
        await terminal.shows("making the plan")
        terminal.app.second()
        await terminal.shows("making the plan… 1 s")
        await terminal.pilot.press("y", "enter")
        assert "the plan is still being made" in terminal.said[-1]
        await terminal.pilot.press("escape")
        await terminal.until(lambda: isinstance(terminal.app.screen, TableScreen), "the table")
        assert terminal.replay.applied == []


async def test_n_goes_from_step_to_step(open_terminal: Opener) -> None:
    async with open_terminal(Replay(answer_plan=three_steps)) as terminal:
        screen = await show_plan(terminal, "")
        await terminal.press("n", "n")
        assert screen.pane._at == screen.pane._stops[1]
        await terminal.press("N")
        assert screen.pane._at == screen.pane._stops[0]


# --- nothing by one key --------------------------------------------------------------------------


async def test_no_key_writes_from_the_table_or_a_resource(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        await terminal.command("write prod-eu stage")
        for key in KEYS:
            terminal.app.simulate_key(key)
            await terminal.pilot.pause()
            while terminal.app.top is None or terminal.app.top.prompt.is_open:
                await terminal.pilot.press("escape")
        await terminal.settle()
        assert terminal.replay.applied == []


@pytest.mark.parametrize("first", ["every key", "y"])
async def test_only_y_then_enter_writes(open_terminal: Opener, first: str) -> None:
    async with open_terminal() as terminal:
        await show_plan(terminal, write="prod-eu")
        for key in ON_A_PLAN:
            pair = ("y", key) if first == "y" else (key, "enter")
            if pair == ("y", "enter"):
                continue
            for one in pair:
                terminal.app.simulate_key(one)
            await terminal.pilot.pause()
            assert terminal.replay.applied == [], pair
            top = terminal.app.top
            if top is None or top.prompt.is_open:
                await terminal.pilot.press("escape")
            if (
                not isinstance(terminal.app.screen, PlanScreen)
                or plan_screen(terminal).phase is not Phase.READ
            ):
                terminal.app.back_to_table()
                await show_plan(terminal)
        assert terminal.replay.applied == []


async def test_enter_alone_says_what_arms(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        await show_plan(terminal, write="prod-eu")
        await terminal.press("enter")
        assert "y arms it first" in terminal.said[-1]
        assert terminal.replay.applied == []


async def test_escape_disarms_and_an_armed_plan_that_nobody_runs_is_disarmed(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        screen = await armed_plan(terminal)
        await terminal.press("escape")
        assert screen.phase is Phase.READ
        assert "disarmed: nothing was written" in terminal.said[-1]
        await terminal.press("y")
        for _ in range(ARMED_FOR_S):
            terminal.app.second()
        assert screen.phase is Phase.READ
        await terminal.press("enter")
        assert terminal.replay.applied == []


async def test_a_window_that_closes_disarms(open_terminal: Opener) -> None:
    now = [NOW]
    async with open_terminal(clock=lambda: now[0]) as terminal:
        screen = await armed_plan(terminal, write="prod-eu 30s")
        now[0] += 31
        await terminal.press("enter")
        assert terminal.replay.applied == []
        assert "prod-eu: is read-only" in terminal.said[-1]
        assert screen.phase is Phase.READ
        assert "RO" in terminal.text.splitlines()[0]


async def test_a_run_that_is_read_only_opens_no_window(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        terminal.app.bridge.windows.locked = True
        await terminal.command("write prod-eu")
        assert "started with --read-only" in terminal.said[-1]
        await show_plan(terminal)
        await terminal.press("y")
        assert "gko-tui was started with --read-only" in terminal.said[-1]
        assert not terminal.app.top.prompt.is_open  # type: ignore[union-attr]


# --- what has to be typed ------------------------------------------------------------------------

ON_PROTECTED = "prod-us:apiv4definition/shop/drifted"


def protected() -> Replay:
    return Replay(rows=[row("drifted", namespace="shop", cluster="prod-us", verdict=Verdict.DRIFTED)])


async def test_a_protected_cluster_is_named_for_the_window_and_for_the_plan(
    open_terminal: Opener,
) -> None:
    async with open_terminal(protected()) as terminal:
        await terminal.command("write")
        assert "prod-us" not in terminal.app.bridge.windows.opened(NOW)
        screen = await show_plan(terminal, ON_PROTECTED, write="prod-us")
        assert "PROTECTED prod-us" in terminal.text
        await terminal.press("y")
        assert screen.phase is Phase.ASKING
        await terminal.type("prod-u")
        await terminal.press("enter")
        assert "that is not it" in terminal.text
        await terminal.type("prod-us")
        await terminal.press("enter", "enter")
        assert terminal.replay.applied == [], "the phrase itself arms nothing"
        await terminal.press("y", "enter")
        await terminal.shows("Exit code 0")
        ((_, orders),) = terminal.replay.applied
        assert orders.typed == ("prod-us",)


async def test_what_is_not_typed_is_left_out_and_said(open_terminal: Opener) -> None:
    rows = [
        row("drifted", verdict=Verdict.DRIFTED),
        row("gone", git=None, verdict=Verdict.ORPHAN),
    ]
    async with open_terminal(Replay(rows=rows)) as terminal:
        await show_plan(terminal, "", write="prod-eu")
        assert 'asks for "delete 1": deletions cannot be undone' in terminal.text
        await terminal.press("y", "enter", "y")
        assert "carries out 1 step; 1 left out, not confirmed" in terminal.text
        await terminal.press("enter")
        await terminal.shows("Exit code 4: something was blocked or not confirmed")
        assert "it was not confirmed; type 'delete 1'" in terminal.text


async def test_a_phrase_is_never_offered_again_by_the_prompt(open_terminal: Opener) -> None:
    async with open_terminal(protected()) as terminal:
        await show_plan(terminal, ON_PROTECTED, write="prod-us")
        await terminal.press("y")
        await terminal.type("prod-us")
        await terminal.press("enter", "y", "escape", "y", "up")
        assert terminal.app.top.prompt.query_one("#prompt-line").value == ""  # type: ignore[union-attr, attr-defined]


async def test_escape_at_a_question_forgets_what_was_typed(open_terminal: Opener) -> None:
    async with open_terminal(protected()) as terminal:
        screen = await show_plan(terminal, ON_PROTECTED, write="prod-us")
        await terminal.press("y")
        await terminal.type("prod-us")
        await terminal.press("escape")
        assert screen.phase is Phase.READ
        assert screen.arming is not None
        assert screen.arming.typed == ()


# --- while it runs -------------------------------------------------------------------------------


def held() -> Replay:
    return Replay(answer_plan=three_steps, hold_steps=True)


async def test_outcomes_appear_one_by_one_and_leaving_leaves_it_running(open_terminal: Opener) -> None:
    async with open_terminal(held()) as terminal:
        screen = await running_plan(terminal)
        await terminal.shows("running 0/3")
        terminal.replay.let_step()
        await terminal.shows("running 1/3")
        assert "→ configured" in terminal.text
        await terminal.press("q")
        assert isinstance(terminal.app.screen, TableScreen)
        await terminal.shows("plan 1/3: R")
        terminal.replay.let_step()
        await terminal.shows("plan 2/3: R")
        await terminal.press("R")
        assert plan_screen(terminal) is not screen
        await terminal.shows("running 2/3")
        terminal.replay.let_step()
        await terminal.shows("3 configured. Exit code 0")
        await terminal.press("escape")
        assert ": R" not in terminal.text, "it has been looked at"


async def test_a_run_that_ends_behind_another_screen_says_so(
    open_terminal: Opener,
) -> None:
    async with open_terminal(held()) as terminal:
        await running_plan(terminal)
        await terminal.press("q")
        for _ in range(3):
            terminal.replay.let_step()
        await terminal.shows("plan ended: R")
        await terminal.until(lambda: "3 configured; R on the table shows it" in terminal.said[-1], "the word")
        await terminal.press("R")
        await terminal.shows("Exit code 0")


async def test_escape_asks_and_its_first_answer_changes_nothing(open_terminal: Opener) -> None:
    async with open_terminal(held()) as terminal:
        screen = await running_plan(terminal)
        await terminal.press("escape")
        assert "Leave it running" in terminal.text
        await terminal.press("enter")
        assert terminal.app.screen is screen
        assert screen.phase is Phase.RUNNING
        await terminal.press("escape", "j", "enter")
        assert isinstance(terminal.app.screen, TableScreen)
        assert terminal.app.desk.is_running


@pytest.mark.parametrize("key", ["x", "ctrl+c"])
async def test_stopping_is_between_steps_and_says_what_was_left(open_terminal: Opener, key: str) -> None:
    async with open_terminal(held()) as terminal:
        screen = await running_plan(terminal)
        terminal.replay.let_step()
        await terminal.shows("running 1/3")
        await terminal.press(key)
        assert screen.phase is Phase.STOPPING
        terminal.replay.let_step()
        await terminal.shows("Exit code 1: something failed, or it was stopped")
        assert "stopped" in terminal.line_with("plan p-")
        assert "not done: 1 step" in terminal.text
        said = " ".join(terminal.text.split())
        assert "update stage:ApiV4Definition/shop/catalog: it was stopped before this step" in said


async def test_ctrl_c_again_asks_and_quitting_at_once_says_what_is_open(open_terminal: Opener) -> None:
    async with open_terminal(held()) as terminal:
        await running_plan(terminal)
        terminal.replay.let_step()
        await terminal.shows("running 1/3")
        await terminal.press("ctrl+c", "ctrl+c")
        await terminal.shows("Quit at once")
        await terminal.press("j", "j", "enter")
        assert terminal.app._exit
        said = str(terminal.app._exit_renderables[-1])
        assert "1 configured" in said
        assert "perhaps done, look before you write again: 2 steps" in said


async def test_a_signal_waits_for_the_step_under_way(open_terminal: Opener) -> None:
    async with open_terminal(held()) as terminal:
        await running_plan(terminal)
        terminal.app._signalled(143)
        assert not terminal.app._exit
        terminal.replay.let_step()
        await terminal.until(lambda: terminal.app._exit, "the end")
        assert terminal.app._return_value == 143
        assert "not done: 2 steps" in str(terminal.app._exit_renderables[-1])


async def test_only_one_plan_runs_and_another_cannot_be_begun(open_terminal: Opener) -> None:
    async with open_terminal(held()) as terminal:
        screen = await running_plan(terminal)
        assert screen.plan is not None
        with pytest.raises(UsageError, match="another plan is being carried out"):
            terminal.app.desk.carry_out(screen.asked, screen.plan, ())
        await terminal.press("R")
        assert "it is being carried out" in terminal.said[-1]


# --- what goes wrong -----------------------------------------------------------------------------


async def test_failures_stand_first_with_what_to_do(open_terminal: Opener) -> None:
    replay = Replay(answer_plan=three_steps)
    failing = three_steps(PlanRequest(), ()).steps[1]
    why = "the object moved: resourceVersion 4711 is 4713 now"
    replay.dids = {failing.id: Outcome(failing.id, Did.FAILED, why, "make a new plan", NOW)}
    async with open_terminal(replay) as terminal:
        await running_or_ended(terminal)
        await terminal.shows("2 configured, 1 failed. Exit code 1")
        lines = terminal.text.splitlines()
        failed = next(number for number, line in enumerate(lines) if "failed  update  " in line)
        assert "the object moved: resourceVersion 4711 is 4713 now; make a new plan" in " ".join(
            " ".join(lines[failed + 1 : failed + 3]).split()
        )
        assert failed < next(number for number, line in enumerate(lines) if "  1  update" in line)


async def running_or_ended(terminal: Opened) -> None:
    await terminal.command("write prod-eu stage")
    await show_plan(terminal, "")
    await terminal.press("y", "enter")


async def test_an_engine_that_cannot_plan_says_why_and_r_asks_again(open_terminal: Opener) -> None:
    def refuse(_request: PlanRequest, _rows: Any) -> Any:
        raise ClusterError("the connection was refused", subject="prod-eu", next_step="check the VPN")

    async with open_terminal(Replay(answer_plan=refuse)) as terminal:
        await terminal.command(f"reconcile {PAYMENTS}")
        await terminal.shows("prod-eu: the connection was refused; check the VPN")
        assert "there is no plan" in terminal.text
        await terminal.press("y", "enter")
        assert "R tries again" in terminal.said[-1]
        terminal.replay.answer_plan = three_steps
        await terminal.press("R")
        await terminal.shows("3 update")


async def test_a_fault_of_ours_is_shown_and_ends_nothing(open_terminal: Opener) -> None:
    def broken(_request: PlanRequest, _rows: Any) -> Any:
        raise KeyError("spec")

    async with open_terminal(Replay(answer_plan=broken)) as terminal:
        await terminal.command(f"reconcile {PAYMENTS}")
        await terminal.shows("KeyError: 'spec'")


async def test_an_engine_that_has_stopped_makes_no_plan_and_says_so(open_terminal: Opener) -> None:
    async with open_terminal(Replay(fails_with=RuntimeError("the ledger is on fire"))) as terminal:
        await terminal.until(lambda: bool(terminal.app.bridge.failure), "the end of the engine")
        await terminal.command("sync")
        await terminal.shows("the engine stopped: RuntimeError: the ledger is on fire; start gko-tui again")


async def test_a_plan_that_cannot_be_begun_says_so(open_terminal: Opener) -> None:
    error = UsageError("is for dr-eu, which is not configured", subject="p-1", next_step="make a new plan")
    async with open_terminal(Replay(breaks_with=error)) as terminal:
        await armed_plan(terminal)
        await terminal.press("enter")
        await terminal.shows("is for dr-eu, which is not configured; make a new plan")
        assert "nothing was written" in terminal.text


async def test_a_change_behind_the_plan_makes_it_outdated(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        screen = await armed_plan(terminal)
        terminal.replay.put(row(verdict=Verdict.CONFLICT, version=9))
        await terminal.shows("something changed since this plan was made")
        await terminal.press("enter", "y")
        assert terminal.replay.applied == []
        await terminal.press("R")
        await terminal.until(lambda: screen.phase is Phase.READ, "the new plan")
        assert len(terminal.replay.requests) == 2


async def test_that_a_row_was_seen_again_makes_no_plan_outdated(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        screen = await armed_plan(terminal)
        terminal.replay.put(row(verdict=Verdict.DRIFTED, manager="kubectl-edit", changes=2, version=9))
        await terminal.settle()
        assert screen.phase is Phase.ARMED


async def test_where_nothing_is_to_be_done_it_says_why(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        await show_plan(terminal, "prod-us:apiv4definition/pay/payments-api", write="prod-us")
        assert "Nothing to do: every place is as Git says." in terminal.text
        await terminal.press("y", "enter")
        assert "there is nothing to carry out" in terminal.said[-1]


async def test_a_blocked_step_says_what_would_change_that(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        await show_plan(terminal, "orders-v2")
        assert "Nothing can be carried out: each step below says why" in terminal.text
        assert "spec.type is immutable; delete it by name first" in terminal.text


# --- what is asked for ---------------------------------------------------------------------------


async def test_sync_asks_for_an_application_for_what_is_listed_or_for_all(open_terminal: Opener) -> None:
    async with open_terminal() as terminal:
        for line in ("sync team-pay", "sync @prod-eu /checkout", "all", "plan", "sync nobody"):
            await terminal.command(line)
        everything, narrowed, application = (
            PlanRequest(),
            PlanRequest(
                keys=frozenset({row("checkout", namespace="shop").key}), purpose="reconcile", wait=True
            ),
            PlanRequest(applications=frozenset({"team-pay"})),
        )
        assert terminal.replay.requests == [application, narrowed, everything]
        assert "nobody: no such resource is known" in terminal.said[-1]


async def test_the_same_can_be_copied_as_a_command_line(open_terminal: Opener) -> None:
    async with open_terminal(protected()) as terminal:
        await show_plan(terminal, ON_PROTECTED, write="prod-us")
        await terminal.press("y")
        await terminal.type("prod-us")
        await terminal.press("enter", "C", "enter")
        assert (
            terminal.app.clipboard
            == "gko-tui reconcile prod-us:ApiV4Definition/shop/drifted --confirm prod-us"
        )
        await terminal.press("c")
        assert terminal.app.clipboard == plan_screen(terminal).plan.short_id  # type: ignore[union-attr]
        await terminal.press("C", "end", "enter")
        assert terminal.app.clipboard.startswith("gko-tui apply ")
        assert await asyncio.to_thread(lambda: len(list(terminal.app.paths.state.glob("p-*.plan")))) == 1


# --- how it looks --------------------------------------------------------------------------------

EVIL = "a\x1b]0;owned\x07b\u202e[bold red]x[/]"


@pytest.mark.parametrize(("size", "ascii_only"), [((80, 24), True), ((60, 16), False), ((200, 60), True)])
async def test_hostile_names_and_texts_are_shown_harmless(
    open_terminal: Opener, size: tuple[int, int], ascii_only: bool
) -> None:
    def evil(_request: PlanRequest, _rows: Any) -> Any:
        return plan_of(a_step(row(EVIL).key, reason=EVIL, warnings=(EVIL,)), notes=(EVIL,))

    replay = Replay(rows=[row(EVIL, verdict=Verdict.DRIFTED)], answer_plan=evil)
    async with open_terminal(replay, size=size, ascii_only=ascii_only) as terminal:
        await terminal.press("R")
        await terminal.shows("1 update")
        for keys in (("y",), ("enter",), ("y",), ("enter",)):
            await terminal.press(*keys)
        await terminal.shows("Exit code 0")
        assert "[bold red]" in terminal.text
        assert "\x1b" not in terminal.text and "\u202e" not in terminal.text
        assert terminal.text.isascii() or not ascii_only


async def test_the_words_are_the_same_without_colours(open_terminal: Opener) -> None:
    texts = []
    for environ in ({"LANG": "C.UTF-8"}, {"LANG": "C.UTF-8", "NO_COLOR": "1"}):
        async with open_terminal(environ=environ) as terminal:
            await armed_plan(terminal)
            texts.append(terminal.text)
    assert texts[0] == texts[1]


async def test_the_page_follows_the_width(open_terminal: Opener) -> None:
    async with open_terminal(size=(120, 40)) as terminal:
        await show_plan(terminal)
        assert "ApiV4Definition/pay/payments-api  somebody changed it (medium risk)" in terminal.text
        await terminal.pilot.resize_terminal(70, 24)
        await terminal.until(
            lambda: "payments-api  somebody" not in terminal.text and "somebody changed it" in terminal.text
        )


async def test_every_step_that_would_run_stands_at_the_top_among_many_that_would_not(
    open_terminal: Opener,
) -> None:
    def many(_request: PlanRequest, _rows: Any) -> Any:
        skipped = [a_step(row(f"skip-{at:02}").key, Verb.SKIP, reason="argocd owns it") for at in range(40)]
        return plan_of(*skipped, a_step(row().key, stage=Stage.CONTROL_PLANE, level=1))

    async with open_terminal(Replay(answer_plan=many)) as terminal:
        await show_plan(terminal, "")
        lines = terminal.text.splitlines()[:8]
        assert any("would be carried out:" in line for line in lines)
        assert any(
            "update  control plane  prod-eu:ApiV4Definition/pay/payments-api" in line for line in lines
        )


LOOKS = {
    "80x24": {"size": (80, 24)},
    "200x60": {"size": (200, 60)},
    "no-colour": {"size": (80, 24), "environ": {"LANG": "C.UTF-8", "NO_COLOR": "1"}},
    "ascii": {"size": (80, 24), "ascii_only": True},
}


@pytest.mark.parametrize("look", LOOKS)
async def test_an_armed_plan_cell_by_cell(
    open_terminal: Opener, snapshot: SnapshotAssertion, look: str
) -> None:
    async with open_terminal(**LOOKS[look]) as terminal:  # type: ignore[arg-type]
        screen = await armed_plan(terminal)
        shown = terminal.grid.replace(screen.plan_name, "p-00000000")  # it is a digest of all there is
        assert shown == snapshot.use_extension(GridExtension)


async def test_what_came_of_a_plan_cell_by_cell(open_terminal: Opener, snapshot: SnapshotAssertion) -> None:
    replay = Replay(answer_plan=three_steps)
    failing = three_steps(PlanRequest(), ()).steps[1]
    replay.dids = {failing.id: Outcome(failing.id, Did.FAILED, "the object moved", "make a new plan", NOW)}
    async with open_terminal(replay) as terminal:
        await running_or_ended(terminal)
        await terminal.shows("Exit code 1")
        shown = terminal.grid.replace(plan_screen(terminal).plan_name, "p-00000000")
        assert shown == snapshot.use_extension(GridExtension)
