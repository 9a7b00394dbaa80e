"""What can be done here, by which key: searchable, and each line can be done at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content, Span
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from gko_tui.actions import CONTEXT_TITLES, Action, actions_for, drawn, key_name
from gko_tui.view.filtering import FIELDS
from gko_tui.view.lines import text_of, wrapped
from gko_tui.view.words import FAMILY_TOKENS
from reconciler.model.verdicts import Verdict
from reconciler.rules.documentation import verdict_documentation

if TYPE_CHECKING:
    from gko_tui.app import GkoApp


class HelpScreen(ModalScreen[str | None]):
    """The actions of the screen below, with a legend of the marks.

    Answers with the id of the action that was chosen, or None.

    Args:
        contexts: of the screen below; unavailable: why one of its actions cannot be done now.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close", show=False),
        Binding("down", "move(1)", "Down", show=False, priority=True),
        Binding("up", "move(-1)", "Up", show=False, priority=True),
        Binding("pagedown", "page(1)", "Page down", show=False, priority=True),
        Binding("pageup", "page(-1)", "Page up", show=False, priority=True),
    ]
    CSS_PATH = "help.tcss"

    def __init__(self, contexts: Sequence[str], unavailable: Callable[[str], str | None]) -> None:
        super().__init__()
        self._contexts = contexts
        self._unavailable = unavailable

    @property
    def gko(self) -> GkoApp:
        """The app, by its own type."""
        return cast("GkoApp", self.app)

    def compose(self) -> ComposeResult:
        with Vertical(id="help"):
            yield Static("Help: type to search, Enter does it, Esc closes", id="help-title", markup=False)
            search = Input(placeholder="search", compact=True, id="help-search")
            search.cursor_blink = False
            yield search
            yield OptionList(id="help-list")

    def on_mount(self) -> None:
        self.set_class(self.gko.marks.ascii_only, "-ascii")
        self.query_one("#help-list").can_focus = False
        self._fill("")
        self.query_one(Input).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._fill(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one(OptionList).action_select()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(event.option.id)

    def on_click(self, event: events.Click) -> None:
        if event.widget is self:
            self.dismiss(None)

    def action_close(self) -> None:
        """Close without doing anything."""
        self.dismiss(None)

    def action_move(self, step: int) -> None:
        """The line below or above."""
        options = self.query_one(OptionList)
        (options.action_cursor_down if step > 0 else options.action_cursor_up)()

    def action_page(self, step: int) -> None:
        """The page below or above."""
        options = self.query_one(OptionList)
        for _ in range(max(1, options.size.height - 1)):
            (options.action_cursor_down if step > 0 else options.action_cursor_up)()

    # --- lines -----------------------------------------------------------------------------

    def _fill(self, wanted: str) -> None:
        options = self.query_one(OptionList)
        options.clear_options()
        words = wanted.lower().split()
        found: list[Option] = []
        for context in self._contexts:
            lines = [
                self._line(action)
                for action in actions_for(context)
                if all(word in self._haystack(action) for word in words)
            ]
            if lines:
                found.append(_title(CONTEXT_TITLES[context]))
                found += lines
        found += self._legend(words)
        if not found:
            found.append(Option(Content(f"nothing is called {wanted}"), disabled=True))
        options.add_options(found)
        if words:
            first = next((i for i, option in enumerate(found) if option.id and not option.disabled), None)
            options.highlighted = first

    def _haystack(self, action: Action) -> str:
        return f"{self._keys(action)} {action.title} {action.command} {action.help}".lower()

    def _keys(self, action: Action) -> str:
        if action.per_key:
            return f"{action.keys[0]}–{action.keys[-1]}".replace("–", "-")
        return " ".join(key_name(key, ascii_only=self.gko.marks.ascii_only) for key in action.keys[:2])

    def _line(self, action: Action) -> Option:
        reason = self._unavailable(action.id)
        head = f"{_pad(self._keys(action), 11)}{_pad(action.title, 19)}"
        rest = f"({reason}) {action.help}" if reason else action.help
        if action.command:
            rest += f"  :{action.command} {action.argument}".rstrip()
        room = max(20, min(110, self.size.width) - 8)  # borders, padding, scrollbar
        lines = (text_of(line) for line in wrapped(rest, "text", room, indent=head))
        text = drawn("\n".join(lines), ascii_only=self.gko.marks.ascii_only)
        spans = [
            Span(0, 11, "$key bold"),
            Span(11, len(head), "$title"),
            Span(len(head), len(text), "$quiet"),
        ]
        if reason:
            spans = [Span(0, len(text), "$quiet dim")]
        needs_more = action.per_key or (action.argument and not action.argument.startswith("["))
        return Option(Content(text, spans=spans), id=None if needs_more else action.id, disabled=bool(reason))

    def _legend(self, words: list[str]) -> list[Option]:
        marks = self.gko.marks
        lines: list[Option] = []
        for verdict in Verdict:
            meaning = verdict_documentation(verdict).meaning
            text = f"{_pad(marks.verdict(verdict), 11)}{_pad(verdict.word, 12)}{meaning}"
            if all(word in text.lower() for word in words):
                style = f"${FAMILY_TOKENS[verdict.family]} bold"
                lines.append(Option(Content(text, spans=[Span(0, 23, style)]), disabled=True))
        none = f"{_pad(marks.verdict(None), 11)}{_pad('', 12)}there is no such hop"
        if all(word in none.lower() for word in words):
            lines.append(Option(Content(none), disabled=True))
        found = [_title("Marks, in the columns G Git, K cluster, C control plane, W gateway"), *lines]
        fields = [
            Option(Content(f"{_pad(name + ':', 11)}{example}"), disabled=True)
            for name, example in FIELDS.items()
            if all(word in f"{name}: {example}".lower() for word in words)
        ]
        if fields:
            found += [_title("Fields of a filter"), *fields]
        return found if lines or fields else []


def _title(text: str) -> Option:
    return Option(Content(text, spans=[Span(0, len(text), "$title bold underline")]), disabled=True)


def _pad(text: str, width: int) -> str:
    return text + " " * max(1, width - cell_len(text))
