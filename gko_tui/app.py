"""The terminal: one engine on its own thread, one table of rows, screens over it."""

from __future__ import annotations

import gko_tui.frame_rate  # noqa: F401 (before anything of Textual)

# isort: split
import asyncio
import gc
import signal
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from textual import events, work
from textual.app import App, SystemCommand
from textual.filter import NoColor
from textual.screen import Screen
from textual.widgets import Input

from gko_tui.actions import BY_ID, GLOBAL, bindings_for
from gko_tui.attention import Ages, Attention
from gko_tui.bridge import DRAIN_EVERY_S, Bridge
from gko_tui.commanding import complete, palette_commands, run_command
from gko_tui.copying import copy
from gko_tui.plan_desk import PlanDesk
from gko_tui.screens.base import GkoScreen
from gko_tui.screens.table import TableScreen
from gko_tui.terminal_size import changed_size
from gko_tui.theme import ANSI_THEME, DEFAULT_THEME, TOKENS, Palette, load_themes
from gko_tui.view.lookup import find_resources, match_clusters
from gko_tui.view.tabs import HOPS_TAB
from gko_tui.view.words import marks_for
from gko_tui.widgets.bars import reading_note
from gko_tui.widgets.prompt import Asking
from reconciler.model.errors import GkoError, UsageError
from reconciler.model.keys import ResourceKey

if TYPE_CHECKING:
    from textual.binding import BindingType

    from gko_tui.screens.detail import DetailScreen
    from reconciler.settings.model import Platform
    from reconciler.settings.paths import StatePaths

_SIGNALLED = 128
_LOAD_AFTER_S = 1.0
"""After the first paint, what other screens need is loaded while the reader looks at the first one."""
_AT_ONCE_S = 0.12
"""How long a key may seem to do nothing: below what a person notices as waiting."""
_COLLECT_EVERY = 20_000
"""Objects between two looks for garbage: a painted screen makes thousands, and a look may cost 40 ms."""
_WHILE_TYPING = ("global.back", "global.palette")
"""What a key does even while the prompt has the focus."""


