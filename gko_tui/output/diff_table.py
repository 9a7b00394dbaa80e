"""What differs on a hop, for people: the direction, then one field after the other and who wrote it."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import unified_diff

import orjson

from gko_tui.output.cells import cells, fitted, padded
from gko_tui.output.console import Console
from gko_tui.output.diff_document import plain
from gko_tui.view.hop_names import another_version, direction
from gko_tui.view.words import counted, since
from reconciler.model.changes import ABSENT, Change, ChangeKind, HopDiff, Redacted, path_text
from reconciler.model.rows import Row
from reconciler.model.verdicts import Family, Verdict
from reconciler.rules.text import document_lines, printable

MAX_PATH = 60
MAX_ONE_LINE = 48
"""Subtrees longer than this as JSON are written as lines."""
MAX_TREE_LINES = 60
MAX_VALUE = 400
"""A value longer than this is cut even in a pipe; `-o json` has it whole."""


def diff_lines(row: Row, diff: HopDiff, console: Console, now: float) -> list[str]:
    """One resource's differences on one hop."""
    verdict = diff.verdict
    name = console.strong(printable(str(row.key)))
    way = direction(diff, console.marks.arrow)
    if verdict is Verdict.SYNCED and not diff.changes and not diff.causes:
        word = console.family(f"{console.marks.verdict(verdict)} Synced", Family.GOOD)
        return [f"{name}  {word}, {way}: no difference"]
    word = (
        f"{console.marks.verdict(verdict)} {verdict.word}"
        if verdict is not None
        else "differs"
        if diff.changes
        else "not judged"
    )
    family = verdict.family if verdict is not None else Family.UNKNOWN
    count = f", {counted(len(diff.changes), 'difference')}" if diff.changes else ""
    lines = [f"{name}  {console.family(word, family)}", f"{way}{count}"]
    if not diff.changes:
        lines += [f"  {printable(cause)}" for cause in diff.causes]
        return lines + _line_diff(diff, console)
    return lines + _change_lines(diff.changes, console, now)


def _line_diff(diff: HopDiff, console: Console) -> list[str]:
    """What differs line by line where no field is singled out: a gateway that runs another revision."""
    if not another_version(diff):
        return []
    written = list(unified_diff(diff.left_lines, diff.right_lines, n=2, lineterm=""))[2:]
    if len(written) > MAX_TREE_LINES:
        left_out = len(written) - MAX_TREE_LINES
        written = [*written[:MAX_TREE_LINES], f"{console.marks.cut} {left_out} lines more"]
    room = None if console.width is None else console.width - 4
    lines = [line if room is None else fitted(line, room, console.marks.cut) for line in written]
    codes = {"-": "33", "+": "34", "@": "2"}
    return [f"    {console.styled(line, codes[line[0]]) if line[:1] in codes else line}" for line in lines]


def _change_lines(changes: Sequence[Change], console: Console, now: float) -> list[str]:
    written = [_parts(change, now) for change in changes]
    flat = [
        parts
        for change, parts in zip(changes, written, strict=True)
        if not (_is_tree(change.left) or _is_tree(change.right))
    ]
    widths = [max((cells(parts[index]) for parts in flat), default=0) for index in range(3)]
    path_width = min(widths[0], MAX_PATH)
    lines = []
    for change, (path, left, right, who) in zip(changes, written, strict=True):
        if _is_tree(change.left) or _is_tree(change.right):
            lines.append(f"  {padded(path, path_width)}  {console.quiet(who)}".rstrip())
            lines += _tree_lines("-", change.left, "33", console)
            lines += _tree_lines("+", change.right, "34", console)
            continue
        one = 2 + max(path_width, cells(path)) + sum(2 + width for width in widths[1:] if width)
        if console.width is None or one + 2 + cells(who) <= console.width:
            parts = [f"  {padded(path, path_width)}"]
            for text, width, code in ((left, widths[1], "33"), (right, widths[2], "34")):
                if width:
                    parts.append(console.styled(text, code) + " " * (width - cells(text)))
            lines.append("  ".join([*parts, console.quiet(who)]).rstrip())
            continue
        lines.append(f"  {path}")
        for text, code in ((left, "33"), (right, "34")):
            if text:
                lines.append(
                    f"    {console.styled(fitted(text, console.width - 4, console.marks.cut), code)}"
                )
        if who:
            lines.append(f"    {console.quiet(who)}")
    return lines


def _is_tree(value: object) -> bool:
    """Whether a value is better read as lines than on one."""
    return isinstance(value, (dict, list, tuple)) and len(value_text(value)) > MAX_ONE_LINE


def _tree_lines(sign: str, value: object, code: str, console: Console) -> list[str]:
    """A whole subtree (an added plan, a removed flow) as YAML below its path."""
    if value is ABSENT:
        return []
    lines = [line.removeprefix("  ") for line in document_lines({"it": value})[1:]]
    if not lines:
        lines = [value_text(value)]
    if len(lines) > MAX_TREE_LINES:
        left_out = len(lines) - MAX_TREE_LINES
        lines = [*lines[:MAX_TREE_LINES], f"{console.marks.cut} {left_out} lines more; -o json has them"]
    if console.width is not None:
        lines = [fitted(line, console.width - 6, console.marks.cut) for line in lines]
    return [f"    {console.styled(f'{sign} {line}', code)}" for line in lines]


def _parts(change: Change, now: float) -> tuple[str, str, str, str]:
    left = f"- {value_text(change.left)}" if change.left is not ABSENT else ""
    right = f"+ {value_text(change.right)}" if change.right is not ABSENT else ""
    said = [change.kind.value] if change.kind is ChangeKind.MOVED else []
    if change.manager:
        said.append(printable(change.manager))
    if change.at:
        said.append(f"{since(change.at, now)} ago")
    return printable(path_text(change.path)), left, right, ", ".join(said)


def value_text(value: object) -> str:
    """A value on one line, safe to print: text as it is, everything else as JSON."""
    if isinstance(value, Redacted):
        return str(value)
    if isinstance(value, str) and value and value.isprintable() and value == value.strip():
        text = value
    else:
        text = orjson.dumps(_shown(value)).decode()
    text = printable(text)
    return text if len(text) <= MAX_VALUE else f"{text[:MAX_VALUE]}…"


def _shown(value: object) -> object:
    """JSON for people: a redacted leaf inside a subtree reads as one."""
    if isinstance(value, Redacted):
        return str(value)
    if isinstance(value, dict):
        return {str(key): _shown(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_shown(item) for item in value]
    return plain(value)
