"""The name that was probably meant: every "unknown X" of the program ends with it."""

from __future__ import annotations

from collections.abc import Iterable

MAX_LISTED = 12


def nearest(word: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The known names most like `word`, best first; case does not matter."""
    from difflib import get_close_matches

    by_folded: dict[str, str] = {}
    for name in known:
        by_folded.setdefault(name.lower(), name)
    return [by_folded[match] for match in get_close_matches(word.lower(), by_folded, n=count, cutoff=0.55)]


def known_names(word: str, known: Iterable[str], what: str) -> str:
    """Say which names there are: "did you mean prod-eu? Known clusters: prod-eu, prod-us".

    Args:
        word: what was written.
        known: the names that would have been right.
        what: their plural, e.g. `clusters`.
    """
    names = list(dict.fromkeys(known))
    if not names:
        return f"there are no {what}"
    close = nearest(word, names, count=1)
    listed = ", ".join(names[:MAX_LISTED]) + (
        f" and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else ""
    )
    return f"did you mean {close[0]}? known {what}: {listed}" if close else f"known {what}: {listed}"