class GkoApp(App[int]):
    """The program on a terminal.

    Args:
        platform: names the clusters and sources that are read.
        paths: where this machine keeps its state.
        bridge: the engine's end.
        environ: the environment; NO_COLOR, TMUX, GKO_CLIPBOARD and the locale are read.
        clock: seconds since the epoch.
        ascii_only: draw with ASCII characters.
        theme: the name of a theme; None chooses.
        reduced_motion: nothing flashes or slides.
    """

    TITLE = "gko-tui"
    CSS_PATH = "screens/base.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for(GLOBAL)]

    def __init__(
        self,
        platform: Platform,
        paths: StatePaths,
        bridge: Bridge,
        *,
        environ: Mapping[str, str],
        clock: Callable[[], float],
        ascii_only: bool = False,
        theme: str | None = None,
        reduced_motion: bool = False,
    ) -> None:
        colourless = bool(environ.get("NO_COLOR"))
        super().__init__(ansi_color=True if colourless else None)
        if colourless and not any(isinstance(entry, NoColor) for entry in self._filters):
            self._filters.append(NoColor())
        self.platform, self.paths, self.bridge = platform, paths, bridge
        self.environ, self.clock = environ, clock
        self.marks = marks_for(environ, ascii_only=ascii_only)
        self.ages = Ages()
        self._attention = Attention(bridge)
        self.desk = PlanDesk(self)
        self._palettes: dict[str, Palette] = {}
        self.configured_clusters = tuple(cluster.name for cluster in platform.clusters)
        self.reading = reading_note(len(platform.clusters), len(platform.sources))
        for found in load_themes().values():
            self.register_theme(found)
        self.theme = ANSI_THEME if colourless else self._theme_named(theme or DEFAULT_THEME)
        if reduced_motion or environ.get("TEXTUAL_ANIMATIONS") == "none":
            self.animation_level = "none"

    def _theme_named(self, name: str) -> str:
        if name not in self.available_themes:
            ours = ", ".join(load_themes())
            raise UsageError("is not a theme", subject=name, next_step=f"use one of {ours}")
        return name

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our tokens for themes that do not know them (Textual's own)."""
        themes = load_themes()
        found = themes[DEFAULT_THEME] if self.current_theme.dark else themes["gko-light"]
        return {token: found.variables[token] for token in TOKENS}

    @property
    def palette(self) -> Palette:
        """The styles of the present theme."""
        palette = self._palettes.get(self.theme)
        if palette is None:
            variables = {**self.get_theme_variable_defaults(), **self.current_theme.variables}
            palette = self._palettes[self.theme] = Palette(variables)
        return palette

    @property
    def motion(self) -> bool:
        """Whether changes may be shown by a moment of bold."""
        return self.animation_level != "none"

    # --- life ------------------------------------------------------------------------------

    def on_mount(self) -> None:
        self.drain()
        self.push_screen(TableScreen(self))
        self.set_interval(DRAIN_EVERY_S, self.tenth)
        self.set_interval(1.0, self.second)
        # The engine's imports hold the interpreter for moments: the first paint goes before them.
        self.call_after_refresh(self.set_timer, 0.02, self.bridge.start)
        self.set_timer(_LOAD_AFTER_S, self._load_the_rest)
        if not self.is_headless:
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGHUP):
                with suppress(NotImplementedError, ValueError):
                    loop.add_signal_handler(number, self._signalled, _SIGNALLED + number)

    def _signalled(self, code: int) -> None:
        """End; a plan that is being carried out may finish the steps it has begun, unless asked again."""
        if not self.desk.quit_when_done(code):
            self.exit(code)

    @work(thread=True, exit_on_error=False)
    def _load_the_rest(self) -> None:
        """Load what the first press of a key would wait for."""
        import gko_tui.screens.detail
        import gko_tui.screens.places
        import gko_tui.screens.plan  # noqa: F401

        if not self.is_headless:
            gc.collect()
            gc.freeze()  # what is loaded stays: no key should wait until it has been looked through again
            gc.set_threshold(_COLLECT_EVERY, 10, 10)

    @property
    def top(self) -> GkoScreen | None:
        """The screen on top, if it is one of ours (not a modal; none before the first and after the last)."""
        screen = self.screen_stack[-1] if self.screen_stack else None
        return screen if isinstance(screen, GkoScreen) else None

    @property
    def standing(self) -> GkoScreen | None:
        """The screen on top, unless it is still being built: without widgets it can be told nothing."""
        return None if self.is_building else self.top

    @property
    def is_building(self) -> bool:
        """Whether the screen on top is ours and has not built its widgets yet."""
        return self.top is not None and not self.top.is_mounted

    @property
    def table_screen(self) -> TableScreen:
        """The table."""
        return next(screen for screen in self.screen_stack if isinstance(screen, TableScreen))

    def drain(self) -> None:
        """Take over what the engine has published, and tell the screen on top.

        While that screen is being built, what was published waits for the next call.
        """
        if self.is_building:
            return
        drained = self.bridge.drain()
        if drained is None:
            return
        if drained.places:
            self.ages.renew(self.bridge, self.clock())
        top = self.top
        if top is None:
            return
        if drained.rows.changed or drained.rows.removed:
            top.rows_changed(drained.rows)
        if drained.places:
            top.places_changed()

    def tenth(self) -> None:
        """Ten times a second."""
        self.drain()
        self.desk.tenth()
        if (screen := self.standing) is not None:
            screen.tenth()

    def second(self) -> None:
        """Every second."""
        size = None if self.is_headless else changed_size(self.screen.size)
        if size is not None:
            self.post_message(events.Resize(size, size))
        self.ages.renew(self.bridge, self.clock())
        screen = self.standing
        self._attention.second(screen.looked_at() if screen is not None else None)
        if screen is not None:
            screen.second()

    @property
    def stale(self) -> dict[str, float]:
        """Seconds for which clusters have been silent; those that are fresh are not in it."""
        return self.ages.clusters

    @property
    def is_reading(self) -> bool:
        """Whether some place has not given its first answer yet."""
        places = [state for state in self.bridge.board.places if not state.kind]
        expected = len(self.platform.clusters) + len(self.platform.sources)
        return len(places) < expected or any(state.phase == "waiting" for state in places)

    # --- actions ---------------------------------------------------------------------------

    def action_act(self, action_id: str, argument: str = "") -> None:
        """Do an action (called by keys that work everywhere)."""
        self.act(action_id, argument)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that work everywhere do not work over a menu, and are letters while something is typed."""
        if action == "act":
            return self.may_act(str(parameters[0]))
        return super().check_action(action, parameters)

    def may_act(self, action_id: str) -> bool:
        """Whether a key stands for this action right now."""
        if action_id == "global.interrupt":
            return True
        if self.top is None:
            return False
        return action_id in _WHILE_TYPING or not isinstance(self.focused, Input)

    def act(self, action_id: str, argument: str = "") -> None:
        """Do an action, or say why it cannot be done."""
        action = BY_ID[action_id]
        target: Any = self if action.context == GLOBAL else self.top
        if target is None:
            return
        if self.is_building:  # typed ahead of a screen that is being built
            self.call_later(self.act, action_id, argument)
            return
        reason = self.top.unavailable(action_id) if self.top is not None else None
        if reason is not None:
            self.say(f"{action.title}: {reason}")
            return
        method = getattr(target, f"do_{action.verb}")
        try:
            if action.per_key or (action.argument and argument):
                method(argument)
            else:
                method()
        except GkoError as error:
            self.say(error.sentence(), severity="error")

    def act_on_screen(self, action_id: str) -> None:
        """Do an action that was clicked."""
        self.act(action_id)

    def run_command(self, text: str) -> None:
        """Do a line of the `:` bar."""
        run_command(self, text)

    def back_to_table(self) -> None:
        """Close everything over the table."""
        while not isinstance(self.screen, TableScreen) and len(self.screen_stack) > 1:
            self.pop_screen()

    def complete(self, text: str) -> list[str]:
        """What a command line could become."""
        return complete(self, text)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette reads the same table as everything else."""
        contexts = (*screen.CONTEXTS, GLOBAL) if isinstance(screen, GkoScreen) else (GLOBAL,)
        return palette_commands(self, contexts)

    # --- what works everywhere -------------------------------------------------------------

    def do_command(self) -> None:
        """Open the `:` bar."""
        if self.top is not None:
            self.top.open_prompt(Asking.COMMAND)

    def do_help(self) -> None:
        """Show what can be done here."""
        from gko_tui.screens.help import HelpScreen

        top = self.top
        if top is not None:
            self.push_screen(HelpScreen((*top.CONTEXTS, GLOBAL), top.unavailable), self._helped)

    def _helped(self, action_id: str | None) -> None:
        if action_id is not None:
            self.act(action_id)

    def do_places(self) -> None:
        """Show how well every place can be read."""
        from gko_tui.screens.places import PlacesScreen

        if not isinstance(self.screen, PlacesScreen):
            self.push_screen(PlacesScreen())

    def do_refresh(self) -> None:
        """Ask the sources for their heads, and for what is on the screen."""
        self.run_worker(self._refresh(), group="refresh", exclusive=True, exit_on_error=False)

    async def _refresh(self) -> None:
        from gko_tui.screens.detail import DetailScreen

        self.say("asking every Git source; clusters are watched")
        try:
            await self.bridge.ask(lambda engine: engine.refresh())
        except GkoError as error:
            self.say(error.sentence(), severity="error")
        if isinstance(self.screen, DetailScreen):
            self.screen.refresh_content()

    def do_theme(self, argument: str = "") -> None:
        """Change the colours."""
        if not argument:
            self.search_themes()
            return
        self.theme = self._theme_named(argument)

    def do_palette(self) -> None:
        """Find an action by name."""
        self.action_command_palette()

    def do_s(self) -> None:
        """`s` never changes anything here."""
        self.say("s is sync in argonaut and suspend in flux9s; here R makes a plan. ? shows the keys")

    def do_write(self, argument: str = "") -> None:
        """Open a write window."""
        self.desk.write(argument)

    def do_readonly(self) -> None:
        """Close every write window."""
        self.desk.readonly()

    def do_back(self) -> None:
        """Close the innermost open thing."""
        top = self.top
        if top is None or top.back():
            return
        if len(self.screen_stack) > 2:
            self.pop_screen()

    def do_quit(self) -> None:
        """Back, and out of the program from the table."""
        if len(self.screen_stack) > 2:
            self.pop_screen()
            return
        if self.desk.is_running:
            self.desk.ask_to_quit()
            return
        from gko_tui.screens.choice import Choice

        options = (("quit", "Quit"), ("stay", "Stay"))
        keys = {"q": "quit", "y": "quit", "n": "stay"}
        self.push_screen(Choice("Quit gko-tui?", options, keys), self._quit_answered)

    def _quit_answered(self, answer: str | None) -> None:
        if answer == "quit":
            self.exit(0)

    def do_interrupt(self) -> None:
        """Copy what is selected; end the program if nothing is."""
        selected = self.screen.get_selected_text()
        if selected:
            self.copy(selected, "the selection")
            self.screen.clear_selection()
        elif not self.desk.interrupted():
            self.exit(0)

    # --- helping the screens ---------------------------------------------------------------

    def open_detail(self, key: ResourceKey, *, tab: int) -> None:
        """Open one resource."""
        from gko_tui.screens.detail import DetailScreen

        screen = DetailScreen(key, tab=tab)
        if tab != HOPS_TAB:
            self._paint_when_told(screen)
        self.push_screen(screen)

    @work(group="first paint", exit_on_error=False)
    async def _paint_when_told(self, screen: DetailScreen) -> None:
        """Hold a new screen back for an answer that comes at once: an empty page costs as much to paint."""
        with self.batch_update(), suppress(TimeoutError):
            await asyncio.wait_for(screen.told_once.wait(), _AT_ONCE_S)
        screen.refresh()

    def say(
        self, message: str, *, severity: Literal["information", "warning", "error"] = "information"
    ) -> None:
        """Say something for a moment; never read as markup."""
        from gko_tui.view.lines import safe

        self.notify(safe(message), severity=severity, markup=False, timeout=8 if severity == "error" else 4)

    def copy(self, text: str, what: str) -> None:
        """Copy a text and say what became of it; `what` names it."""
        driver = self._driver
        self._clipboard = text
        copy(self, text, what, driver.write if driver is not None else lambda _: None)

    def cluster_names(self) -> tuple[str, ...]:
        """The clusters in the order of the configuration, then control planes that have rows of their own."""
        others = sorted(self.bridge.store.clusters() - set(self.configured_clusters))
        return (*self.configured_clusters, *others)

    def match_clusters(self, wanted: tuple[str, ...]) -> frozenset[str]:
        """The clusters that these names, beginnings or globs mean.

        Raises:
            UsageError: one of them means none.
        """
        return match_clusters(self.cluster_names(), wanted)

    def find(self, text: str) -> list[ResourceKey]:
        """The resources that a RESOURCE argument means.

        Raises:
            UsageError: it means none, or is not of the form.
        """
        return find_resources(self.bridge.store.rows, text)
