"""Where the command line writes, and what that place can show: width, colours, characters."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from reconciler.model.verdicts import Family

if TYPE_CHECKING:
    from gko_tui.view.words import Marks

_FAMILY_CODES = {
    Family.GOOD: "34",
    Family.MOVING: "1",
    Family.DRIFT: "33",
    Family.BAD: "31",
    Family.UNKNOWN: "2",
}
"""Blue and yellow rather than green and red: INTERFACE.md §3.9. The glyph and the word always stand too."""


@dataclass(frozen=True, slots=True)
class Console:
    """Standard output and standard error of one run.

    `width` is in cells, None where lines may be as long as they like (pipes and files).
    """

    out: TextIO
    err: TextIO
    width: int | None
    colour: bool
    progress: bool
    marks: Marks

    def write(self, text: str) -> None:
        """Write text to standard output."""
        self.out.write(text)

    def write_bytes(self, data: bytes) -> None:
        """Write a document to standard output: UTF-8, whatever the terminal's encoding."""
        self.out.flush()
        buffer = getattr(self.out, "buffer", None)
        if buffer is not None:
            buffer.write(data)
            buffer.flush()
        else:
            self.out.write(data.decode())

    def warn(self, text: str) -> None:
        """Write one line to standard error."""
        self.out.flush()
        self.err.write(f"{text}\n")
        self.err.flush()

    def styled(self, text: str, code: str) -> str:
        """Text in a colour, where colours are shown."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and text.strip() else text

    def family(self, text: str, family: Family) -> str:
        """Text in the colour of a family of verdicts."""
        return self.styled(text, _FAMILY_CODES[family])

    def quiet(self, text: str) -> str:
        """Text that steps back."""
        return self.styled(text, "2")

    def strong(self, text: str) -> str:
        """Text that stands out."""
        return self.styled(text, "1")


def open_console(
    environ: Mapping[str, str],
    *,
    ascii_only: bool = False,
    no_colour: bool = False,
    out: TextIO | None = None,
    err: TextIO | None = None,
) -> Console:
    """Look at what standard output and error are.

    Args:
        environ: NO_COLOR, TERM, COLUMNS and the locale are read.
        ascii_only: the person asked for ASCII.
        no_colour: the person asked for no colours.
        out: standard output; the process's own by default.
        err: standard error; the process's own by default.
    """
    from gko_tui.view.words import marks_for

    out = out if out is not None else sys.stdout
    err = err if err is not None else sys.stderr
    dumb = environ.get("TERM", "") in ("", "dumb")
    return Console(
        out=out,
        err=err,
        width=_width(out, environ),
        colour=is_terminal(out) and not dumb and not no_colour and not environ.get("NO_COLOR"),
        progress=is_terminal(err) and not dumb,
        marks=marks_for(environ, ascii_only=ascii_only or _cannot_draw(out)),
    )


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a stream is a terminal."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def _cannot_draw(out: TextIO) -> bool:
    try:
        "≠∅×·→…".encode(getattr(out, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return True
    return False


def _width(out: TextIO, environ: Mapping[str, str]) -> int | None:
    if not is_terminal(out):
        return None
    if (columns := environ.get("COLUMNS", "")).isdigit() and int(columns) > 0:
        return int(columns)
    try:
        return os.get_terminal_size(out.fileno()).columns or 80
    except OSError:
        return 80
