"""One line on standard error that says what is being read; it is gone when the answer comes."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from gko_tui.output.console import Console


class Progress:
    """Shows the newest step on a terminal, nothing elsewhere.

    Use it as a context manager: its line is wiped at the end, whatever happened.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown = False

    def __call__(self, step: str) -> None:
        if not self._console.progress:
            return
        from reconciler.rules.text import printable

        text = printable(step)
        if self._console.width is not None:
            text = text[: self._console.width - 1]
        self._console.err.write(f"\r\x1b[K{text}")
        self._console.err.flush()
        self._shown = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            self._console.err.write("\r\x1b[K")
            self._console.err.flush()
