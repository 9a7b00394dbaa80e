"""Every theme: complete, readable, and its families told apart by colour-blind readers too."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
from rich.style import Style

from gko_tui.theme import (
    ANSI_THEME,
    TOKENS,
    Palette,
    load_themes,
    read_theme,
    themes_folder,
)
from gko_tui.view.words import FAMILY_TOKENS
from reconciler.model.errors import ConfigurationError
from reconciler.model.verdicts import Verdict
from tests.unit.terminal.colours import MATRICES, XTERM, contrast, distance

THEMES = load_themes()
COLOURED = [name for name in THEMES if name != ANSI_THEME]
FAMILIES = list(FAMILY_TOKENS.values())
TEXTS = [t for t in TOKENS if t not in ("cursor", "match", "line") and not t.endswith("background")]


def families(name: str, default: str = "#e5e5e5") -> list[str]:
    """The five colours of a theme; the terminal's own are taken as xterm draws them."""
    colours = [THEMES[name].variables[token] for token in FAMILIES]
    return [
        default
        if colour == "ansi_default"
        else XTERM[colour.removeprefix("ansi_")]
        if "ansi" in colour
        else colour
        for colour in colours
    ]


def test_the_four_themes_are_there() -> None:
    assert set(THEMES) == {"gko-dark", "gko-light", "gko-high-contrast", "gko-ansi"}


@pytest.mark.parametrize("reader", MATRICES)
@pytest.mark.parametrize("name", COLOURED)
def test_families_are_told_apart(name: str, reader: str) -> None:
    closest = min(distance(one, other, reader) for one, other in combinations(families(name), 2))
    assert closest >= 25


@pytest.mark.parametrize("reader", MATRICES)
@pytest.mark.parametrize("default", ["#e5e5e5", "#000000"], ids=["dark terminal", "light terminal"])
def test_families_are_told_apart_in_the_terminals_own_colours(default: str, reader: str) -> None:
    closest = min(
        distance(one, other, reader) for one, other in combinations(families(ANSI_THEME, default), 2)
    )
    assert closest >= 25


@pytest.mark.parametrize("name", COLOURED)
def test_texts_can_be_read_on_the_background_and_on_the_cursor(name: str) -> None:
    theme = THEMES[name]
    least = 7.0 if name == "gko-high-contrast" else 4.5
    for token in TEXTS:
        colour = theme.variables[token]
        assert contrast(colour, str(theme.background)) >= least, token
        assert contrast(colour, theme.variables["cursor"]) >= (4.5 if least == 7.0 else 3.5), token
    for token in ("title", "state-drift"):
        assert contrast(theme.variables[token], str(theme.panel)) >= 4.0


@pytest.mark.parametrize("name", COLOURED)
def test_the_lines_of_a_diff_can_be_read_on_their_own_backgrounds(name: str) -> None:
    variables = THEMES[name].variables
    for kind in ("diff-add", "diff-del"):
        assert contrast(variables[kind], variables[f"{kind}-background"]) >= 4.5
    for reader in MATRICES:
        assert distance(variables["diff-add"], variables["diff-del"], reader) >= 25


def test_inside_a_family_verdicts_differ_by_glyph_and_word() -> None:
    for family in FAMILY_TOKENS:
        verdicts = [verdict for verdict in Verdict if verdict.family is family]
        assert len({verdict.glyph for verdict in verdicts}) == len(verdicts)
        assert len({verdict.word for verdict in verdicts}) == len(verdicts)


def test_drifted_is_bold_and_contended_underlined_too() -> None:
    palette = Palette(THEMES["gko-dark"].variables)
    assert palette["verdict:DRIFTED"].bold
    assert palette["verdict:CONTENDED"].bold
    assert palette["verdict:CONTENDED"].underline
    assert not palette["verdict:SYNCED"].bold


def test_the_cursor_is_reverse_video_where_there_are_no_colours() -> None:
    palette = Palette(THEMES[ANSI_THEME].variables)
    assert palette["verdict:DRIFTED on-cursor"] == Style(reverse=True, bold=True)
    assert palette.cursor_is_reverse
    assert not Palette(THEMES["gko-dark"].variables).cursor_is_reverse


def test_a_theme_file_that_lacks_a_token_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    text = (themes_folder() / "gko-dark.toml").read_text("utf-8")
    broken.write_text(text.replace("state-drift", "state-drifted"), "utf-8")
    with pytest.raises(ConfigurationError, match=r"broken\.toml.*state-drift"):
        read_theme(broken)
    broken.write_text("name = ", "utf-8")
    with pytest.raises(ConfigurationError, match="is not a theme"):
        read_theme(broken)
