"""The means by which the rules of this hop change a body: one walk along a tree of places, no more.

A rule names the places where it acts (`plans.*.flows.*`) and what it does there. All rules of a kind are put
into one tree, so that a body is walked once however many there are: this runs for every API of a fleet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from reconciler.rules.lists import NOTHING, RuleNode, sort_elements

Content = dict[str, Any]

FREE_FORM = frozenset(
    {"configuration", "sharedConfiguration", "sharedConfigurationOverride", "entrypointConfiguration"}
)
"""Fields whose content belongs to a plugin: what is null or empty in there is left alone."""

MAPS_OF_TEXT = frozenset({"properties", "metadata", "headers"})
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


Action = Callable[[Content, Facts], None]
"""Changes the fields of one object in place: it sets and removes them, and never reaches into their values.

A value that it changes is replaced by a copy. It must be idempotent.
"""


@dataclass(frozen=True, slots=True)
class HopRule:
    """One named step of normalisation on this hop.

    `what_for` says in words what the rule makes equal. `acts` pairs places with what is done to every object
    there: field names separated by dots, `*` for the elements of a list and the keys of a map.
    """

    name: str
    what_for: str
    acts: tuple[tuple[str, Action], ...]


def rule(name: str, what_for: str, *acts: tuple[str, Action]) -> HopRule:
    """A rule in one line."""
    return HopRule(name, what_for, acts)


def dropping(*names: str) -> Action:
    """Take fields out."""

    def drop_fields(content: Content, facts: Facts) -> None:
        del facts
        for name in names:
            if name in content:
                del content[name]

    return drop_fields


def filling(defaults: Mapping[str, Any]) -> Action:
    """Fill in what is absent."""
    stated = tuple(defaults.items())

    def fill_fields(content: Content, facts: Facts) -> None:
        del facts
        for name, default in stated:
            if name not in content:
                content[name] = {} if default == {} else default

    return fill_fields


def rewriting(change: Callable[[str], str], *names: str) -> Action:
    """Bring the text of fields to one form; it stays marked where it came from a template."""

    def rewrite_fields(content: Content, facts: Facts) -> None:
        del facts
        for name in names:
            text = content.get(name)
            if isinstance(text, str) and (new := change(text)) != text:
                content[name] = type(text)(new)

    return rewrite_fields


# ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class Sieve:
    """The rules of a kind as one tree of places: at each, what is done there, in the order of the rules."""

    acts: list[tuple[str, Action]] = field(default_factory=list)
    children: dict[str, Sieve] = field(default_factory=dict)
    each: Sieve | None = None

    @classmethod
    def of(cls, rules: Iterable[HopRule]) -> Sieve:
        """Put rules into one tree."""
        root = cls()
        for one in rules:
            for place, action in one.acts:
                root._grown(place).acts.append((one.name, action))
        return root

    def apply(self, content: Content, facts: Facts) -> None:
        """Change a body in place, from its root downwards: an object before what is in it."""
        for _, action in self.acts:
            action(content, facts)
        for name, child in self.children.items():
            value = content.get(name)
            if value.__class__ is dict:
                child.apply(value, facts)
            elif value.__class__ is list and child.each is not None:
                for item in value:
                    if item.__class__ is dict:
                        child.each.apply(item, facts)
        if self.each is not None:
            for item in content.values():
                if item.__class__ is dict:
                    self.each.apply(item, facts)

    def _grown(self, place: str) -> Sieve:
        node = self
        for part in place.split(".") if place else ():
            if part == "*":
                node.each = node.each or Sieve()
                node = node.each
            else:
                node = node.children.setdefault(part, Sieve())
        return node


# ---------------------------------------------------------------------------------------


def taken(content: Mapping[str, Any]) -> Content:
    """A copy without the fields that are null (GKO sends one for every field that is not set).

    What belongs to plugins is shared with the original, and must not be changed.
    """
    out: Content = {}
    for name, item in content.items():
        if item is None:
            continue
        if item.__class__ is dict and name not in FREE_FORM:
            out[name] = taken(item)
        elif item.__class__ is list and name not in FREE_FORM:
            out[name] = _taken(item)
        else:
            out[name] = item
    return out


def _taken(items: list[Any]) -> list[Any]:
    return [
        taken(item) if item.__class__ is dict else _taken(item) if item.__class__ is list else item
        for item in items
    ]


def finished(content: Content, rules: RuleNode = NOTHING) -> Content:
    """A copy without fields that are empty (text, list, object), and with one order where order is nothing.

    What belongs to plugins is shared with the original, and so are maps of people's texts.
    """
    out: Content = {}
    each, children = rules.each or NOTHING, rules.children
    for name, item in content.items():
        value = item
        if item.__class__ is dict:
            if name not in FREE_FORM and name not in MAPS_OF_TEXT:
                value = finished(item, children.get(name) or each)
        elif item.__class__ is list and name not in FREE_FORM:
            value = _finished(item, children.get(name) or each)
        if value or not is_empty(value):
            out[name] = value
    return out


def is_empty(value: Any) -> bool:
    """Whether a value is as good as none."""
    return not value and (value is None or isinstance(value, (str, list, dict)))


def _finished(items: list[Any], rules: RuleNode) -> list[Any]:
    each = rules.each or NOTHING
    done = [
        finished(item, each)
        if item.__class__ is dict
        else _finished(item, each)
        if item.__class__ is list
        else item
        for item in items
    ]
    listed = rules.listed
    return done if listed is None or listed.ordered or len(done) < 2 else sort_elements(done, listed)


# ---------------------------------------------------------------------------------------


def nodes(value: Any, pattern: str) -> Iterator[Content]:
    """Every object at a place, written as in a rule."""
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


def drop(content: Content, pattern: str, *names: str) -> None:
    """Take fields out, wherever there is an object."""
    for node in nodes(content, pattern):
        for name in names:
            node.pop(name, None)


def as_instant(text: str) -> str:
    """One form for one instant: RFC 3339 in UTC; what is none stays as it is."""
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        return text
    if moment.tzinfo is None:
        return text
    try:
        stated = moment.astimezone(UTC).isoformat().removesuffix("+00:00")
    except OverflowError:  # so near to the end of time that it is beyond it elsewhere
        return text
    return (stated.rstrip("0").rstrip(".") if "." in stated else stated) + "Z"
