"""A hop's diff as lines: direction written, fields first, documents below."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gko_tui.view.diff_lines import DiffOptions, Mode, build, value_text
from gko_tui.view.lines import text_of
from gko_tui.view.words import ASCII, UNICODE
from reconciler.model.changes import ABSENT, Change, ChangeKind, HopDiff, Origin, Redacted
from reconciler.model.verdicts import Place, Verdict
from tests.terminal.replay import NOW, diff_of, row

DRIFT = diff_of(row(verdict=Verdict.DRIFTED))


def lines_of(diff: HopDiff = DRIFT, **options: object) -> list[str]:
    given = DiffOptions(width=100, marks=UNICODE, now=NOW)
    return [text_of(line) for line in build(diff, replace(given, **options)).lines]


def test_the_direction_the_verdict_and_the_amount_stand_first() -> None:
    assert lines_of()[0] == "Git → cluster prod-eu   ≠ Drifted   3 changed fields, 2 ignored"


def test_a_field_names_both_values_and_who_wrote_it_when() -> None:
    line = next(line for line in lines_of() if "plan-3" in line)
    assert line == "  spec.plans[plan-3].security.type   - API_KEY   + KEY_LESS   by kubectl-edit 5m ago"


def test_what_is_only_on_one_side_shows_that_side_only() -> None:
    line = next(line for line in lines_of() if "plans[open]" in line)
    assert "only on the right" in line
    assert "- absent" not in line


def test_a_secret_shows_that_it_changed_and_nothing_else() -> None:
    line = next(line for line in lines_of(width=160) if "password" in line)
    assert "- ‹redacted›   + ‹redacted›" in line
    assert "two different values" in line


def test_fields_come_before_documents() -> None:
    lines = lines_of()
    assert max(i for i, line in enumerate(lines) if "spec.plans[" in line) < lines.index(
        next(line for line in lines if line.startswith("──"))
    )


def test_unified_shows_both_line_numbers_and_signs() -> None:
    lines = lines_of()
    assert "   18       -         type: API_KEY" in lines
    assert "         18 +         type: KEY_LESS" in lines


def test_split_shows_the_two_documents_side_by_side_in_the_width() -> None:
    lines = lines_of(mode=Mode.SPLIT, width=120)
    both = next(line for line in lines if "API_KEY" in line and "KEY_LESS" in line and "│" in line)
    left, right = both.split("│")
    assert left.split() == ["18", "-", "type:", "API_KEY"]
    assert right.split() == ["18", "+", "type:", "KEY_LESS"]
    assert all(len(line) <= 120 for line in lines)


def test_semantic_shows_fields_only() -> None:
    assert not any("──" in line for line in lines_of(mode=Mode.SEMANTIC))


def test_context_grows_and_shrinks() -> None:
    few, many = lines_of(context=0), lines_of(context=10)
    assert len(few) < len(many)
    assert "name: Plan 2" not in "\n".join(few)


def test_ignored_things_are_shown_with_their_rules_when_asked() -> None:
    assert not any("server-set" in line for line in lines_of())
    shown = lines_of(show_ignored=True)
    assert any("metadata.generation" in line and "server-set" in line for line in shown)
    nothing = lines_of(replace(DRIFT, ignored=()), show_ignored=True)
    assert "nothing was ignored" in nothing


def test_stops_are_the_fields_and_the_hunks() -> None:
    text = build(DRIFT, DiffOptions(100, UNICODE, NOW))
    there = [text_of(text.lines[stop]) for stop in text.stops]
    assert there[0].startswith("  spec.plans[plan-3]")
    assert sum(line.startswith("── lines") for line in there) == 2


def test_equal_sides_say_so() -> None:
    same = HopDiff(Place.CLUSTER, "Git", "cluster stage", Verdict.SYNCED, ())
    assert lines_of(same) == ["Git → cluster stage   = Synced   0 changed fields", "", "no field differs"]


def test_nothing_leaves_the_width_on_a_narrow_terminal() -> None:
    long = Change(
        ("spec", "x" * 90), ChangeKind.CHANGED, "a" * 200, "b" * 200, Origin.BOTH, "kubectl", NOW - 60
    )
    lines = lines_of(replace(DRIFT, changes=(long, *DRIFT.changes)), width=60, mode=Mode.SEMANTIC)
    assert all(len(line) <= 60 for line in lines)
    assert "both sides moved" in " ".join(lines)


def test_ascii_draws_nothing_else() -> None:
    assert all(line.replace("‹", "").replace("›", "").isascii() for line in lines_of(marks=ASCII))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ("", '""'),
        (" padded", '" padded"'),
        ("true", '"true"'),
        (True, "true"),
        ("12", '"12"'),
        (12, "12"),
        (None, "null"),
        ("null", '"null"'),
        (["a", 1], '["a", 1]'),
        ({"b": 1, "a": 2}, '{"a": 2, "b": 1}'),
        (ABSENT, "absent"),
        ("absent", '"absent"'),
        (Redacted(b"x"), "‹redacted›"),
        ({"password": Redacted(b"x")}, '{"password": "‹redacted›"}'),
    ],
)
def test_values_of_different_types_never_look_the_same(value: object, text: str) -> None:
    assert value_text(value) == text


def test_hostile_values_cannot_speak_to_the_terminal() -> None:
    evil = Change(
        ("spec", "\x1b]0;title\x07"),
        ChangeKind.CHANGED,
        "a\x1b[31m",
        "line1\nline2\u202e",
        Origin.RIGHT,
        "m\x07",
    )
    text = "".join(lines_of(replace(DRIFT, changes=(evil,)), mode=Mode.SEMANTIC))
    assert not any(char in text for char in "\x1b\x07\n\u202e")
