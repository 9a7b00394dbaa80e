"""A short list to choose from, over the screen: what to copy, whether to quit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option


class Choice(ModalScreen[str | None]):
    """Ask for one of a few things.

    Args:
        title: the question.
        options: (answer, text) each; the first one is under the cursor.
        keys: single keys that answer at once.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Close", show=False),
        Binding("j", "down", "Down", show=False),
        Binding("k", "up", "Up", show=False),
    ]
    CSS_PATH = "choice.tcss"

    def __init__(
        self, title: str, options: Sequence[tuple[str, str]], keys: dict[str, str] | None = None
    ) -> None:
        super().__init__()
        self._title_text = title
        self._options = options
        self._keys = keys or {}

    def compose(self) -> ComposeResult:
        with Vertical(id="choice"):
            yield Static(self._title_text, id="choice-title", markup=False)
            yield OptionList(*(Option(Content(text), id=answer) for answer, text in self._options))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(event.option.id)

    def on_key(self, event: events.Key) -> None:
        if event.key in self._keys:
            event.stop()
            self.dismiss(self._keys[event.key])

    def action_cancel(self) -> None:
        """Choose nothing."""
        self.dismiss(None)

    def action_down(self) -> None:
        """One further."""
        self.query_one(OptionList).action_cursor_down()

    def action_up(self) -> None:
        """One back."""
        self.query_one(OptionList).action_cursor_up()
