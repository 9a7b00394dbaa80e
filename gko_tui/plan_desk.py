"""What the terminal keeps about writing while screens come and go: write windows and the plan that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from gko_tui.output.plan_words import STOPPING, left_steps, outcome_summary_line, step_name
from gko_tui.view.lines import Line, safe
from gko_tui.view.plan_asked import Asked
from gko_tui.view.words import age
from gko_tui.view.write_windows import asked_window
from reconciler.model.verdicts import ExitCode

if TYPE_CHECKING:
    from gko_tui.app import GkoApp
    from gko_tui.carrying import Carrying
    from gko_tui.screens.plan import PlanScreen
    from reconciler.model.plan import Plan

_MOST_SAID = 20
_STOPPED = 130


class PlanDesk:
    """Begins runs, keeps the one that runs, and says how it goes.

    Args:
        app: the terminal.
    """

    def __init__(self, app: GkoApp) -> None:
        self._app = app
        self._asked: Asked | None = None
        self.carrying: Carrying | None = None
        """The run that goes on, or ended and was not looked at yet."""
        self._said = False
        self._quit_with: int | None = None

    @property
    def is_running(self) -> bool:
        """Whether a plan is being carried out right now."""
        return self.carrying is not None and not self.carrying.ended

    @property
    def protected(self) -> tuple[str, ...]:
        """The clusters that have to be named before they are written to."""
        clusters = self._app.platform.clusters
        return tuple(one.name for one in clusters if getattr(one, "protected", False))

    def operator_of(self, cluster: str) -> str:
        """Who writes from a cluster to its control plane."""
        found = next((one for one in self._app.platform.clusters if one.name == cluster), None)
        return str(getattr(found, "operator", "gko"))

    # --- plans -----------------------------------------------------------------------------

    def open(self, asked: Asked) -> None:
        """Show the plan for a request; while a run goes on, or has not been looked at, show that."""
        from gko_tui.screens.plan import PlanScreen

        doing = self.carrying
        if doing is None or doing.looked_at:
            self._show(PlanScreen(asked))
            return
        if not doing.ended:
            self._app.say("this plan is being carried out; a new one can be made when it has ended")
        self._show(PlanScreen(self._asked or asked, doing))

    def _show(self, screen: PlanScreen) -> None:
        from gko_tui.screens.plan import PlanScreen

        if isinstance(self._app.screen, PlanScreen):
            self._app.pop_screen()
        self._app.push_screen(screen)

    def carry_out(self, asked: Asked, plan: Plan, typed: tuple[str, ...]) -> Carrying:
        """Begin a run.

        Raises:
            GkoError: another one goes on, a cluster is read-only, or the engine has stopped.
        """
        from reconciler.model.errors import UsageError

        if self.is_running:
            raise UsageError("another plan is being carried out", next_step="wait for its end")
        self.carrying = self._app.bridge.carry_out(plan, typed)
        self._asked, self._said = asked, False
        return self.carrying

    def tenth(self) -> None:
        """Take over what a run has told; say its end where nobody looks at it."""
        doing = self.carrying
        if doing is None or not doing.look():
            return
        screen = self._app.standing
        if screen is not None:
            screen.redraw_edges()
        if doing.ended and not self._said:
            self._said = True
            if self._quit_with is not None:
                self._leave(self._quit_with)
            elif getattr(self._app.top, "carrying", None) is not doing:
                good = doing.exit_code is ExitCode.IN_SYNC
                said = f"plan {doing.plan.short_id}: {self._summary(doing)}; R on the table shows it"
                self._app.say(said, severity="information" if good else "error")

    def note(self) -> Line:
        """What stands at the bottom of other screens while a run goes on, and until its end was seen."""
        doing = self.carrying
        if doing is None or doing.looked_at:
            return ()
        if doing.ended:
            return ((" plan ended: R ", "state-drift bold" if doing.exit_code else "state-ok bold"),)
        word = "stopping" if doing.is_stopping() else "plan"
        return ((f" {word} {doing.done}/{doing.runs}: R ", "key bold"),)

    @staticmethod
    def _summary(doing: Carrying) -> str:
        stopped = "stopped, " if doing.carried is not None and doing.carried.stopped else ""
        problem = f"; {safe(doing.problem)}" if doing.problem else ""
        return f"{stopped}{outcome_summary_line(doing.all_outcomes)}{problem}"

    # --- write windows ---------------------------------------------------------------------

    def write(self, argument: str) -> None:
        """Open a write window.

        Raises:
            UsageError: it asks for a cluster that is not there, or for too long, or this run is read-only.
        """
        chosen, seconds = asked_window(argument.split(), self._app.cluster_names(), self.protected)
        self._app.bridge.windows.open(chosen, self._app.clock() + seconds)
        named = ", ".join(map(safe, chosen))
        self._app.say(f"{named}: may be written to for {age(seconds)}")
        self._redraw()

    def readonly(self) -> None:
        """Close every write window."""
        self._app.bridge.windows.close()
        said = "nothing can be written any more"
        if self.is_running:
            said += "; the plan that runs goes on: x stops it"
        self._app.say(said)
        self._redraw()

    def _redraw(self) -> None:
        if (screen := self._app.standing) is not None:
            screen.redraw_edges()

    # --- ending the program ----------------------------------------------------------------

    def interrupted(self) -> bool:
        """Ctrl-C: a run is stopped between steps first; whether it was for that."""
        doing = self.carrying
        if doing is None or doing.ended:
            return False
        if doing.is_stopping():
            self.ask_to_quit()
        else:
            doing.stop()
            self._app.say(f"stopping: {STOPPING}; Ctrl-C again asks whether to quit")
            self._redraw()
        return True

    def ask_to_quit(self) -> None:
        """Ask how to leave while a run goes on."""
        from gko_tui.screens.choice import Choice

        def chosen(answer: str | None) -> None:
            if answer == "wait":
                self.quit_when_done(_STOPPED)
            elif answer == "quit" and self.carrying is not None:
                self.carrying.end_at_once()
                self._leave(_STOPPED)

        options = (
            ("stay", "Stay"),
            ("wait", "Begin no further step, and quit then"),
            ("quit", "Quit at once: what is under way may arrive or not"),
        )
        self._app.push_screen(Choice("A plan is being carried out", options), chosen)

    def quit_when_done(self, code: int) -> bool:
        """Stop the run between steps and end the program then; False where that was asked for before."""
        doing = self.carrying
        if doing is None or doing.ended or self._quit_with is not None:
            return False
        self._quit_with = code
        doing.stop()
        self._app.say(f"quitting: {STOPPING}")
        return True

    def _leave(self, code: int) -> None:
        """End the program, and say on the plain screen what was done and what is open."""
        doing = self.carrying
        assert doing is not None
        doing.look()
        said = [f"plan {doing.plan.short_id}: {self._summary(doing)}"]
        for words, steps in left_steps(doing.plan, doing.all_outcomes).items():
            said.append(words)
            said += [f"  {step.verb.value}  {step_name(step)}" for step in steps[:_MOST_SAID]]
        self._app.exit(code, message=Text("\n".join(said)))
