"""The diff of one hop as lines: first what changed by key path, then the two documents line by line.

Built away from the terminal's loop (`build` is pure and may take a while on long documents).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum

from rich.cells import cell_len, set_cell_size

from gko_tui.view.aligning import Block, align
from gko_tui.view.hop_names import another_version, direction
from gko_tui.view.lines import EMPTY, Line, Span, safe, wrapped
from gko_tui.view.words import Marks, counted, since
from reconciler.model.changes import ABSENT, Change, ChangeKind, HopDiff, Origin, Redacted, path_text
from reconciler.model.verdicts import Verdict

SPLIT_FROM = 120
"""From this many cells on, the two documents stand side by side."""


class Mode(Enum):
    """How the documents are shown below the list of changes."""

    SPLIT = "split"
    UNIFIED = "unified"
    SEMANTIC = "semantic"
    """Only the list of changes."""


@dataclass(frozen=True, slots=True)
class DiffOptions:
    """How a diff is to be shown: `width` in cells, `context` in lines, `now` in epoch seconds."""

    width: int
    marks: Marks
    now: float
    mode: Mode = Mode.UNIFIED
    context: int = 3
    show_ignored: bool = False


@dataclass(frozen=True, slots=True)
class DiffText:
    """The lines, and the line numbers at which a change begins (`n` and `N` go there)."""

    lines: tuple[Line, ...]
    stops: tuple[int, ...]


def build(diff: HopDiff, options: DiffOptions) -> DiffText:
    """Write a hop's diff."""
    lines: list[Line] = _headline(diff, options)
    for cause in diff.causes:
        lines.extend(wrapped(cause, "text", options.width, indent="  "))
    stops: list[int] = []
    lines.append(EMPTY)
    for change in diff.changes:
        stops.append(len(lines))
        lines.extend(_change_lines(change, options))
    if not diff.changes:
        lines.append(((_without_changes(diff), "quiet"),))
    if options.show_ignored:
        lines.extend(_ignored_lines(diff, options))
    if options.mode is not Mode.SEMANTIC and (diff.changes or another_version(diff)):
        _document_lines(diff, options, lines, stops)
    return DiffText(tuple(lines), tuple(stops))


def _without_changes(diff: HopDiff) -> str:
    if another_version(diff):
        return "it is another version of the whole document"
    if diff.verdict is Verdict.SYNCED or (diff.left_lines and diff.right_lines):
        return "no field differs"
    return "there is nothing to lay beside one another"


def _headline(diff: HopDiff, options: DiffOptions) -> list[Line]:
    """The direction, always written, the verdict, and how much differs; on two lines if need be."""
    marks = options.marks
    way = direction(diff, marks.arrow)
    rest: list[Span] = []
    if diff.verdict is not None:
        word = f"{marks.verdict(diff.verdict)} {diff.verdict.word}"
        rest.append((f"{word}   ", f"verdict:{diff.verdict.name}"))
    amounts = [] if another_version(diff) else [counted(len(diff.changes), "changed field")]
    if diff.ignored:
        amounts.append(f"{len(diff.ignored)} ignored")
    rest.append((", ".join(amounts), "text"))
    if cell_len(way) + 3 + sum(cell_len(text) for text, _ in rest) <= options.width:
        return [((f"{way}   ", "title bold"), *rest)]
    return [*wrapped(way, "title bold", options.width, hanging="  "), tuple(rest)]


def value_text(value: object) -> str:
    """Write one side of a change on one line; strings that look like something else are quoted."""
    if value is ABSENT:
        return "absent"
    if isinstance(value, Redacted):
        return str(value)
    if isinstance(value, str):
        plain = value and value == value.strip() and not _looks_typed(value)
        return safe(value) if plain else safe(json.dumps(value, ensure_ascii=False))
    return safe(json.dumps(value, ensure_ascii=False, default=str, sort_keys=True))


def _looks_typed(text: str) -> bool:
    if text.lower() in ("true", "false", "null", "absent", "yes", "no", "on", "off"):
        return True
    try:
        float(text)
    except ValueError:
        return text[0] in "[{\"'"
    return True


_KIND_WORDS = {
    ChangeKind.ADDED: "only on the right",
    ChangeKind.REMOVED: "only on the left",
    ChangeKind.MOVED: "moved",
}


def _change_lines(change: Change, options: DiffOptions) -> list[Line]:
    path = safe(path_text(change.path)) or "(whole document)"
    note = _note(change, options)
    sides = [
        (sign, value, style)
        for sign, value, style in (("-", change.left, "diff-del"), ("+", change.right, "diff-add"))
        if value is not ABSENT
    ]
    texts: list[Span] = [(f"{sign} {value_text(value)}", style) for sign, value, style in sides]
    one_line = 2 + cell_len(path) + sum(3 + cell_len(text) for text, _ in texts)
    if one_line + (cell_len(note) + 3 if note else 0) <= options.width:
        spans: list[Span] = [("  ", "text"), (path, "title")]
        for text in texts:
            spans += [("   ", "text"), text]
        if note:
            spans.append((f"   {note}", "quiet"))
        return [tuple(spans)]
    lines: list[Line] = [*wrapped(path, "title", options.width, indent="  ", hanging="    ")]
    if note:
        if cell_len(path) + cell_len(note) + 5 <= options.width:
            lines[0] = (*lines[0], (f"   {note}", "quiet"))
        else:
            lines.extend(wrapped(note, "quiet", options.width, indent="    "))
    for side, style in texts:
        lines.extend(wrapped(side, style, options.width, indent="    ", hanging="      "))
    return lines


