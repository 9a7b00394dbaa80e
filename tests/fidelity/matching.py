"""Compares a recorded answer with a simulated one.

Three things are replaced, each consistently through the whole session: instants, the server's address, and
ids that the server draws at random. Consistently means that a recorded value has one simulated counterpart,
and the other way round: whatever was equal must be equal again, in other answers too. Computed ids (UUIDs of
version 3) are compared as they are, and so is everything else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

_ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z"
_MILLIS = r"(?<![\w.-])1[78]\d{11}(?![\w.-])"
_RANDOM = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
_DRAWN = re.compile(f"({_ISO})|({_MILLIS})|({_RANDOM})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Bindings:
    """Which simulated value stands for which recorded one."""

    there: dict[str, str] = field(default_factory=dict)
    back: dict[str, str] = field(default_factory=dict)

    def copy(self) -> Bindings:
        """The same bindings, to be changed on trial."""
        return Bindings(dict(self.there), dict(self.back))

    def bind(self, recorded: str, simulated: str) -> bool:
        """Take two values for one another; whether that agrees with what is known."""
        if self.there.setdefault(recorded, simulated) != simulated:
            return False
        return self.back.setdefault(simulated, recorded) == recorded

    def simulated(self, text: str) -> str:
        """A recorded text with its random ids replaced by the simulated ones."""
        return re.sub(_RANDOM, lambda match: self.there.get(match.group(), match.group()), text)


def differences(recorded: Any, simulated: Any, bindings: Bindings, where: str = "$") -> list[str]:
    """What differs, with its path; bindings grow."""
    if isinstance(recorded, dict) and isinstance(simulated, dict):
        found = [f"{where}.{name} missing" for name in recorded if name not in simulated]
        found += [
            f"{where}.{name} too much: {simulated[name]!r:.120}" for name in simulated if name not in recorded
        ]
        for name in recorded:
            if name in simulated:
                found += differences(recorded[name], simulated[name], bindings, f"{where}.{name}")
        return found
    if isinstance(recorded, list) and isinstance(simulated, list):
        if len(recorded) != len(simulated):
            return [f"{where} has {len(simulated)} members, not {len(recorded)}"]
        found = []
        for index, (one, other) in enumerate(zip(recorded, simulated, strict=True)):
            found += differences(one, other, bindings, f"{where}[{index}]")
        return found
    if _same_leaf(recorded, simulated, bindings):
        return []
    return [f"{where}: {recorded!r:.300} ≠ {simulated!r:.300}"]


def _same_leaf(recorded: Any, simulated: Any, bindings: Bindings) -> bool:
    if isinstance(recorded, bool) or isinstance(simulated, bool) or recorded is None or simulated is None:
        return recorded is simulated
    if type(recorded) is not type(simulated):
        return False
    one, other = _pieces(str(recorded)), _pieces(str(simulated))
    if [kind for kind, _ in one] != [kind for kind, _ in other]:
        return False
    return all(
        bindings.bind(f"{kind}{left}", f"{kind}{right}")
        if kind == "@"
        else bindings.bind(left, right)
        if kind == "#"
        else left == right
        for (kind, left), (_, right) in zip(one, other, strict=True)
    )


def _pieces(text: str) -> list[tuple[str, str]]:
    """A text cut into what stands as it is, instants (@, in milliseconds) and random ids (#)."""
    pieces, end = [], 0
    for match in _DRAWN.finditer(text):
        pieces.append(("", text[end : match.start()]))
        iso, millis, identifier = match.groups()
        if iso:
            pieces.append(("@", str(_millis_of(iso))))
        else:
            pieces.append(("@", millis) if millis else ("#", identifier))
        end = match.end()
    return [*pieces, ("", text[end:])]


def _millis_of(text: str) -> int:
    whole, _, rest = text.removesuffix("Z").partition(".")
    moment = datetime.fromisoformat(whole).replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(milliseconds=1) + int((rest + "000")[:3])
