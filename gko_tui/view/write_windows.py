"""Whether the terminal may write: to nothing at first, then to the clusters whose window a person opened.

A window closes by itself. A protected cluster is opened by its own name only, never by a pattern.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from gko_tui.view.words import age
from reconciler.model.errors import UsageError

DEFAULT_S = 15 * 60.0
LONGEST_S = 8 * 3600.0
_DURATION = re.compile(r"(\d{1,6})([smh])")
_UNITS = {"s": 1, "m": 60, "h": 3600}


class WriteWindows:
    """The windows of one run of the terminal.

    Args:
        locked: nothing may ever be written in this run (`--read-only`).
    """

    def __init__(self, *, locked: bool = False) -> None:
        self.locked = locked
        self._until: dict[str, float] = {}

    def open(self, clusters: Iterable[str], until: float) -> None:
        """Let these clusters be written to until an instant in seconds since the epoch.

        Raises:
            UsageError: this run is read-only.
        """
        if self.locked:
            raise UsageError(
                "it was started with --read-only",
                subject="nothing can be written",
                next_step="start another gko-tui without it",
            )
        for cluster in clusters:
            self._until[cluster] = until

    def close(self) -> None:
        """Let nothing be written any more."""
        self._until.clear()

    def opened(self, now: float) -> dict[str, float]:
        """The clusters that may be written to, each with the seconds for which it still may."""
        return {name: until - now for name, until in sorted(self._until.items()) if until > now}

    def closed(self, clusters: Iterable[str], now: float) -> tuple[str, ...]:
        """Those of these clusters that may not be written to."""
        open_now = self.opened(now)
        return tuple(sorted(name for name in set(clusters) if name not in open_now))

    def badge(self, now: float) -> tuple[str, str]:
        """What stands in every title, with its style: `RO`, `RW 14m`."""
        left = self.opened(now)
        if not left:
            return "RO", "quiet bold"
        return f"RW {age(min(left.values()))}", "protected bold"


def asked_window(
    words: Iterable[str], known: Collection[str], protected: Collection[str]
) -> tuple[tuple[str, ...], float]:
    """What `:write [CLUSTER…] [TIME]` asks for.

    Args:
        words: what stands behind the command.
        known: every cluster and control plane.
        protected: those that have to be named.

    Returns:
        the clusters, and for how many seconds; without a cluster, all that are not protected.

    Raises:
        UsageError: a cluster is not known, a time is out of bounds, or only protected clusters are left.
    """
    names: list[str] = []
    seconds = DEFAULT_S
    for word in words:
        found = _DURATION.fullmatch(word)
        if found is not None and word not in known:
            seconds = float(int(found[1]) * _UNITS[found[2]])
            continue
        names += (name for name in word.replace("@", "").split(",") if name)
    if not 0 < seconds <= LONGEST_S:
        raise UsageError(
            "is no time for a write window",
            subject=f"{seconds:.0f} s",
            next_step="write up to 8h, such as 15m",
        )
    for name in names:
        if name not in known:
            raise UsageError("is not a cluster", subject=name, next_step="there are " + ", ".join(known))
    chosen = tuple(dict.fromkeys(names)) or tuple(name for name in known if name not in protected)
    if not chosen:
        raise UsageError(
            "every cluster is protected",
            subject=":write",
            next_step=f"name it: :write {next(iter(known), 'CLUSTER')} 15m",
        )
    return chosen, seconds
