"""What differs between two places: key paths, values that may be redacted, changes, causes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from reconciler.model.verdicts import Place, Verdict


class KeyStep(str):
    """A path step that names a list element by its key (`plans[api-key]`), not by a field name."""

    __slots__ = ()


Step = str | int
"""A field name, a `KeyStep` (a list element by key), or a position in an ordered list."""
KeyPath = tuple[Step, ...]


def path_text(path: KeyPath) -> str:
    """Write a path as people read it: `spec.plans[api-key].security.type`, `spec.flows[2].name`.

    Field names that hold dots, brackets or nothing are quoted: `metadata.labels["a.b/c"]`.
    """
    out: list[str] = []
    for step in path:
        if isinstance(step, (int, KeyStep)):
            out.append(f"[{step}]")
        elif step and all(c.isalnum() or c in "_-" for c in step):
            out.append(f".{step}" if out else step)
        else:
            out.append('["' + step.replace("\\", "\\\\").replace('"', '\\"') + '"]')
    return "".join(out)


class _Absent(Enum):
    ABSENT = "absent"

    def __repr__(self) -> str:
        return "absent"


ABSENT: Final = _Absent.ABSENT
"""Stands where a side has nothing at a path (`None` is a value)."""


class Redacted:
    """A value that must not be shown. It holds no text and no length.

    Two of them compare by a keyed digest, so that equal or changed stays visible. It is not JSON
    serialisable and not a string, so no body builder can take it for a value.
    """

    __slots__ = ("_digest",)

    def __init__(self, digest: bytes) -> None:
        self._digest = digest

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Redacted) and other._digest == self._digest

    def __hash__(self) -> int:
        return hash(self._digest)

    def __repr__(self) -> str:
        return "‹redacted›"

    __str__ = __repr__


class ChangeKind(Enum):
    """How a leaf or element differs, seen from the left place to the right one."""

    CHANGED = "changed"
    ADDED = "added"
    """Only on the right."""
    REMOVED = "removed"
    """Only on the left."""
    MOVED = "moved"
    """The same element at another position of a list whose order means something."""


class Origin(Enum):
    """Which side a difference comes from, told by the last synced state."""

    LEFT = "left"
    """Intended: the left side moved, the right one has not followed (Ahead)."""
    RIGHT = "right"
    """Drift: the right side was changed behind the left one's back."""
    BOTH = "both"
    FIRST_SIGHT = "first sight"
    """No last synced state is known."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference on a hop.

    `left` and `right` are plain data, `Redacted` or `ABSENT`. `manager` is the field manager that
    owns the right side's leaf, `at` when it wrote it (seconds since the epoch).
    """

    path: KeyPath
    kind: ChangeKind
    left: object
    right: object
    origin: Origin = Origin.FIRST_SIGHT
    manager: str | None = None
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Ignored:
    """Something that was not compared, and the named rule that says why."""

    path: KeyPath
    rule: str


@dataclass(frozen=True, slots=True)
class HopDiff:
    """Everything there is to say of one hop of one resource; safe to show (redacted).

    `left_lines`/`right_lines` are the two normalised documents as YAML lines.
    """

    hop: Place
    left: str
    right: str
    verdict: Verdict | None
    causes: tuple[str, ...]
    changes: tuple[Change, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    left_lines: tuple[str, ...] = ()
    right_lines: tuple[str, ...] = ()
