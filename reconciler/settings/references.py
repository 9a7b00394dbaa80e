"""Names that point at other names: an application at its source and clusters, a gateway at its control plane.

Checked on the plain data, so that these errors appear together with all others of the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.settings.marked_yaml import Complaint, Loc, MarkedData, loc_text
from reconciler.settings.nearest import known_names

_NAMED = ("sources", "clusters", "applications", "control_planes", "gateways")
_POINTERS = (
    ("applications", "source", "sources"),
    ("applications", "clusters", "clusters"),
    ("control_planes", "clusters", "clusters"),
    ("gateways", "cluster", "clusters"),
    ("gateways", "control_plane", "control_planes"),
)


def broken_references(marked: MarkedData) -> Iterator[Complaint]:
    """Every name that is used twice, and every name that points at nothing."""
    names = {group: dict(_names(marked.data, group)) for group in _NAMED}
    for group in _NAMED:
        first: dict[str, Loc] = {}
        for loc, name in names[group].items():
            if name in first:
                line = marked.line(first[name])
                yield Complaint(
                    marked.line(loc), loc_text(loc), f"'{name}' is also the name in line {line}; rename one"
                )
            first.setdefault(name, loc)
    for group, field, target in _POINTERS:
        known = list(names[target].values())
        if target == "control_planes" and not known:
            continue  # it may be one that a ManagementContext tells of: `host/environment`
        for loc, name in _pointers(marked.data, group, field):
            if name not in known:
                yield Complaint(
                    marked.line(loc),
                    loc_text(loc),
                    f"found '{name}', expected a name of {target}; {known_names(name, known, target)}",
                )


def _entries(data: Any, group: str) -> Iterator[tuple[int, dict[str, Any]]]:
    entries = data.get(group) if isinstance(data, dict) else None
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict):
            yield index, entry


def _names(data: Any, group: str) -> Iterator[tuple[Loc, str]]:
    for index, entry in _entries(data, group):
        if isinstance(entry.get("name"), str):
            yield (group, index, "name"), entry["name"]


def _pointers(data: Any, group: str, field: str) -> Iterator[tuple[Loc, str]]:
    for index, entry in _entries(data, group):
        value = entry.get(field)
        if isinstance(value, str):
            yield (group, index, field), value
        elif isinstance(value, list):
            for position, name in enumerate(value):
                if isinstance(name, str):
                    yield (group, index, field, position), name
