"""Reading the configuration's YAML with the line of every field, so that errors can point at it.

PyYAML's constructor forgets positions and lets the last of two equal keys win; here the composed nodes
are turned into plain data ourselves, which keeps lines, refuses duplicates and bounds aliases.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

Loc = tuple[str | int, ...]
"""A place in the data: field names and list positions."""

MAX_NODES = 20_000
"""More than any configuration needs, far less than an alias bomb makes."""
MAX_DEPTH = 32

_PREFIX = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong. `line` counts from 1; 0 where there is no line."""

    line: int
    field: str
    message: str


@dataclass(slots=True)
class MarkedData:
    """The data, the line of each place in it, and what could not be read.

    `raw` is the text of plain scalars that YAML does not read as text (`no`, `1.20`).
    """

    data: Any = None
    lines: dict[Loc, int] = field(default_factory=dict)
    raw: dict[Loc, str] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)

    def line(self, loc: Loc) -> int:
        """The line of a place, or of what it is in."""
        while loc and loc not in self.lines:
            loc = loc[:-1]
        return self.lines.get(loc, 1)


class _TooMuch(Exception):
    pass


def read_marked(text: bytes) -> MarkedData:
    """Read one YAML document with its lines; never raises, `complaints` says what is wrong."""
    result = MarkedData()
    try:
        decoded = text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        result.complaints.append(Complaint(line, "", "is not UTF-8 text; save the file as UTF-8"))
        return result
    try:
        nodes = list(yaml.compose_all(decoded, Loader=yaml.CSafeLoader))
        if len(nodes) > 1:
            line = nodes[1].start_mark.line + 1
            result.complaints.append(
                Complaint(line, "", "a second document begins here; expected one document, remove the ---")
            )
        elif nodes:
            _Reader(result).read(nodes[0], (), 0)
    except yaml.YAMLError as error:
        result.complaints.append(_syntax(error, decoded))
    except _TooMuch:
        result.complaints.append(
            Complaint(1, "", f"expands to more than {MAX_NODES} values; use fewer aliases")
        )
    except RecursionError:
        result.complaints.append(Complaint(1, "", f"is nested deeper than {MAX_DEPTH} levels"))
    return result


class _Reader:
    def __init__(self, result: MarkedData) -> None:
        self._result = result
        self._nodes = 0
        self._scalars = yaml.constructor.SafeConstructor()
        result.data = None

    def read(self, node: yaml.Node, loc: Loc, depth: int) -> None:
        self._result.data = self._value(node, loc, depth)

    def _value(self, node: yaml.Node, loc: Loc, depth: int) -> Any:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise _TooMuch
        if depth > MAX_DEPTH:
            raise RecursionError
        self._result.lines.setdefault(loc, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, loc, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*loc, index), depth + 1) for index, item in enumerate(node.value)]
        return self._scalar(node, loc)

    def _mapping(self, node: yaml.MappingNode, loc: Loc, depth: int) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if key_node.tag == _PREFIX + "merge":
                for part in value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]:
                    value = self._value(part, loc, depth + 1)
                    if isinstance(value, dict):
                        merged = {**value, **merged}
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                self._complain(line, loc, "a field name must be text")
                continue
            key = key_node.value
            if key in own:
                first = self._result.lines[(*loc, key)]
                self._complain(line, (*loc, key), f"is written twice, first in line {first}; keep one")
                continue
            self._result.lines[(*loc, key)] = line
            own[key] = self._value(value_node, (*loc, key), depth + 1)
        return {**merged, **own}

    def _scalar(self, node: yaml.Node, loc: Loc) -> Any:
        kind = node.tag.removeprefix(_PREFIX)
        if kind in ("str", "timestamp", "value", "merge"):
            return node.value
        if kind not in ("bool", "int", "float", "null"):
            self._complain(node.start_mark.line + 1, loc, f"the tag {node.tag} is not read; remove it")
            return node.value
        if kind != "null":
            self._result.raw[loc] = node.value
        try:
            return getattr(self._scalars, f"construct_yaml_{kind}")(node)
        except (ValueError, OverflowError):
            return node.value

    def _complain(self, line: int, loc: Loc, message: str) -> None:
        self._result.complaints.append(Complaint(line, loc_text(loc), message))


def loc_text(loc: Loc) -> str:
    """Write a place as people do: `sources[0].auth.token_env`."""
    out = ""
    for step in loc:
        out += f"[{step}]" if isinstance(step, int) else f".{step}" if out else step
    return out


def _syntax(error: yaml.YAMLError, text: str) -> Complaint:
    mark = getattr(error, "problem_mark", None)
    if mark is None:  # a character that YAML does not allow
        position = getattr(error, "position", 0)
        character = getattr(error, "character", None)
        shown = f"U+{character:04X}" if isinstance(character, int) else "a control character"
        return Complaint(text.count("\n", 0, position) + 1, "", f"{shown} is not allowed in YAML; remove it")
    lines = text.splitlines()
    line = min(mark.line + 1, max(len(lines), 1))  # what is missing at the end is missing in its last line
    here = lines[mark.line] if mark.line < len(lines) else ""
    if "\t" in here[: len(here) - len(here.lstrip())]:
        return Complaint(line, "", "is indented with a tab; YAML wants blanks")
    problem = getattr(error, "problem", None) or "is not YAML"
    context = getattr(error, "context", None)
    return Complaint(line, "", f"{context}, {problem}" if context else problem)
