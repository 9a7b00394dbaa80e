"""When the loop may act: windows that open by a cron expression in a time zone, for a while (ENGINE §8).

A window opens when its expression says so on the wall clock of its zone, and stays open for as long as it
lasts on a real clock, whatever daylight saving does in between. An opening that the clock skips happens right
after the gap; one that the clock shows twice happens the first time (as Debian's cron does it). While a
`deny` window is open nothing happens; where there are `allow` windows for an activity, one has to be open.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from reconciler.settings.fields import Settings, Text

Activity = Literal["sync", "heal", "prune", "rollback"]
ACTIVITIES: tuple[Activity, ...] = get_args(Activity)
_DURATION = re.compile(r"(?:(\d{1,3})d)?(?:(\d{1,3})h)?(?:(\d{1,4})m)?")
_LONGEST = timedelta(days=366)
_MOST_OPENINGS = 64
"""Openings that are followed where one begins before the last has ended; later ones are found when asked."""


def _cron(text: str) -> str:
    from cronsim import CronSim, CronSimError

    try:
        if len(text.split()) != 5:
            raise ValueError
        next(CronSim(text, datetime(2026, 1, 1, tzinfo=UTC)))
    except (CronSimError, ValueError, StopIteration, OverflowError) as error:
        expected = "a cron expression of five fields that comes true, such as '0 22 * * 1-5'"
        raise ValueError(expected) from error
    return text


def _duration(text: str) -> str:
    if not timedelta() < _lasting(text) <= _LONGEST:
        raise ValueError("a duration from 1m to 366d, such as 8h, 1h30m or 2d")
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        raise ValueError("an IANA time zone such as Europe/Berlin") from error
    return name


@lru_cache(maxsize=256)
def _lasting(text: str) -> timedelta:
    found = _DURATION.fullmatch(text)
    days, hours, minutes = (int(part or 0) for part in found.groups()) if found is not None else (0, 0, 0)
    return timedelta(days=days, hours=hours, minutes=minutes)


class Window(Settings):
    """A time in which activities are allowed or denied.

    `cron` says when it opens, on the wall clock of `zone`; `duration` how long it stays open. `covers` are
    the activities it is about. `reason` is shown where it stands in the way.
    """

    kind: Literal["allow", "deny"]
    cron: Annotated[Text, AfterValidator(_cron)]
    duration: Annotated[Text, AfterValidator(_duration)]
    zone: Annotated[Text, AfterValidator(_zone)] = "UTC"
    covers: Annotated[tuple[Activity, ...], Field(min_length=1)] = ACTIVITIES
    reason: Text | None = None

    def closes_at(self, now: float) -> float | None:
        """When it closes, in seconds since the epoch, if it is open; None while it is closed.

        Args:
            now: seconds since the epoch.
        """
        lasts = _lasting(self.duration).total_seconds()
        closes: float | None = None
        for at in islice(self._openings(now - lasts), _MOST_OPENINGS):
            if at > (now if closes is None else closes):
                break
            closes = at + lasts
        return closes

    def opens_at(self, now: float) -> float | None:
        """When it opens next after now, in seconds since the epoch; None where it never does."""
        return next(iter(self._openings(now)), None)

    def _openings(self, after: float) -> Iterator[float]:
        """The instants later than `after` at which it opens."""
        from cronsim import CronSim

        coming = CronSim(self.cron, datetime.fromtimestamp(after, ZoneInfo(self.zone)))
        for local in coming:
            at = local.astimezone(UTC).timestamp()
            if at > after:  # the clock shows it a second time, and the first time is over
                yield at


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether an activity is allowed now; if not, why, and when to ask again (epoch seconds, 0: unknown)."""

    allowed: bool
    why: str = ""
    again_at: float = 0.0


def permission(windows: Iterable[Window], activity: Activity, now: float) -> Permission:
    """Ask the windows; deny wins.

    Args:
        windows: of an application.
        activity: what would be done.
        now: seconds since the epoch.
    """
    mine = [window for window in windows if activity in window.covers]
    denying = [(window, at) for window in mine if window.kind == "deny" and (at := window.closes_at(now))]
    if denying:
        window, at = max(denying, key=lambda one: one[1])
        return Permission(False, f"a window denies {activity} until {_told(at, window)}", at)
    allowing = [window for window in mine if window.kind == "allow"]
    if not allowing or any(window.closes_at(now) for window in allowing):
        return Permission(True)
    coming = [(at, window) for window in allowing if (at := window.opens_at(now))]
    if not coming:
        return Permission(False, f"no window for {activity} is open, and none will open")
    at, window = min(coming, key=lambda one: one[0])
    return Permission(False, f"no window for {activity} is open before {_told(at, window)}", at)


def _told(at: float, window: Window) -> str:
    when = datetime.fromtimestamp(at, ZoneInfo(window.zone)).strftime("%Y-%m-%d %H:%M %Z")
    return f"{when} ({window.reason})" if window.reason else when
