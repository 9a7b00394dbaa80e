"""The recorded exchanges, in the order in which they were made.

A file's name begins with its group's number, a letter and perhaps a number more (`10i7b-…`): that is the
order within a group. Where a group was not recorded in one go, the instants in its answers tell when: those
parts are named here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SERVER = "http://127.0.0.1:8083"
"""Where the recorded server listened."""

UNRECORDED = "kitchen"
"""The HRID, found by its ids, of an API that lists show and no recording wrote (see `presupposed`)."""

_CHRONOLOGY = (
    r"0[1-5]",
    r"06[a-f]",
    r"0[78]",
    r"09[a-k]",
    r"1[0-3]",
    r"20",  # the gateway still runs the third deployment: before 16e
    r"1[5-9]",
    r"21([a-e]|g)",  # the petstore's first life, which ends in 14e
    r"09l",
    r"14",
    r"22",  # before 21f: orders was not deployed again yet
    r"21f8",  # shows the subscription as it was before it was written again for the rest of 21f
    r"21f",
    r"2[345]",
    r"27",
    r"28a",
    r"28b",
    r"06[ghi]",  # shows what 28 did
    r"29",
    r"09m",
    r"31",
    r"32",
    r"06j",  # shows what 32 did
    r"3[67]",
)
_FIRST_OF_28 = ("put-endpoint-change",)
"""In group 28 the change comes first; the rest only looks at it."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer.

    Attributes:
        user: whose credentials were sent; None for none, or for a token.
    """

    name: str
    method: str
    path: str
    user: str | None
    body: Any
    status: int
    answer: Any


def load(folder: Path) -> list[Exchange]:
    """The recorded exchanges of a `data` folder, in their order."""
    paths = sorted((folder / "exchanges").glob("*.json"), key=lambda path: _place(path.stem))
    return [_exchange(path.stem, json.loads(path.read_text())) for path in paths]


def _exchange(name: str, record: Mapping[str, Any]) -> Exchange:
    request, response = record["request"], record["response"]
    return Exchange(
        name=name,
        method=request["method"],
        path=request["path"],
        user=request.get("user"),
        body=request.get("body"),
        status=response["status"],
        answer=response.get("body"),
    )


def _place(name: str) -> tuple[Any, ...]:
    match = re.match(r"(\d+)([a-z]?)(\d*)([a-z]?)-(.*)", name)
    assert match is not None, f"{name} has no place"
    group, letter, number, more, rest = match.groups()
    phase = next(
        index for index, pattern in enumerate(_CHRONOLOGY) if re.match(pattern, group + letter + number)
    )
    late = not (group == "28" and rest.partition("-")[2] in _FIRST_OF_28)
    # In 10g the API is written before it is read. Of 14h everything is deleted once, then again, then
    # looked for.
    turn = 2 if rest.startswith("get-") or rest.endswith("-get") else 1 if rest.endswith("-twice") else 0
    return (
        phase,
        int(group),
        letter,
        int(number or 0),
        more,
        late,
        turn if group + letter in ("14h", "10g") else 0,
        rest,
    )
