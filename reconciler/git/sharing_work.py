"""Shares the parsing of many new blobs between this process and a child, from both ends of the list.

Neither waits for the other before the end, so that a slow start or a busy core costs only its own share. What
the child took and did not give back is parsed here.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from reconciler.git.parse import ParseLimits
from reconciler.git.parsing_child import ParsedBlob, ParsingChild, cores, parse_blob
from reconciler.model.errors import SourceError

MANY: Final = 400
"""Below this a child would hardly have started before all is done."""
PART: Final = 8
LEAST: Final = 16
"""The child gets an eighth of what is left in one go, and not fewer than this: large portions, so that it
seldom waits for the next one; small ones in the end, so that nobody waits long for it."""

Read = Callable[[str, str], bytes]
Outcome = ParsedBlob | SourceError


def parsed_by_two(
    blobs: Sequence[str], path_of: Mapping[str, str], read: Read, limits: ParseLimits
) -> Iterator[tuple[str, Outcome]]:
    """Parse blobs, with a child where there are many and another core is there for it.

    Args:
        blobs: their ids, each once.
        path_of: id → path.
        read: gives the bytes of a blob by id and path, or raises SourceError.
        limits: bounds for one file.

    Returns:
        each blob with what parsing it gave, or why it cannot be read; in any order.
    """
    left = deque(blobs)
    helper = _Helper(left, path_of, read, limits) if len(left) >= MANY and cores() > 1 else None
    if helper is not None:
        helper.start()
    try:
        yield from _parsed_here(left, path_of, read, limits)
        if helper is not None:
            helper.join()
            yield from helper.done
            yield from _parsed_here(left, path_of, read, limits)  # what the child took and lost
    finally:
        left.clear()
        if helper is not None:
            helper.join()


def _parsed_here(
    left: deque[str], path_of: Mapping[str, str], read: Read, limits: ParseLimits
) -> Iterator[tuple[str, Outcome]]:
    while True:
        try:
            blob = left.popleft()
        except IndexError:
            return
        path = path_of[blob]
        try:
            yield blob, parse_blob(read(blob, path), path, limits)
        except SourceError as error:
            yield blob, error


class _Helper(threading.Thread):
    """Feeds a child from the end of the list and collects what it gives back."""

    def __init__(self, left: deque[str], path_of: Mapping[str, str], read: Read, limits: ParseLimits) -> None:
        super().__init__(name="parsing", daemon=True)
        self._left = left
        self._path_of = path_of
        self._read = read
        self._limits = limits
        self.done: list[tuple[str, Outcome]] = []

    def run(self) -> None:
        try:
            child = ParsingChild(self._limits)
        except OSError:
            return  # all is parsed by the other end
        try:
            while (taken := self._take()) and self._parse(child, taken):
                pass
        finally:
            child.close()

    def _take(self) -> list[str]:
        taken: list[str] = []
        portion = max(len(self._left) // PART, LEAST)
        while self._left and len(taken) < portion:
            try:
                taken.append(self._left.pop())
            except IndexError:
                break
        return taken

    def _parse(self, child: ParsingChild, taken: list[str]) -> bool:
        """Have these parsed; False where the child is lost, and the other end gets them back."""
        texts: list[tuple[str, bytes]] = []
        read: list[str] = []
        for blob in taken:
            try:
                texts.append((self._path_of[blob], self._read(blob, self._path_of[blob])))
                read.append(blob)
            except SourceError as error:
                self.done.append((blob, error))
        try:
            self.done.extend(zip(read, child.parse(texts), strict=True))
        except (OSError, ValueError, EOFError, TypeError):  # it is gone, or what came is cut off
            self._left.extend(read)
            return False
        return True
