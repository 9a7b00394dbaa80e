"""A plan on the screen: read, armed, carried out, and what came of it, all on one page.

Nothing here writes by one key: what is asked for is typed, `y` sets the trigger, Enter carries out. What
runs belongs to the app, not to this screen, which may be left and come back to.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult

from gko_tui.actions import PLAN, TEXT, bindings_for
from gko_tui.bridge import PLAN_WITHIN_S
from gko_tui.output.plan_words import next_words, outcome_summary_line
from gko_tui.screens.plan_bar import PlanBar
from gko_tui.screens.reading import ReadingScreen
from gko_tui.view.arming import Arming
from gko_tui.view.lines import Line, Span, joined, safe, wrapped
from gko_tui.view.plan_freshness import MadeFrom
from gko_tui.view.plan_lines import Around, Ended, PlanPage, ended_head, read_head, title_lines
from gko_tui.view.plan_status import NO_ARMING, Phase, Run, Status
from gko_tui.widgets.prompt import Asking
from reconciler.model.errors import GkoError

if TYPE_CHECKING:
    from textual.binding import BindingType

    from gko_tui.carrying import Carrying
    from gko_tui.view.plan_asked import Asked
    from gko_tui.view.store import ChangeSet
    from reconciler.model.keys import ResourceKey
    from reconciler.model.plan import Plan
    from reconciler.model.rows import Row

ARMED_FOR_S = 60
"""A trigger that nobody pulls is let go: whoever comes back later should read first."""

_LONG, _LONG_EVERY = 5_000, 10
"""A page of so many lines is shown anew every so many tenths of a second only."""


class PlanScreen(ReadingScreen):
    """The plan of one request.

    Args:
        asked: what it is for.
        carrying: a run to come back to; None makes a new plan.
    """

    CONTEXTS: ClassVar[tuple[str, ...]] = (PLAN, TEXT)
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(PLAN, TEXT)]

    def __init__(self, asked: Asked, carrying: Carrying | None = None) -> None:
        super().__init__()
        self.asked = asked
        self.carrying = carrying
        self.plan: Plan | None = carrying.plan if carrying is not None else None
        self.arming = Arming(self.plan) if self.plan is not None else None
        self.plan_name = ""
        """The plan's short id, once the page is laid out."""
        self._problem = ""
        self._waited = 0
        self._asks = False
        self._armed_s = 0
        self._stale = ""
        self._made_from: MadeFrom | None = None
        self._told = 0
        self._tenths = 0
        self._page: PlanPage | None = None

    def compose_top(self) -> ComposeResult:
        """Where the plan is on its way."""
        yield PlanBar(self.gko.marks, self.status, self._right)

    def on_mount(self) -> None:
        if self.plan is None:
            self._make()
        else:
            self._lay_out()

    # --- what it says ----------------------------------------------------------------------

    @property
    def phase(self) -> Phase:
        """Where the plan is on its way."""
        if self.carrying is not None:
            if self.carrying.ended:
                return Phase.ENDED
            return Phase.STOPPING if self.carrying.is_stopping() else Phase.RUNNING
        if self.plan is None or self.arming is None:
            return Phase.NONE if self._problem else Phase.MAKING
        if self._stale:
            return Phase.STALE
        if self._asks:
            return Phase.ASKING
        return Phase.ARMED if self.arming.armed else Phase.READ

    def status(self) -> Status:
        """What the line over the plan says."""
        run, said = None, ""
        if self.carrying is not None:
            doing = self.carrying
            run = Run(
                doing.done,
                doing.runs,
                doing.failures,
                self.gko.clock() - doing.began,
                next_words(doing.plan, doing.outcomes),
            )
            stopped = "stopped: " if doing.carried is not None and doing.carried.stopped else ""
            said = f"{stopped}{outcome_summary_line(doing.all_outcomes)}"
        windows = self.gko.bridge.windows
        return Status(self.phase, self._waited, self.arming, self._read_only(), windows.locked, run, said)

    def _right(self) -> Line:
        protected = [name for name in self.gko.desk.protected if name in self._clusters()]
        if not protected or self.carrying is not None:
            return ()
        return ((f" PROTECTED {safe(', '.join(protected))} ", "protected bold"),)

    def _clusters(self) -> frozenset[str]:
        """The clusters that the plan would write to."""
        steps = self.plan.runnable if self.plan is not None else ()
        return frozenset(step.key.cluster for step in steps if step.verb.writes)

    def _read_only(self) -> tuple[str, ...]:
        return self.gko.bridge.windows.closed(self._clusters(), self.gko.clock())

    def title_spans(self) -> tuple[Span, ...]:
        return (
            (self.plan_name or "plan", "title bold"),
            (f"  {self.asked.request.purpose} ", "quiet"),
            (self.asked.title, "text"),
        )

    def crumbs(self) -> tuple[Span, ...]:
        crumb = self.gko.marks.crumb
        return (
            (f" apis {crumb} {self.asked.title} {crumb} ", "quiet"),
            (self.phase.value.lower(), "title"),
            (f"   {self.position()}", "quiet"),
        )

    def run_note(self) -> Line:
        return ()

    def looked_at(self) -> ResourceKey | None:
        return self.asked.key

    def unavailable(self, action_id: str) -> str | None:
        phase = self.phase
        reasons = {
            "plan.arm": self._no_arming(phase),
            "plan.run": None if phase is Phase.ARMED else self._no_arming(phase) or "y arms it first",
            "plan.stop": None if phase is Phase.RUNNING else "nothing is being carried out",
            "plan.again": "it is being carried out" if phase in (Phase.RUNNING, Phase.STOPPING) else None,
            "plan.copy": None if self.plan is not None else "there is no plan yet",
        }
        reason = reasons.get(action_id)
        if reason is None and action_id in ("text.next", "text.previous") and not self.pane.has_stops:
            return "there is no step and no hit to go to"
        return reason or super().unavailable(action_id)

    def _no_arming(self, phase: Phase) -> str | None:
        if phase in NO_ARMING:
            return NO_ARMING[phase]
        if self.plan is not None and not self.plan.runnable:
            return "there is nothing to carry out"
        if self.gko.bridge.windows.locked and self._read_only():
            return "nothing can be written: gko-tui was started with --read-only"
        return None

    # --- making it -------------------------------------------------------------------------

    def do_again(self) -> None:
        """Make the plan anew."""
        self.carrying = self.plan = self.arming = self._page = None
        self.plan_name = ""
        self._problem, self._stale, self._told = "", "", 0
        self._make()

    def _make(self) -> None:
        self._waited = 0
        self.pane.search("")
        self.pane.show([((f"making the plan{self.gko.marks.cut}", "quiet"),)])
        self.redraw_edges()
        self._ask()

    @work(exclusive=True, group="plan", exit_on_error=False)
    async def _ask(self) -> None:
        """Ask the engine; leaving the screen gives up."""
        request = self.asked.request
        self._made_from = MadeFrom(self.gko.bridge.store.rows, request.keys)
        try:
            plan = await self.gko.bridge.ask(
                lambda engine: engine.plan(request), within_s=PLAN_WITHIN_S, again="R"
            )
        except asyncio.CancelledError:
            raise
        except Exception as error:  # a fault in planning must not end the terminal
            said = error.sentence() if isinstance(error, GkoError) else f"{type(error).__name__}: {error}"
            self._problem = said
            self.pane.show(wrapped(said, "state-error", self.text_width))
        else:
            self.plan, self.arming = plan, Arming(plan)
            self._see_what_moved()
            await self._built()
        self.redraw_edges()

    async def _built(self, *, keep_place: bool = False) -> None:
        """Lay the page out away from the terminal's loop: a plan may have thousands of steps."""
        plan = self.plan
        if plan is None:
            return
        page = await asyncio.to_thread(PlanPage, plan, self.text_width, self.gko.marks, self.plan_name)
        if plan is not self.plan:
            return
        self._page, self.plan_name = page, page.name
        if self.carrying is not None:
            page.note(self.carrying.outcomes, self.carrying.outcomes)
            self._told = len(self.carrying.told)
        self._show(keep_place=keep_place)

    @work(exclusive=True, group="layout", exit_on_error=False)
    async def _lay_out(self) -> None:
        """Lay the page out anew, at the same place, for another width or another reader."""
        await self._built(keep_place=True)

    def _show(self, *, keep_place: bool = False) -> None:
        if self._page is not None:
            self.pane.show(*self._page.text(self._head()), keep_place=keep_place)
            self.redraw_edges()

    def _head(self) -> list[Line]:
        assert self.plan is not None
        around = Around(
            self.text_width, self.gko.marks, self.plan_name, self._rows(), self.gko.desk.operator_of
        )
        doing = self.carrying
        if doing is not None and doing.ended:
            carried = doing.carried
            ended = Ended(
                doing.all_outcomes,
                doing.exit_code,
                carried is not None and carried.stopped,
                doing.problem,
                carried.notes if carried is not None else (),
                self.line,
            )
            return ended_head(self.plan, self.asked, ended, around)
        if doing is not None:
            return title_lines(self.plan, self.asked, around)
        lines = read_head(self.plan, self.asked, around)
        if self._stale:
            lines += wrapped(
                f"{self._stale}; R makes a new plan", "state-drift", self.text_width, hanging="  "
            )
        return lines

    @property
    def line(self) -> str:
        """The command line that does the same."""
        typed = self.carrying.typed if self.carrying is not None else ()
        if self.carrying is None and self.arming is not None:
            typed = self.arming.typed
        return self.asked.line(typed)

    def on_resize(self) -> None:
        if self.is_mounted:
            self._lay_out()

    # --- what the plan was made from -------------------------------------------------------

    def _rows(self) -> list[Row]:
        rows = self.gko.bridge.store.rows
        return [rows[key] for key in sorted(self.asked.request.keys) if key in rows]

    def rows_changed(self, changes: ChangeSet) -> None:
        self.redraw_edges()
        if self.plan is None or self.carrying is not None:
            if self.carrying is not None and self.carrying.ended and self.asked.key in changes.changed:
                self._show(keep_place=True)
            return
        if self._see_what_moved(frozenset((*changes.changed, *changes.removed))):
            if self._asks:
                self.close_prompt()
            if self.arming is not None:
                self.arming.reset()
            self._show(keep_place=True)

    def _see_what_moved(self, among: frozenset[ResourceKey] | None = None) -> bool:
        """Whether something that the plan writes has just been seen to be no longer what it was made from."""
        if self.plan is None or self._made_from is None or self._stale:
            return False
        self._stale = self._made_from.moved(self.plan, self.gko.bridge.store.rows, among)
        return bool(self._stale)

    # --- arming ----------------------------------------------------------------------------

    def do_arm(self) -> None:
        """Open what has to be opened, ask what has to be typed, then set the trigger."""
        assert self.arming is not None
        closed = self._read_only()
        if closed:
            self.open_prompt(Asking.COMMAND, f"write {' '.join(closed)} 15m")
            return
        if self.arming.question is not None:
            self.open_prompt(Asking.PHRASE)
            self.redraw_edges()
            return
        self._armed_s = 0
        if not self.arming.arm():
            self.gko.say("nothing would run: nothing that it asks for was typed; y asks again")
            self.arming.reset()
        self.redraw_edges()

    def open_prompt(self, asking: Asking, text: str = "") -> None:
        self._asks = asking is Asking.PHRASE
        super().open_prompt(asking, text)

    def close_prompt(self) -> None:
        self._asks = False
        super().close_prompt()

    def done(self, asking: Asking, text: str) -> None:
        if asking is not Asking.PHRASE or self.arming is None or self.phase is Phase.STALE:
            return
        question = self.arming.question
        if question is not None and not self.arming.answer(text):
            self.open_prompt(Asking.PHRASE)
            self.prompt.note("that is not it")
        elif self.arming.question is not None:
            self.open_prompt(Asking.PHRASE)
        self.redraw_edges()

    def cancelled(self, asking: Asking) -> None:
        super().cancelled(asking)
        if asking is Asking.PHRASE and self.arming is not None:
            self.arming.reset()
            self.gko.say("nothing is armed, and what was typed is forgotten")
        self.redraw_edges()

    def back(self) -> bool:
        if super().back():
            return True
        if self.phase is Phase.ARMED and self.arming is not None:
            self.arming.reset()
            self.gko.say("disarmed: nothing was written")
            self.redraw_edges()
            return True
        if self.phase is Phase.RUNNING:
            self._ask_whether_to_stop()
            return True
        return False

    # --- running ---------------------------------------------------------------------------

    def do_run(self) -> None:
        """Carry the plan out."""
        assert self.plan is not None and self.arming is not None
        typed = self.arming.typed
        self.arming.armed = False  # whatever comes now, one trigger is pulled once
        try:
            self.carrying = self.gko.desk.carry_out(self.asked, self.plan, typed)
        finally:
            self.redraw_edges()
        self._told = 0
        self._show(keep_place=True)

    def do_stop(self) -> None:
        """Begin no further step."""
        if self.carrying is not None:
            self.carrying.stop()
            self.redraw_edges()

    def _ask_whether_to_stop(self) -> None:
        from gko_tui.screens.choice import Choice

        def chosen(answer: str | None) -> None:
            if answer == "stop":
                self.do_stop()
            elif answer == "leave" and self.is_current:
                self.app.pop_screen()

        options = (
            ("stay", "Stay here"),
            ("leave", "Leave it running: R on the table comes back to it"),
            ("stop", "Stop: begin no further step"),
        )
        self.app.push_screen(Choice("The plan is being carried out", options), chosen)

    def tenth(self) -> None:
        self._tenths += 1
        doing = self.carrying
        if doing is None or self._page is None or len(doing.told) == self._told:
            if doing is not None and doing.ended and not doing.looked_at:
                self._ended()
            return
        if len(self.pane.lines) > _LONG and not doing.ended and self._tenths % _LONG_EVERY:
            return
        new, self._told = doing.told[self._told :], len(doing.told)
        self._page.note(doing.outcomes, [step.id for step, _ in new])
        if doing.ended:
            self._ended()
        else:
            self._show(keep_place=True)

    def _ended(self) -> None:
        """It has ended: what came of it stands at the top."""
        assert self.carrying is not None
        self.carrying.looked_at = True
        self.pane.search("")
        self._show()

    def second(self) -> None:
        if self.phase is Phase.MAKING:
            self._waited += 1
        if self.phase is Phase.ARMED and self.arming is not None:
            self._armed_s += 1
            closed = self._read_only()
            if closed or self._armed_s >= ARMED_FOR_S:
                self.arming.reset()
                why = "the write window has closed" if closed else f"nobody carried it out in {ARMED_FOR_S} s"
                self.gko.say(f"disarmed: {why}")
        super().second()

    def on_screen_resume(self) -> None:
        self.gko.bridge.epoch += 1
        if self.is_mounted:
            self.redraw_edges()

    # --- copying ---------------------------------------------------------------------------

    def do_copy(self) -> None:
        """Copy the plan's id."""
        if self.plan is not None:
            self.gko.copy(self.plan_name, "the plan's id")

    def do_copy_menu(self) -> None:
        """Ask what to copy."""
        from gko_tui.screens.plan_copying import copy_plan_menu

        copy_plan_menu(self.gko, self.plan, self.plan_name, self.line, joined(self.pane.lines))
