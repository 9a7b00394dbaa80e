"""The marks and short words that every screen shares, in a Unicode and an ASCII set.

`≠ × ·` are of ambiguous width in East Asian fonts, so terminals of those languages get the ASCII set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.model.verdicts import NO_HOP_ASCII, NO_HOP_GLYPH, Family, Place, Verdict

PLACE_WORDS = {
    Place.GIT: "Git",
    Place.CLUSTER: "cluster",
    Place.CONTROL_PLANE: "control plane",
    Place.GATEWAY: "gateway",
}
"""The places as they are written in sentences."""

BEFORE = {
    Place.CLUSTER: Place.GIT,
    Place.CONTROL_PLANE: Place.CLUSTER,
    Place.GATEWAY: Place.CONTROL_PLANE,
}
"""The left side of each hop, by its right one."""

FAMILY_TOKENS = {
    Family.GOOD: "state-ok",
    Family.MOVING: "state-pending",
    Family.DRIFT: "state-drift",
    Family.BAD: "state-error",
    Family.UNKNOWN: "state-unknown",
}
"""The styles of the families of verdicts, as themes name them."""


@dataclass(frozen=True, slots=True)
class Marks:
    """One set of characters; every one is a single cell wide where the set is used."""

    ascii_only: bool
    crumb: str
    warn: str
    cut: str
    enter: str
    arrow: str
    rule: str
    rise: str
    fall: str
    column: str
    dash: str

    def verdict(self, verdict: Verdict | None) -> str:
        """The mark of a verdict, or of a hop that does not exist."""
        if verdict is None:
            return NO_HOP_ASCII if self.ascii_only else NO_HOP_GLYPH
        return verdict.ascii if self.ascii_only else verdict.glyph


UNICODE = Marks(False, "⟩", "⚠", "…", "⏎", "→", "─", "↑", "↓", "│", "—")
ASCII = Marks(True, ">", "!", "~", "Enter", "->", "-", "^", "v", "|", "-")

_WIDE_LANGUAGES = ("ja", "zh", "ko")


def marks_for(environ: Mapping[str, str], *, ascii_only: bool = False) -> Marks:
    """Choose the set that this terminal can draw.

    Args:
        environ: the environment; LC_ALL, LC_CTYPE, LANG (the first that is set) and TERM are read.
        ascii_only: the person asked for ASCII.
    """
    # Python itself puts C.UTF-8 into LC_CTYPE where a locale is not installed: that names no language.
    given = [environ.get(name, "") for name in ("LC_ALL", "LC_CTYPE", "LANG")]
    locale = next((name for name in given if name and name.partition(".")[0] not in ("C", "POSIX")), "")
    language, _, encoding = locale.partition(".")
    narrow_only = encoding != "" and encoding.lower().replace("-", "").partition("@")[0] != "utf8"
    wide = language.partition("_")[0].lower() in _WIDE_LANGUAGES
    if ascii_only or wide or narrow_only or environ.get("TERM") == "linux":
        return ASCII
    return UNICODE


_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def age(seconds: float) -> str:
    """Write a duration in at most four cells: `5s`, `12m`, `22h`, `99d`, `3y`.

    Args:
        seconds: the duration; negative ones (clocks that disagree) count as none.
    """
    whole = max(0, int(seconds))
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}m"
    if whole < 2 * _DAY:
        return f"{whole // _HOUR}h"
    if whole < 1000 * _DAY:
        return f"{whole // _DAY}d"
    return f"{whole // (365 * _DAY)}y"


def since(instant: float, now: float) -> str:
    """The age of an instant, or nothing where it is not known (0)."""
    return age(now - instant) if instant else ""


def counted(number: int, word: str) -> str:
    """`1 field`, `2 fields`."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
