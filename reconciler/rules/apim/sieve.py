"""The means by which the rules of this hop change a body: walking by patterns, filling, dropping, sorting.

All of them change what they are given; `comparing` hands them a copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from reconciler.rules.lists import RuleNode, sort_elements

Content = dict[str, Any]

FREE_FORM = frozenset(
    {"configuration", "sharedConfiguration", "sharedConfigurationOverride", "entrypointConfiguration"}
)
"""Fields whose content belongs to a plugin: what is null or empty in there is left alone."""

_MAPS_OF_TEXT = frozenset({"properties", "metadata", "headers"})
"""Maps whose values are text that people gave, where they are maps."""

HTTP_DEFAULTS: Mapping[str, Any] = {
    "readTimeout": 10000,
    "idleTimeout": 60000,
    "connectTimeout": 5000,
    "maxConcurrentConnections": 20,
    "version": "HTTP_1_1",
}
"""What the HTTP endpoint plugin of 4.12 fills into an `http` block that was sent; others' differ."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """What APIM did not know and left out: category names, group names, (source, sourceId) of members."""

    categories: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    members: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules must know besides the body.

    `organization` makes ids from HRIDs. `group_hrids` maps names of groups to the HRIDs that APIM writes in
    their place. `dropped` is taken out of what is sent.
    """

    organization: str = ""
    group_hrids: Mapping[str, str] = field(default_factory=dict)
    dropped: Dropped = field(default_factory=Dropped)
    http_defaults: Mapping[str, Any] = field(default_factory=lambda: HTTP_DEFAULTS)


@dataclass(frozen=True, slots=True)
class HopRule:
    """One named step of normalisation on this hop; it changes the content in place, and is idempotent."""

    name: str
    apply: Callable[[Content, Facts], None]


def copied(value: Any) -> Any:
    """A copy of plain data, down to its leaves."""
    if isinstance(value, dict):
        return {name: copied(item) for name, item in value.items()}
    return [copied(item) for item in value] if isinstance(value, list) else value


def nodes(value: Any, pattern: str) -> Iterator[Content]:
    """Every object at a pattern of field names, parts separated by dots, `*` for elements and map keys."""
    yield from _nodes(value, tuple(pattern.split(".")) if pattern else ())


def _nodes(value: Any, parts: tuple[str, ...]) -> Iterator[Content]:
    if not parts:
        if isinstance(value, dict):
            yield value
        return
    first, rest = parts[0], parts[1:]
    if first == "*":
        for item in value if isinstance(value, list) else value.values() if isinstance(value, dict) else ():
            yield from _nodes(item, rest)
    elif isinstance(value, dict) and first in value:
        yield from _nodes(value[first], rest)


def fill(content: Content, pattern: str, defaults: Mapping[str, Any]) -> None:
    """Fill in what is absent, wherever there is an object."""
    for node in nodes(content, pattern):
        for name, default in defaults.items():
            if node.get(name) is None:
                node[name] = copied(default)


def drop(content: Content, pattern: str, *names: str) -> None:
    """Take fields out, wherever there is an object."""
    for node in nodes(content, pattern):
        for name in names:
            node.pop(name, None)


def drop_nulls(content: Any) -> None:
    """Take out fields that are null; GKO sends one for every field that is not set."""
    for name, item in list(content.items()) if isinstance(content, dict) else ():
        if item is None:
            del content[name]
        elif name not in FREE_FORM:
            drop_nulls(item)
    for item in content if isinstance(content, list) else ():
        drop_nulls(item)


def drop_empties(content: Any) -> None:
    """Take out fields that are empty (text, list, object), innermost first; not inside free-form fields."""
    for name, item in list(content.items()) if isinstance(content, dict) else ():
        if name not in FREE_FORM and not (name in _MAPS_OF_TEXT and isinstance(item, dict)):
            drop_empties(item)
        if item is None or item in ("", [], {}):
            del content[name]
    for item in content if isinstance(content, list) else ():
        drop_empties(item)


def sort_unordered(value: Any, rules: RuleNode) -> Any:
    """Give every list whose order means nothing the one order in which it is compared."""
    if isinstance(value, dict):
        return {name: sort_unordered(item, rules.below(name)) for name, item in value.items()}
    if not isinstance(value, list):
        return value
    items = [sort_unordered(item, rules.each or RuleNode()) for item in value]
    listed = rules.listed
    return sort_elements(items, listed) if listed is not None and not listed.ordered else items


def rewritten(text: Any, change: Callable[[str], str]) -> Any:
    """A text changed, still marked where it came from a template; anything else as it is."""
    if not isinstance(text, str):
        return text
    new = change(text)
    return text if new == text else type(text)(new)


def as_instant(text: str) -> str:
    """One form for one instant: RFC 3339 in UTC; what is none stays as it is."""
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        return text
    if moment.tzinfo is None:
        return text
    stated = moment.astimezone(UTC).isoformat().removesuffix("+00:00")
    return (stated.rstrip("0").rstrip(".") if "." in stated else stated) + "Z"
