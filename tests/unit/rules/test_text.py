"""What is written on a terminal: YAML that reads back, and no character that a terminal obeys."""

from __future__ import annotations

import time
import unicodedata
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.changes import Redacted
from reconciler.rules.text import document_lines, printable

_TEXT = st.one_of(
    st.text(max_size=30),
    st.text(alphabet="ab:#-?|>'\"[]{},&*!%@` \n\t~=.0189", max_size=12),
    st.sampled_from(
        ["yes", "no", "on", "null", "~", "1e3", "0x1f", "1:30", "2024-01-01", "=", "<<", "- a", ".inf"]
    ),
)
_VALUES = st.recursive(
    st.one_of(_TEXT, st.integers(), st.booleans(), st.none(), st.just(1.5)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_TEXT, inner, max_size=4)),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(document=st.dictionaries(_TEXT, _VALUES, max_size=4))
def test_the_lines_read_back_as_the_document(document: dict[str, Any]) -> None:
    lines = document_lines(document)
    assert yaml.safe_load("\n".join(lines) + "\n") == document


@settings(max_examples=100, deadline=None)
@given(document=st.dictionaries(st.text(max_size=8), st.text(max_size=30), max_size=4))
def test_no_line_holds_a_character_that_a_terminal_obeys(document: dict[str, Any]) -> None:
    for line in document_lines(document):
        assert not any(unicodedata.category(char) in ("Cc", "Cs") for char in line)
        assert printable(line) == line


def test_keys_come_in_one_order_and_names_come_first() -> None:
    one = {"spec": {"b": 1, "a": [{"z": 1, "name": "n"}]}, "kind": "X"}
    other = {"kind": "X", "spec": {"a": [{"name": "n", "z": 1}], "b": 1}}
    assert (
        document_lines(one)
        == document_lines(other)
        == (
            "kind: X",
            "spec:",
            "  a:",
            "  - name: n",
            "    z: 1",
            "  b: 1",
        )
    )


def test_redacted_values_and_empty_ones_have_their_words() -> None:
    document = {
        "a": Redacted(b"x"),
        "b": {},
        "c": [],
        "d": None,
        "e": True,
        "f": "true",
        "g": [Redacted(b"x")],
    }
    assert document_lines(document) == (
        "a: ‹redacted›",
        "b: {}",
        "c: []",
        "d: null",
        "e: true",
        'f: "true"',
        "g:",
        "- ‹redacted›",
    )
    assert document_lines({}) == ("{}",)


def test_long_texts_are_literal_blocks() -> None:
    assert document_lines({"x": "a\n  b\n", "y": "a\n\nb", "z": "  a\nb\n\n"}) == (
        "x: |",
        "  a",
        "    b",
        "y: |-",
        "  a",
        "",
        "  b",
        "z: |2+",
        "    a",
        "  b",
        "",
    )


def test_a_text_with_escapes_in_it_is_quoted() -> None:
    assert document_lines({"x": "a\n\x1b[2Jb"}) == ('x: "a\\n\\e[2Jb"',)


def test_two_thousand_lines_are_written_quickly() -> None:
    flow = {
        "name": "f",
        "enabled": True,
        "request": [{"policy": "mock", "configuration": {"content": "x: y"}}] * 8,
    }
    document = {"spec": {"flows": [flow] * 60, "text": "line\n" * 400}}
    document_lines(document)
    started = time.perf_counter()
    lines = document_lines(document)
    took = time.perf_counter() - started
    assert len(lines) > 2_000
    assert took < 0.25  # the bar is 50 ms on a quiet machine; it takes about 10


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain café 日本 🚀 [bold]", "plain café 日本 🚀 [bold]"),
        ("\x1b]0;owned\x07", "\\e]0;owned\\x07"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("\x9b31m", "\\x9b31m"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("", ""),
    ],
)
def test_what_a_terminal_would_obey_or_hide_is_made_visible(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_line_ends_may_stay() -> None:
    assert printable("a\nb\x00", keep_newlines=True) == "a\nb\\x00"
