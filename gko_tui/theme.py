"""Themes as data files, and the styles that Line-API widgets take from them.

A theme file holds Textual's base colours and our semantic tokens. The tokens become variables of
the Textual theme (`$state-drift` in TCSS) and, through `Palette`, Rich styles for `render_line`:
both read one source.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from rich.color import Color as RichColor
from rich.style import Style
from textual.color import Color
from textual.theme import Theme

from gko_tui.view.words import FAMILY_TOKENS
from reconciler.model.errors import ConfigurationError
from reconciler.model.verdicts import Verdict

DEFAULT_THEME = "gko-dark"
ANSI_THEME = "gko-ansi"

TOKENS = (
    *FAMILY_TOKENS.values(),
    *("stale", "protected", "quiet", "key", "title", "line", "cursor", "match"),
    *("diff-add", "diff-add-background", "diff-del", "diff-del-background", "diff-ctx"),
    *(f"scope-{number}" for number in range(8)),
)
"""Every theme names all of these."""


def themes_folder() -> Path:
    """Where the theme files are: inside the installed package, else beside it in a source checkout.

    Raises:
        ConfigurationError: there are none (a broken installation).
    """
    package = Path(__file__).parent
    for folder in (package / "themes", package.parent / "themes"):
        if any(folder.glob("*.toml")):
            return folder
    raise ConfigurationError(
        "no theme files", subject=str(package / "themes"), next_step="install gko-tui again"
    )


@cache
def load_themes() -> dict[str, Theme]:
    """Read every theme file.

    Raises:
        ConfigurationError: a file is not TOML, or lacks a token.
    """
    return {theme.name: theme for theme in map(read_theme, sorted(themes_folder().glob("*.toml")))}


def read_theme(path: Path) -> Theme:
    """Read one theme file.

    Raises:
        ConfigurationError: the file is not TOML, or lacks a name, a base colour or a token.
    """
    try:
        data = tomllib.loads(path.read_text("utf-8"))
        tokens = {name: str(data["tokens"][name]) for name in TOKENS}
        base = {name: str(value) for name, value in data["base"].items()}
        return Theme(
            name=str(data["name"]),
            dark=bool(data["dark"]),
            ansi=bool(data.get("ansi", False)),
            variables={**data.get("variables", {}), **tokens},
            **base,  # type: ignore[arg-type]
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise ConfigurationError(
            f"is not a theme ({error})", subject=str(path), next_step="compare it with gko-dark.toml"
        ) from error


class Palette:
    """Rich styles by name, for one theme.

    Names are tokens (`state-ok`, `quiet`…), `text`, verdicts (`verdict:DRIFTED`), and any of them
    with words behind a blank: `bold`, `dim`, `italic`, `underline` (`title bold`), and `on-cursor`,
    `on-match`, `on-add`, `on-del` for the background.

    Args:
        variables: the theme's variables, `App.theme_variables`.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._styles: dict[str, Style] = {}

    def __getitem__(self, name: str) -> Style:
        style = self._styles.get(name)
        if style is None:
            style = self._styles[name] = self._make(name)
        return style

    @property
    def cursor_is_reverse(self) -> bool:
        """Whether the cursor's line is marked by reverse video, not by a background colour."""
        return self._variables["cursor"] == "reverse"

    def _make(self, name: str) -> Style:
        style = Style.null()
        base, *words = name.split()
        if base.startswith("verdict:"):
            style = self._verdict(Verdict[base.removeprefix("verdict:")])
        elif base != "text":
            style = Style.from_color(self._colour(base))
        for word in words:
            style += self._modifier(word)
        if "on-cursor" in words and self.cursor_is_reverse:
            return Style(reverse=True, bold=style.bold, underline=style.underline)
        return style

    def _modifier(self, word: str) -> Style:
        if not word.startswith("on-"):
            return Style.parse(word)
        token = {"on-add": "diff-add-background", "on-del": "diff-del-background"}.get(
            word, word.removeprefix("on-")
        )
        if self._variables[token] == "reverse":
            return Style(reverse=True)
        return Style.from_color(bgcolor=self._colour(token))

    def _verdict(self, verdict: Verdict) -> Style:
        style = Style.from_color(self._colour(FAMILY_TOKENS[verdict.family]))
        if verdict is Verdict.DRIFTED:
            return style + Style(bold=True)
        if verdict is Verdict.CONTENDED:
            return style + Style(bold=True, underline=True)
        return style

    def _colour(self, token: str) -> RichColor:
        return Color.parse(self._variables[token]).rich_color
