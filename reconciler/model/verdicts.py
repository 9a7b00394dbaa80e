"""Places, hops and the verdicts a hop can carry, with their words, marks and exit codes.

The words, glyphs and ASCII forms are one table here, so that terminal, command line and
headless loop cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, IntEnum


class Place(Enum):
    """Where an API lives; the value is the word used in output, `letter` heads its column."""

    GIT = "git"
    CLUSTER = "cluster"
    CONTROL_PLANE = "control-plane"
    GATEWAY = "gateway"

    @property
    def letter(self) -> str:
        """The column letter: G K C W."""
        return {"git": "G", "cluster": "K", "control-plane": "C", "gateway": "W"}[self.value]


HOPS = (Place.CLUSTER, Place.CONTROL_PLANE, Place.GATEWAY)
"""A hop joins two neighbouring places and is named by its right-hand one."""


class Family(Enum):
    """Colour families of verdicts; inside one family glyph and word tell them apart."""

    GOOD = "good"
    MOVING = "moving"
    DRIFT = "drift"
    BAD = "bad"
    UNKNOWN = "unknown"


class Verdict(Enum):
    """What a hop says of a resource: (word, glyph, ASCII form, family, rank).

    A higher rank is worse: the worst verdict of a row is its state.
    """

    SYNCED = ("Synced", "=", "=", Family.GOOD, 0)
    UNMANAGED = ("Unmanaged", "u", "u", Family.DRIFT, 1)
    UNKNOWN = ("Unknown", "?", "?", Family.UNKNOWN, 2)
    AHEAD = ("Ahead", "~", "~", Family.MOVING, 3)
    MISSING = ("Missing", "∅", "0", Family.BAD, 4)
    ORPHAN = ("Orphan", "+", "+", Family.DRIFT, 5)
    DETACHED = ("Detached", "d", "d", Family.DRIFT, 6)
    DRIFTED = ("Drifted", "≠", "#", Family.DRIFT, 7)
    CONFLICT = ("Conflict", "×", "X", Family.DRIFT, 8)
    CONTENDED = ("Contended", "%", "%", Family.BAD, 9)
    FAILED = ("Failed", "!", "!", Family.BAD, 10)

    def __init__(self, word: str, glyph: str, ascii_form: str, family: Family, rank: int) -> None:
        self.word = word
        self.glyph = glyph
        self.ascii = ascii_form
        self.family = family
        self.rank = rank

    @classmethod
    def from_word(cls, word: str) -> Verdict:
        """The verdict of that word, in any case.

        Raises:
            KeyError: there is no such verdict.
        """
        return cls[word.upper()]


NO_HOP_GLYPH, NO_HOP_ASCII = "·", "."
"""Drawn only where a hop does not exist."""


class ExitCode(IntEnum):
    """What a read ended with."""

    IN_SYNC = 0
    ERROR = 1
    CHANGES = 2
    DRIFT = 3
    BLOCKED = 4
    INCOMPLETE = 5
    USAGE = 64


_CODE_OF = {
    Verdict.SYNCED: ExitCode.IN_SYNC,
    Verdict.UNMANAGED: ExitCode.IN_SYNC,
    Verdict.AHEAD: ExitCode.CHANGES,
    Verdict.MISSING: ExitCode.CHANGES,
    Verdict.UNKNOWN: ExitCode.INCOMPLETE,
}
_WORST_FIRST = (ExitCode.ERROR, ExitCode.BLOCKED, ExitCode.DRIFT, ExitCode.CHANGES, ExitCode.INCOMPLETE)


def exit_code(
    verdicts: Iterable[Verdict], *, incomplete: bool = False, allow_unknown: bool = False
) -> ExitCode:
    """Fold verdicts into one exit code, the worst first: 1, 4, 3, 2, 5, 0.

    Args:
        verdicts: every verdict that was read.
        incomplete: something could not be read, whatever its rows say.
        allow_unknown: what is Unknown or unread does not count.
    """
    codes = {_CODE_OF.get(verdict, ExitCode.DRIFT) for verdict in verdicts}
    if incomplete:
        codes.add(ExitCode.INCOMPLETE)
    if allow_unknown:
        codes.discard(ExitCode.INCOMPLETE)
    return next((code for code in _WORST_FIRST if code in codes), ExitCode.IN_SYNC)
