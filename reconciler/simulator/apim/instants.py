"""How APIM writes instants: whole milliseconds inside, ISO 8601 outside, trailing zeros left out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso(millis: int) -> str:
    """Write an instant (milliseconds since the epoch) as Management v2 does: `…:43.6Z`, `…:28Z`."""
    moment = _EPOCH + timedelta(milliseconds=millis)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S")
    rest = f"{millis % 1000:03d}".rstrip("0")
    return f"{text}.{rest}Z" if rest else f"{text}Z"


def from_iso(text: str) -> int:
    """Read an instant; finer than a millisecond is cut off.

    Raises:
        ValueError: the text is no instant with a time zone.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} names no time zone")
    return (moment - _EPOCH) // timedelta(milliseconds=1)
