"""Instants as Kubernetes writes them."""

from __future__ import annotations

import datetime
import re

_FRACTION = re.compile(r"\.\d+")
_SIX_DIGITS = re.compile(r":\d\d\.\d{6}(?!\d)")


def timestamp(at: float) -> str:
    """Return an instant to the second.

    Args:
        at: seconds since the epoch.
    """
    return datetime.datetime.fromtimestamp(int(at), datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def normalised(text: str, *, microseconds: bool) -> str:
    """Return an instant as the real server stores it: in UTC, to the second or with six digits.

    Args:
        text: an RFC 3339 instant.
        microseconds: it must have six digits after the second, and keeps them.

    Raises:
        ValueError: the text is no such instant.
    """
    if microseconds and not _SIX_DIGITS.search(text):
        layout = "2006-01-02T15:04:05.000000Z07:00"
        raise ValueError(f'parsing time "{text}" as "{layout}": six digits are wanted after the second')
    instant = datetime.datetime.fromisoformat(_FRACTION.sub(_six_digits, text))
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} has no offset from UTC")
    form = "%Y-%m-%dT%H:%M:%S.%fZ" if microseconds else "%Y-%m-%dT%H:%M:%SZ"
    return instant.astimezone(datetime.UTC).strftime(form)


def _six_digits(fraction: re.Match[str]) -> str:
    return fraction[0][:7].ljust(7, "0")
