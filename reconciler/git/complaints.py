"""What libyaml says of bad text, turned into a line, a reason and a next step that help.

libyaml's own words ("found character that cannot start any token") name the symptom; what people did was
to press Tab, forget a quote or leave a template unrendered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import yaml
from yaml.reader import ReaderError


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something in a file that could not be read; `line` counts from 1; `severity` as in `Problem`."""

    line: int
    message: str
    next_step: str = ""
    severity: str = "error"


_KNOWN: Final[tuple[tuple[str, str, str], ...]] = (
    ("mapping values are not allowed", "a colon followed by a space stands inside a plain value",
     "put the value in quotes, or move the nested mapping to its own line"),
    ("could not find expected ':'", "a key without its colon",
     "write key: value, and indent the lines of a longer text"),
    ("did not find expected key", "the indentation does not fit the lines around it",
     "line the key up with its neighbours"),
    ("did not find expected '-' indicator", "the indentation does not fit the list it stands in",
     "line the item up with the others"),
    ("found unexpected end of stream", "a quote that was opened is never closed", "close the quote"),
    ("found undefined alias", "an alias (*) names no anchor (&) before it", "define the anchor first"),
    ("did not find expected ',' or", "a bracket or brace that was opened is not closed",
     "close it, or put a comma between the items"),
    ("found unknown escape character", "a backslash escape that YAML does not know in double quotes",
     "use single quotes, or double the backslash"),
    ("invalid Unicode character escape", "an escape that is no character", "write the character itself"),
    ("incompatible YAML document", "a %YAML version other than 1.1", "remove the %YAML line"),
    ("expected <document start>", "text after the end of a document", "put a line --- before the next one"),
    ("block sequence entries are not allowed", "a list item (-) where a value was expected",
     "start the list on the next line"),
)  # fmt: skip


def explain(error: yaml.YAMLError, data: bytes, line_offset: int) -> Complaint:
    """The complaint for an error that libyaml raised.

    Args:
        error: what was raised.
        data: the text it was raised for.
        line_offset: how many lines of the file stand before that text.
    """
    if isinstance(error, ReaderError):
        return _unreadable_character(error, data, line_offset)
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    words = str(getattr(error, "problem", None) or error)
    line = mark.line if mark is not None else 0
    lines = data.splitlines()
    text = lines[line] if line < len(lines) else b""
    here = line + line_offset + 1
    if "cannot start any token" in words:
        return _bad_token(text, mark.column if mark is not None else 0, here)
    tab = _tab_line(lines, line)
    if tab is not None and "escape" not in words:
        return Complaint(
            tab + line_offset + 1, "a tab where YAML wants spaces", "replace the tab with spaces"
        )
    if b"{{" in text:
        return _template(here)
    for sign, reason, next_step in _KNOWN:
        if sign in words:
            return Complaint(here, f"not valid YAML: {reason}", next_step)
    return Complaint(here, f"not valid YAML: {words}", "correct the line")


def _bad_token(text: bytes, column: int, line: int) -> Complaint:
    characters = text.decode("utf-8", "replace")
    found = characters[column : column + 1]
    if found == "\t" or (not found.strip() and "\t" in characters):
        return Complaint(line, "a tab where YAML wants spaces", "replace the tab with spaces")
    if found == "%" and characters[column + 1 : column + 2] == "}":
        return _template(line)
    return Complaint(
        line, f"not valid YAML: a plain value cannot begin with {found!r}", "put the value in quotes"
    )


def _template(line: int) -> Complaint:
    return Complaint(
        line,
        "not valid YAML: a template that was not rendered",
        "render the folder with helm, or quote the braces",
    )


def _tab_line(lines: list[bytes], line: int) -> int | None:
    """The nearest line at or just before the error whose indentation, or whose end, holds a tab."""
    for at in range(min(line, len(lines) - 1), max(line - 2, -1), -1):
        text = lines[at]
        indent = text[: len(text) - len(text.lstrip())]
        if b"\t" in indent or text.rstrip(b" ").endswith(b"\t"):
            return at
    return None


def _unreadable_character(error: ReaderError, data: bytes, line_offset: int) -> Complaint:
    at = error.position if isinstance(error.position, int) else 0
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as bad:
        line = data.count(b"\n", 0, bad.start) + 1 + line_offset
        return Complaint(
            line, f"the byte 0x{data[bad.start]:02x} is not UTF-8 text", "save the file as UTF-8"
        )
    line = data.count(b"\n", 0, at) + 1 + line_offset
    code = error.character if isinstance(error.character, int) else ord(error.character or "\0")
    return Complaint(
        line,
        f"the control character U+{code:04X} is not allowed in YAML",
        "remove it, or write it as an escape",
    )
