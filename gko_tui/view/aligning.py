"""Which lines of two YAML texts belong together.

Plain line diffs are noisy on YAML, whose lines repeat (`type: KEY_LESS` under every plan). So a line
is first compared together with the lines it stands under, which makes most lines unique; unique
common lines anchor the two texts (patience), and only what is left between anchors is compared as
plain text.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

_PLAIN_LIMIT = 90_000
"""Blocks of more line pairs than this are shown as replaced, not compared line by line."""


@dataclass(frozen=True, slots=True)
class Block:
    """Lines `left[l0:l1]` against `right[r0:r1]`; `equal` if they are the same lines."""

    equal: bool
    l0: int
    l1: int
    r0: int
    r1: int


def align(left: Sequence[str], right: Sequence[str]) -> list[Block]:
    """Cut two texts into blocks that are equal or differ, in order and without holes."""
    pairs: list[tuple[int, int]] = []
    a, b = _with_ancestry(left), _with_ancestry(right)
    todo = [(0, len(a), 0, len(b))]
    while todo:
        l0, l1, r0, r1 = todo.pop()
        while l0 < l1 and r0 < r1 and a[l0] == b[r0]:
            pairs.append((l0, r0))
            l0, r0 = l0 + 1, r0 + 1
        while l0 < l1 and r0 < r1 and a[l1 - 1] == b[r1 - 1]:
            l1, r1 = l1 - 1, r1 - 1
            pairs.append((l1, r1))
        if l0 == l1 or r0 == r1:
            continue
        anchors = _anchors(a, b, (l0, l1, r0, r1))
        if not anchors:
            pairs.extend(_plain(left, right, (l0, l1, r0, r1)))
            continue
        pairs.extend(anchors)
        for (la, ra), (lb, rb) in zip([(l0 - 1, r0 - 1), *anchors], [*anchors, (l1, r1)], strict=True):
            todo.append((la + 1, lb, ra + 1, rb))
    return list(_blocks(sorted(pairs), len(left), len(right)))


def _with_ancestry(lines: Sequence[str]) -> list[int]:
    """Each line's hash together with the lines it stands under by indentation."""
    stack: list[tuple[int, int]] = []
    hashes: list[int] = []
    for line in lines:
        text = line.lstrip(" ")
        indent = len(line) - len(text)
        while stack and stack[-1][0] >= indent:
            stack.pop()
        mark = hash((stack[-1][1] if stack else 0, text))
        stack.append((indent, mark))
        hashes.append(mark)
    return hashes


def _anchors(a: list[int], b: list[int], span: tuple[int, int, int, int]) -> list[tuple[int, int]]:
    """Lines that occur once on each side, in the longest order that both sides share."""
    l0, l1, r0, r1 = span
    count_a, count_b = Counter(a[l0:l1]), Counter(b[r0:r1])
    where = {b[r]: r for r in range(r0, r1) if count_b[b[r]] == 1}
    common = [(left, where[a[left]]) for left in range(l0, l1) if count_a[a[left]] == 1 and a[left] in where]
    tails: list[int] = []
    at: list[int] = []
    previous: list[int] = []
    for index, (_, right) in enumerate(common):
        place = bisect_left(tails, right)
        previous.append(at[place - 1] if place else -1)
        if place == len(tails):
            tails.append(right)
            at.append(index)
        else:
            tails[place] = right
            at[place] = index
    chain: list[tuple[int, int]] = []
    index = at[-1] if at else -1
    while index >= 0:
        chain.append(common[index])
        index = previous[index]
    return chain[::-1]


def _plain(
    left: Sequence[str], right: Sequence[str], span: tuple[int, int, int, int]
) -> Iterator[tuple[int, int]]:
    l0, l1, r0, r1 = span
    if (l1 - l0) * (r1 - r0) > _PLAIN_LIMIT:
        return
    matcher = SequenceMatcher(None, left[l0:l1], right[r0:r1], autojunk=False)
    for i, j, size in matcher.get_matching_blocks():
        for offset in range(size):
            yield l0 + i + offset, r0 + j + offset


def _blocks(pairs: list[tuple[int, int]], left: int, right: int) -> Iterator[Block]:
    l0 = r0 = 0
    index = 0
    while index < len(pairs):
        start_l, start_r = pairs[index]
        if start_l > l0 or start_r > r0:
            yield Block(False, l0, start_l, r0, start_r)
        end = index
        while end < len(pairs) and pairs[end] == (start_l + end - index, start_r + end - index):
            end += 1
        l0, r0 = start_l + end - index, start_r + end - index
        yield Block(True, start_l, l0, start_r, r0)
        index = end
    if l0 < left or r0 < right:
        yield Block(False, l0, left, r0, right)
