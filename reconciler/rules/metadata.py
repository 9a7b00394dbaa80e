"""Of metadata, labels and annotations are compared: all that one side states and that is no tool's own mark.

A mark of a tool counts only where both sides have it: then Git states it, and it must be right.
"""

from __future__ import annotations

from typing import Any

from reconciler.model.changes import Ignored
from reconciler.rules.normalise import Normalised, not_ours_of

GROUPS = ("labels", "annotations")


def compared(side: dict[str, Any], other: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The labels and annotations of one side that are compared with the other's.

    Args:
        side, other: two normalised documents.
    """
    marks = not_ours_of(side)
    out: dict[str, dict[str, Any]] = {}
    for group in GROUPS:
        mine, theirs = _entries(side, group), _entries(other, group)
        if mine or theirs:
            out[group] = {
                name: value for name, value in mine.items() if (group, name) not in marks or name in theirs
            }
    return out


def compared_sides(
    left: dict[str, Any], right: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any], tuple[Ignored, ...]]:
    """Both documents with only those labels and annotations that are compared, and what was left out.

    Args:
        left, right: two normalised documents; they are not changed.
    """
    ignored: list[Ignored] = []
    for side, other in ((left, right), (right, left)):
        ignored.extend(
            Ignored(("metadata", group, name), rule)
            for (group, name), rule in not_ours_of(side).items()
            if name in _entries(side, group) and name not in _entries(other, group)
        )
    return _with(left, compared(left, right)), _with(right, compared(right, left)), tuple(ignored)


def _with(document: dict[str, Any], metadata: dict[str, dict[str, Any]]) -> dict[str, Any]:
    content = {name: value for name, value in document.items() if name != "metadata"}
    kept = {group: entries for group, entries in metadata.items() if entries}
    if kept:
        content = {"metadata": kept, **content}
    return document.with_content(content) if isinstance(document, Normalised) else content


def _entries(document: dict[str, Any], group: str) -> dict[str, Any]:
    metadata = document.get("metadata")
    found = metadata.get(group) if isinstance(metadata, dict) else None
    return found if isinstance(found, dict) else {}
