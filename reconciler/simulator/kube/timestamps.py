"""Instants as Kubernetes writes them."""

from __future__ import annotations

import datetime
import re

_FRACTION = re.compile(r"\.\d+")


def timestamp(at: float) -> str:
    """Return an instant to the second.

    Args:
        at: seconds since the epoch.
    """
    return datetime.datetime.fromtimestamp(int(at), datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def normalised(text: str, *, microseconds: bool) -> str:
    """Return an instant as the real server stores it: in UTC, to the second or with six digits.

    Raises:
        ValueError: the text is no RFC 3339 instant.
    """
    instant = datetime.datetime.fromisoformat(_FRACTION.sub(_six_digits, text))
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} has no offset from UTC")
    form = "%Y-%m-%dT%H:%M:%S.%fZ" if microseconds else "%Y-%m-%dT%H:%M:%SZ"
    return instant.astimezone(datetime.UTC).strftime(form)


def _six_digits(fraction: re.Match[str]) -> str:
    return fraction[0][:7].ljust(7, "0")
