"""Reading YAML with the line of everything, for files whose mistakes people must find.

The files come from repositories: aliases are followed only so far, and only plain data is made of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import yaml

MAX_NODES = 50_000
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class RuleFault:
    """Something in a rules file that cannot be used: where, what is wrong, what to do."""

    path: str
    line: int
    what: str
    next_step: str = ""

    def __str__(self) -> str:
        said = f"{self.path}:{self.line}: {self.what}"
        return f"{said}; {self.next_step}" if self.next_step else said


class Bad(Exception):
    """A place in the file that cannot be used."""

    def __init__(self, line: int, what: str, next_step: str = "") -> None:
        super().__init__(what)
        self.line = line
        self.what = what
        self.next_step = next_step


@dataclass(slots=True)
class Reader:
    """Turns YAML nodes into plain data and knows the line of each."""

    path: str
    faults: list[RuleFault] = field(default_factory=list)
    nodes: int = 0

    def fault(self, bad: Bad) -> None:
        """Keep a fault."""
        self.faults.append(RuleFault(self.path, bad.line, bad.what, bad.next_step))

    def plain(self, node: yaml.Node) -> Any:
        """Plain data; texts, numbers and truth values as YAML's safe subset reads them.

        Raises:
            Bad: the document is too large once its aliases are followed, or a value is of an odd type.
        """
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise Bad(line_of(node), f"has more than {MAX_NODES} values", "write shorter test cases")
        if isinstance(node, yaml.MappingNode):
            return {str(self.plain(key)): self.plain(value) for key, value in node.value}
        if isinstance(node, yaml.SequenceNode):
            return [self.plain(item) for item in node.value]
        constructor = yaml.constructor.SafeConstructor()
        try:
            value = constructor.construct_object(node)
        except yaml.YAMLError as problem:
            raise Bad(line_of(node), f"cannot be read: {getattr(problem, 'problem', problem)}") from None
        return value if value is None or isinstance(value, (str, int, float, bool)) else str(node.value)


def line_of(node: yaml.Node) -> int:
    """The line of a node, from 1."""
    return int(node.start_mark.line) + 1


def each_of(
    node: yaml.Node | None, name: str, reader: Reader, read: Callable[[yaml.Node, Reader], Made]
) -> Iterator[Made]:
    """Read the elements of a list; one that cannot be used becomes a fault."""
    if node is None or (isinstance(node, yaml.ScalarNode) and not node.value):
        return
    if not isinstance(node, yaml.SequenceNode):
        raise Bad(line_of(node), f"{name} is no list", f"write `{name}:` and below it lines with `- `")
    for item in node.value:
        try:
            yield read(item, reader)
        except Bad as bad:
            reader.fault(bad)


def entries_of(node: yaml.Node, known: frozenset[str], what: str) -> dict[str, yaml.Node]:
    """The fields of a map, of which only some are known.

    Raises:
        Bad: it is no map, or has a field twice or one that is not known.
    """
    if not isinstance(node, yaml.MappingNode):
        raise Bad(line_of(node), f"{what} is no map of {', '.join(sorted(known))}")
    out: dict[str, yaml.Node] = {}
    for key, value in node.value:
        if key.value not in known:
            raise Bad(
                line_of(key), f"{what} has no field {key.value!r}", f"it has {', '.join(sorted(known))}"
            )
        if key.value in out:
            raise Bad(line_of(key), f"{what} has {key.value!r} twice")
        out[key.value] = value
    return out


def text_of(entries: dict[str, yaml.Node], name: str, node: yaml.Node, what: str) -> str:
    """A field that must be a text with something in it.

    Raises:
        Bad: it is not.
    """
    found = entries.get(name)
    if not isinstance(found, yaml.ScalarNode) or not found.value.strip():
        raise Bad(line_of(found or node), f"{what} needs {name!r}, a text")
    return str(found.value).strip()
