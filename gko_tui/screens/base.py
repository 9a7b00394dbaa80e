"""What every screen shares: sizes, the prompt, the edges, and how an action finds its method."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Static

from gko_tui.actions import GLOBAL, actions_for
from gko_tui.view.lines import Line, Span
from gko_tui.view.store import ChangeSet
from gko_tui.widgets.bars import CrumbBar, HintBar, places_summary
from gko_tui.widgets.prompt import Asking, Prompt
from gko_tui.widgets.strips import Bar
from reconciler.model.errors import UsageError
from reconciler.model.verdicts import Place

if TYPE_CHECKING:
    from gko_tui.app import GkoApp
    from reconciler.model.keys import ResourceKey
    from reconciler.model.rows import PlaceState

LEAST_COLUMNS, LEAST_LINES = 60, 16


class GkoScreen(Screen[None]):
    """A screen of the program.

    Subclasses name their `CONTEXTS` (of the action table) and answer each action `x.verb` of them by
    a method `do_verb`.
    """

    CONTEXTS: ClassVar[tuple[str, ...]] = ()
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 (Textual declares it as an instance variable)
        (0, "-tiny"),
        (LEAST_COLUMNS, "-narrow"),
        (100, "-normal"),
        (160, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-flat"),
        (LEAST_LINES, "-short"),
        (40, "-tall"),
    ]

    @property
    def gko(self) -> GkoApp:
        """The app, by its own type."""
        return cast("GkoApp", self.app)

    def on_mount(self) -> None:
        self.set_class(self.gko.marks.ascii_only, "-ascii")

    def _compositor_refresh(self) -> None:
        """Compose nothing while updates are held back: Textual would, for nobody, and then once more."""
        if not self.app._batch_count:
            super()._compositor_refresh()

    # --- edges -----------------------------------------------------------------------------

    def compose_edges(self) -> ComposeResult:
        """The prompt, the crumbs, the hints, and what is said when the terminal is too small."""
        yield Prompt(self.complete)
        yield CrumbBar(self.gko.marks, self.gko.clock, self._where)
        yield HintBar(self.gko.marks, actions_for(*self.CONTEXTS, GLOBAL), self.unavailable)
        yield Static(
            f"gko-tui needs {LEAST_COLUMNS}×{LEAST_LINES} cells; make the terminal larger, q quits",
            id="too-small",
            markup=False,
        )

    @property
    def prompt(self) -> Prompt:
        """The line that is typed into."""
        return self.query_one(Prompt)

    def crumbs(self) -> tuple[Span, ...]:
        """Where we are, in words."""
        return ()

    def crumb_note(self) -> Line:
        """What stands right of the crumbs when every place is well."""
        return ()

    def _where(self) -> tuple[Line, Line]:
        board = self.gko.bridge.board
        states = [state for state in board.places if not state.kind and self.concerns(state)]
        ages = {(Place.CLUSTER, name): seconds for name, seconds in self.gko.stale.items()}
        failure = self.gko.bridge.failure
        if failure:
            return self.crumbs(), (
                (f"{self.gko.marks.warn} the engine stopped: press p ", "state-error bold"),
            )
        ages |= self.gko.ages.beyond
        bad = places_summary(self.gko.marks, states, ages, self.gko.clock())
        return self.crumbs(), (*self.run_note(), *(bad or self.crumb_note()))

    def run_note(self) -> Line:
        """How a plan goes on that is being carried out behind this screen."""
        return self.gko.desk.note()

    def concerns(self, state: PlaceState) -> bool:  # noqa: ARG002 (for screens that show fewer)
        """Whether trouble with a place matters on this screen."""
        return True

    def looked_at(self) -> ResourceKey | None:
        """The resource that the reader rests on, which is then read more often; None if there is none."""
        return None

    def redraw_edges(self) -> None:
        """Draw crumbs and hints anew."""
        for bar in self.bars:
            bar.renew()

    @cached_property
    def bars(self) -> tuple[Bar, ...]:
        """The one-line edges of this screen."""
        return tuple(self.query(Bar))

    # --- actions ---------------------------------------------------------------------------

    def unavailable(self, action_id: str) -> str | None:  # noqa: ARG002 (screens with conditions use it)
        """Why an action cannot be done right now; None if it can."""
        return None

    def action_act(self, action_id: str, argument: str = "") -> None:
        """Do an action of this screen (called by its keys)."""
        self.gko.act(action_id, argument)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys are letters while something is typed."""
        if action == "act":
            return self.gko.may_act(str(parameters[0]))
        return super().check_action(action, parameters)

    def do_next(self) -> None:
        """Only texts have something to go on to."""

    def complete(self, text: str) -> list[str]:
        """What a command line could become."""
        return self.gko.complete(text)

    def on_prompt_typed(self, event: Prompt.Typed) -> None:
        event.stop()
        try:
            self.typed(event.asking, event.text)
        except UsageError as error:
            self.prompt.note(error.sentence())

    def on_prompt_done(self, event: Prompt.Done) -> None:
        event.stop()
        self.close_prompt()
        if event.asking is Asking.COMMAND:
            self.gko.run_command(event.text)
        else:
            self.done(event.asking, event.text)

    def on_prompt_ahead(self, event: Prompt.Ahead) -> None:
        event.stop()
        self.gko.simulate_key(event.key)

    def typed(self, asking: Asking, text: str) -> None:
        """The text of the prompt changed; a UsageError is shown beside it."""

    def done(self, asking: Asking, text: str) -> None:
        """Enter was pressed in a filter or a search."""

    def cancelled(self, asking: Asking) -> None:
        """Escape was pressed in a filter or a search."""

    def close_prompt(self) -> None:
        """Close the prompt and give the focus back."""
        self.prompt.close()
        self.query_one("CrumbBar").remove_class("-hidden")
        self.focus_main()

    def open_prompt(self, asking: Asking, text: str = "") -> None:
        """Open the prompt in place of the crumbs."""
        self.query_one("CrumbBar").add_class("-hidden")
        self.prompt.open(asking, text)

    def focus_main(self) -> None:
        """Focus what the screen is about."""

    def back(self) -> bool:
        """Close the innermost open thing of this screen; False if there is none."""
        if self.prompt.is_open:
            asking = self.prompt.asking
            self.close_prompt()
            if asking is not None:
                self.cancelled(asking)
            return True
        return False

    # --- data ------------------------------------------------------------------------------

    def rows_changed(self, changes: ChangeSet) -> None:
        """Rows came, changed or went."""

    def places_changed(self) -> None:
        """A place is in another state, or something else cannot be read."""
        self.redraw_edges()

    def tenth(self) -> None:
        """Called about ten times a second while on top."""

    def second(self) -> None:
        """Called every second while on top."""
        self.redraw_edges()
