"""Which element of one ordered list is which of the other: alignment without keys, and moves with keys.

Both directions must tell the same story (a diff read backwards is the backward diff), but a longest
common subsequence is not unique. So the two lists are always taken in one fixed order first.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

MAX_CELLS = 1_000_000
"""Beyond this product of lengths, what lies between common head and tail is paired by position."""


def align(left: Sequence[bytes], right: Sequence[bytes]) -> list[tuple[int | None, int | None]]:
    """Pair the positions of two lists whose elements are known only by their content.

    Args:
        left, right: the canonical bytes of each element.

    Returns:
        pairs (left position, right position) in order: equal elements first found by a longest common
        subsequence; what lies between two of them is paired in order, and the rest stands alone.
    """
    swapped = (len(left), list(left)) > (len(right), list(right))
    short, long = (right, left) if swapped else (left, right)
    pairs: list[tuple[int | None, int | None]] = []
    at, other = 0, 0
    for i, j in [*_common(short, long), (len(short), len(long))]:
        while at < i and other < j:
            pairs.append((at, other))
            at, other = at + 1, other + 1
        pairs.extend((x, None) for x in range(at, i))
        pairs.extend((None, y) for y in range(other, j))
        if i < len(short):
            pairs.append((i, j))
        at, other = i + 1, j + 1
    return [(b, a) for a, b in pairs] if swapped else pairs


def moved(left: Sequence[str], right: Sequence[str]) -> list[str]:
    """Name the elements that changed places, as few as possible, in the order of the right list.

    Args:
        left, right: the same keys, each once, in two orders.
    """
    swapped = list(left) > list(right)
    first, second = (right, left) if swapped else (left, right)
    place = {name: at for at, name in enumerate(first)}
    stay = _rising([place[name] for name in second])
    kept = {second[at] for at in stay}
    return [name for name in right if name not in kept]


def _common(short: Sequence[bytes], long: Sequence[bytes]) -> list[tuple[int, int]]:
    head = 0
    while head < len(short) and short[head] == long[head]:
        head += 1
    tail = 0
    while tail < len(short) - head and short[-1 - tail] == long[-1 - tail]:
        tail += 1
    ends = len(short) - tail, len(long) - tail
    pairs = [(at, at) for at in range(head)]
    if (ends[0] - head) * (ends[1] - head) <= MAX_CELLS:
        inner = _longest(short[head : ends[0]], long[head : ends[1]])
        pairs.extend((head + i, head + j) for i, j in inner)
    pairs.extend((ends[0] + at, ends[1] + at) for at in range(tail))
    return pairs


def _longest(a: Sequence[bytes], b: Sequence[bytes]) -> list[tuple[int, int]]:
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(len(a) - 1, -1, -1):
        for j in range(len(b) - 1, -1, -1):
            same = a[i] == b[j]
            table[i][j] = table[i + 1][j + 1] + 1 if same else max(table[i + 1][j], table[i][j + 1])
    pairs, i, j = [], 0, 0
    while i < len(a) and j < len(b):
        if a[i] == b[j]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif table[i + 1][j] >= table[i][j + 1]:
            i += 1
        else:
            j += 1
    return pairs


def _rising(places: Sequence[int]) -> list[int]:
    """Indexes of a longest rising subsequence."""
    ends: list[int] = []
    ends_at: list[int] = []
    before: list[int] = []
    for at, place in enumerate(places):
        spot = bisect_left(ends, place)
        if spot == len(ends):
            ends.append(place)
            ends_at.append(at)
        else:
            ends[spot], ends_at[spot] = place, at
        before.append(ends_at[spot - 1] if spot else -1)
    out: list[int] = []
    at = ends_at[-1] if ends_at else -1
    while at >= 0:
        out.append(at)
        at = before[at]
    return out[::-1]
