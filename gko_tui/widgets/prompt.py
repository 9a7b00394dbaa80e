"""The line that is typed into: `/` filter or search, `:` command. Closed, it takes no space."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input, Static


class Asking(Enum):
    """What is being typed."""

    FILTER = "filter"
    COMMAND = "command"
    SEARCH = "search"
    PHRASE = "phrase"
    """What a plan asks a person to type: never suggested, never remembered."""

    @property
    def sign(self) -> str:
        """What stands before the text."""
        return _SIGNS.get(self, "/")


_SIGNS = {Asking.COMMAND: ":", Asking.PHRASE: "type: "}

Complete = Callable[[str], list[str]]


class _Completer(Suggester):
    """Ghost text from a function; never cached, since what fits changes with the rows."""

    def __init__(self, complete: Complete) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._complete = complete

    async def get_suggestion(self, value: str) -> str | None:
        found = self._complete(value) if value else []
        return found[0] if found else None


class _Line(Input):
    """The input itself: Tab takes the ghost text, the up and down arrows go through what was typed before."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "take", "Complete", show=False),
        Binding("up", "history(-1)", "Before", show=False),
        Binding("down", "history(1)", "After", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(id="prompt-line", compact=True, select_on_focus=False)
        self.cursor_blink = False
        self.past: list[str] = []
        self._back = 0

    def begin(self, text: str) -> None:
        """Start over with this text."""
        self._back = 0
        self.value = text
        self.cursor_position = len(text)

    async def _on_key(self, event: events.Key) -> None:
        """Take Enter here, in the order of typing, and hand on what was typed after it.

        Over a slow line `/pay⏎⏎` comes in one packet. As a binding, Enter would make a round through
        the app while the keys behind it are already letters of the filter.
        """
        prompt = self.parent
        assert isinstance(prompt, Prompt)
        if not prompt.is_open:
            event.stop()
            event.prevent_default()
            prompt.post_message(Prompt.Ahead(event.key))
        elif event.key == "enter":
            event.stop()
            event.prevent_default()
            prompt.answer(self.value)
        # Anything else goes on to Input's own handler: Textual calls those of all base classes.

    def action_take(self) -> None:
        """Take the ghost text."""
        self.action_end()
        self.action_cursor_right()

    def action_history(self, step: int) -> None:
        """Go through the lines typed before."""
        if not self.past:
            return
        self._back = max(-len(self.past), min(0, self._back + step))
        text = self.past[self._back] if self._back else ""
        self.value = text
        self.cursor_position = len(text)


class Prompt(Horizontal):
    """The prompt of a screen.

    Args:
        complete: gives whole lines that a line could become, for commands.
    """

    DEFAULT_CSS = """
    Prompt { height: 1; display: none; }
    Prompt #prompt-sign { width: auto; color: $key; text-style: bold; padding: 0 0 0 1; }
    Prompt #prompt-line { width: 1fr; background: transparent; }
    Prompt #prompt-note { width: auto; max-width: 60%; color: $quiet; padding: 0 1 0 1; }
    """

    class Typed(Message):
        """The text changed while the prompt is open."""

        def __init__(self, asking: Asking, text: str) -> None:
            super().__init__()
            self.asking, self.text = asking, text

    class Done(Message):
        """Enter was pressed."""

        def __init__(self, asking: Asking, text: str) -> None:
            super().__init__()
            self.asking, self.text = asking, text

    class Ahead(Message):
        """A key was pressed before the closing of the prompt had come through; it is for the screen."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def __init__(self, complete: Complete) -> None:
        super().__init__(id="prompt")
        self._completer = _Completer(complete)
        self.asking: Asking | None = None
        self._pasts: dict[Asking, list[str]] = {asking: [] for asking in Asking}

    def compose(self) -> ComposeResult:
        yield Static("", id="prompt-sign", markup=False)
        yield _Line()
        yield Static("", id="prompt-note", markup=False)

    @property
    def is_open(self) -> bool:
        """Whether it is being typed into."""
        return self.asking is not None

    def open(self, asking: Asking, text: str = "") -> None:
        """Begin to ask."""
        self.asking = asking
        self.query_one("#prompt-sign", Static).update(asking.sign)
        self.note("")
        line = self.query_one(_Line)
        line.suggester = self._completer if asking is Asking.COMMAND else None
        line.past = self._pasts[asking]
        line.begin(text)
        # Both at once, not with the next idle moment: the next key may already be on its way.
        self.display = True
        self.screen.set_focus(line)

    def close(self) -> None:
        """Stop asking; the focus goes back to the screen's main widget by the caller."""
        self.asking = None
        self.display = False

    def note(self, text: str) -> None:
        """Say something beside the text: an error, a count."""
        self.query_one("#prompt-note", Static).update(text)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.asking is not None:
            self.post_message(self.Typed(self.asking, event.value))

    def answer(self, text: str) -> None:
        """Enter: close, and say what was typed."""
        asking = self.asking
        if asking is None:
            return
        past = self._pasts[asking]
        if text and asking is not Asking.PHRASE and text not in past[-1:]:
            past.append(text)
            del past[:-50]
        self.close()
        self.post_message(self.Done(asking, text))
