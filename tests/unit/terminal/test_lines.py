"""Lines of text: wrapped without losing anything, and safe."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gko_tui.view.lines import safe, text_of, wrapped


@given(st.text(st.sampled_from("ab cd"), max_size=200), st.integers(12, 60))
def test_wrapping_loses_no_letter_and_leaves_no_line_too_long(text: str, width: int) -> None:
    lines = [text_of(line) for line in wrapped(text, "text", width, indent="  ")]
    assert all(len(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_the_first_line_is_indented_and_the_others_hang() -> None:
    lines = [text_of(line) for line in wrapped("aaaa bbbb cccc", "text", 12, indent="* ")]
    assert lines == ["* aaaa bbbb", "  cccc"]


def test_lines_ends_and_control_characters_become_visible() -> None:
    assert "\n" not in safe("a\nb")
    assert "\x1b" not in safe("\x1b[31mred")
    assert "\u202e" not in safe("user\u202egnp.exe")
    assert safe("[bold]plain[/]") == "[bold]plain[/]"