def _note(change: Change, options: DiffOptions) -> str:
    """On which side it is, who changed it, and when."""
    words = [_KIND_WORDS[change.kind]] if change.kind in _KIND_WORDS else []
    if change.manager:
        words.append(f"by {safe(change.manager)}")
    if change.at:
        words.append(f"{since(change.at, options.now)} ago")
    if change.origin is Origin.LEFT:
        words.append("(intended: the left side moved)")
    elif change.origin is Origin.BOTH:
        words.append("(both sides moved)")
    elif change.origin is Origin.FIRST_SIGHT:
        words.append("(first sight)")
    if (
        isinstance(change.left, Redacted)
        and isinstance(change.right, Redacted)
        and change.left != change.right
    ):
        words.append("(two different values)")
    return " ".join(words)


def _ignored_lines(diff: HopDiff, options: DiffOptions) -> list[Line]:
    if not diff.ignored:
        return [EMPTY, (("nothing was ignored", "quiet"),)]
    lines: list[Line] = [
        EMPTY,
        ((f"{len(diff.ignored)} ignored, each by a named rule", "title bold"),),
    ]
    paths = [safe(path_text(ignored.path)) for ignored in diff.ignored]
    widest = min(max(map(cell_len, paths)), max(20, options.width // 2))
    for path, ignored in zip(paths, diff.ignored, strict=True):
        lines.append(
            (
                ("  ", "text"),
                (path if cell_len(path) > widest else set_cell_size(path, widest), "quiet"),
                (f"  {safe(ignored.rule)}", "text"),
            )
        )
    return lines


def _document_lines(diff: HopDiff, options: DiffOptions, lines: list[Line], stops: list[int]) -> None:
    left, right = diff.left_lines, diff.right_lines
    blocks = align(left, right)
    hunks = _hunks(blocks, options.context, len(left), len(right))
    write = _split_hunk if options.mode is Mode.SPLIT else _unified_hunk
    for hunk in hunks:
        first, last = hunk[0], hunk[-1]
        lines.append(EMPTY)
        stops.append(len(lines))
        title = f" lines {first.l0 + 1}–{max(first.l0 + 1, last.l1)} "
        if options.marks.ascii_only:
            title = title.replace("–", "-")
        rule = options.marks.rule
        lines.append(((rule * 2 + title + rule * max(0, options.width - cell_len(title) - 2), "line"),))
        lines.extend(write(hunk, diff, options))


def _hunks(blocks: list[Block], context: int, left: int, right: int) -> list[list[Block]]:
    """The blocks that differ, with some equal lines around them; near ones together."""
    hunks: list[list[Block]] = []
    end = -1
    for block in blocks:
        if block.equal:
            continue
        before = min(context, block.l0, block.r0)
        if hunks and block.l0 - before <= end:
            previous = hunks[-1].pop()
            gap = Block(True, previous.l0, block.l0, previous.r0, block.r0)
            hunks[-1].extend([gap, block])
        else:
            hunks.append([Block(True, block.l0 - before, block.l0, block.r0 - before, block.r0), block])
        after = min(context, left - block.l1, right - block.r1)
        hunks[-1].append(Block(True, block.l1, block.l1 + after, block.r1, block.r1 + after))
        end = block.l1 + after
    return hunks


def _unified_hunk(hunk: list[Block], diff: HopDiff, _options: DiffOptions) -> list[Line]:
    lines: list[Line] = []
    for block in hunk:
        if block.equal:
            for offset in range(block.l1 - block.l0):
                lines.append(
                    (
                        (f"{block.l0 + offset + 1:>5} {block.r0 + offset + 1:>5}   ", "quiet"),
                        (diff.left_lines[block.l0 + offset], "diff-ctx"),
                    )
                )
            continue
        for number in range(block.l0, block.l1):
            lines.append(
                (
                    (f"{number + 1:>5}       ", "quiet"),
                    (f"- {diff.left_lines[number]}", "diff-del on-del"),
                )
            )
        for number in range(block.r0, block.r1):
            lines.append(
                (
                    (f"      {number + 1:>5} ", "quiet"),
                    (f"+ {diff.right_lines[number]}", "diff-add on-add"),
                )
            )
    return lines


def _split_hunk(hunk: list[Block], diff: HopDiff, options: DiffOptions) -> list[Line]:
    half = (options.width - 3) // 2
    bar: Span = (f" {options.marks.column} ", "line")
    lines: list[Line] = []
    for block in hunk:
        for offset in range(max(block.l1 - block.l0, block.r1 - block.r0)):
            left = _half(diff.left_lines, block.l0 + offset, block.l1, half, options.marks, block.equal, "-")
            right = _half(
                diff.right_lines, block.r0 + offset, block.r1, half, options.marks, block.equal, "+"
            )
            lines.append((*left, bar, *right))
    return lines


def _half(
    lines: tuple[str, ...], number: int, end: int, width: int, marks: Marks, equal: bool, sign: str
) -> Line:
    if number >= end:
        return ((" " * width, "text"),)
    text = lines[number]
    room = width - 8
    if cell_len(text) > room:
        text = set_cell_size(text, room - 1) + marks.cut
    style = "diff-ctx" if equal else ("diff-del on-del" if sign == "-" else "diff-add on-add")
    return (
        (f"{number + 1:>5} ", "quiet"),
        (f"{' ' if equal else sign} {set_cell_size(text, room)}", style),
    )
