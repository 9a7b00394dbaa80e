"""YAML text to plain data through libyaml's node graph, within bounds, remembering where things stand.

Composing nodes in C and reading them here is twice as fast as PyYAML's own constructors, and it is the
place where duplicate keys, alias bombs and merge keys can be seen.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Iterator
from typing import Any, Final

from yaml._yaml import CParser
from yaml.composer import ComposerError
from yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, NodeEvent, StreamEndEvent
from yaml.nodes import MappingNode, ScalarNode, SequenceNode

from reconciler.git.scalars import HINTS, ScalarError, key_text, plain, resolved, tagged

Node = Any
"""A node of libyaml's graph: `_NodeParser` puts pairs where PyYAML's types want tags, so they do not fit."""
_SCALAR: Any = ScalarNode
_MERGE: Final = "tag:yaml.org,2002:merge"
_SEPARATORS: Final = (b",", b":", b"-", b"[", b"{", b"?", b"\n", b"\r")
_DEEP_BLOCK: Final = re.compile(rb"^[ \-?\t:]{%d}" % 150, re.MULTILINE)


class ShapeError(Exception):
    """A document is well-formed YAML and yet not usable; `line` counts from 1."""

    def __init__(self, line: int, message: str, next_step: str = "") -> None:
        super().__init__(message)
        self.line, self.message, self.next_step = line, message, next_step


class _NodeParser(CParser):
    """libyaml's composer without Python's tag resolution: implicit tags stay the pair (plain, quoted).

    The three hooks are called for every node; builtins that ignore their arguments cost the least.
    """

    descend_resolver = operator.is_
    ascend_resolver = tuple
    resolve = staticmethod(lambda _kind, _value, implicit: implicit)


def compose(data: bytes, *, max_nodes: int, max_depth: int) -> Iterator[Node]:
    """Yield the root node of each document.

    Raises:
        yaml.YAMLError: the text is not YAML; documents before the error were yielded.
        ShapeError: more nodes or levels than allowed.
    """
    _survey(data, max_nodes, max_depth)
    parser = _NodeParser(data)
    try:
        while parser.check_node():
            yield parser.get_node()
    finally:
        parser.dispose()


def _survey(data: bytes, max_nodes: int, max_depth: int) -> None:
    """Refuse text that would make too many nodes, or nest so deeply that C's stack overflows.

    Every node needs a separator, every level a bracket or a column: counting those is nearly free, and
    only text that exceeds the cheap bound is scanned event by event.
    """
    few = sum(map(data.count, _SEPARATORS)) < max_nodes
    flat = data.count(b"[") + data.count(b"{") < max_depth and not _DEEP_BLOCK.search(data)
    if few and flat:
        return
    parser = CParser(data)
    depth = nodes = 0
    try:
        while not isinstance(event := _next_event(parser), StreamEndEvent):
            if isinstance(event, CollectionStartEvent):
                depth += 1
            elif isinstance(event, CollectionEndEvent):
                depth -= 1
            nodes = nodes + 1 if depth and isinstance(event, NodeEvent) else nodes
            line = event.start_mark.line + 1 if depth > max_depth or nodes > max_nodes else 0
            if depth > max_depth:
                raise ShapeError(line, f"is nested deeper than {max_depth} levels", "flatten it")
            if nodes > max_nodes:
                raise ShapeError(line, f"has more than {max_nodes:,} values", "split the file")
    finally:
        parser.dispose()


def _next_event(parser: CParser) -> Any:
    return parser.get_event()


def renamed_anchors(data: bytes) -> bytes | None:
    """The text with every anchor defined once, or None where nothing had to change.

    YAML lets a later anchor take over a name; libyaml's composer refuses that, Kubernetes' tools do not.
    """
    parser = CParser(data)
    text = data.decode("utf-8", "surrogateescape")
    cuts: list[tuple[int, str, str]] = []
    current: dict[str, str] = {}
    try:
        while not isinstance(event := _next_event(parser), StreamEndEvent):
            anchor = getattr(event, "anchor", None)
            if anchor is None:
                continue
            if not isinstance(event, AliasEvent):
                current[anchor] = f"{anchor}-{len(cuts)}"
            mark = "*" if isinstance(event, AliasEvent) else "&"
            at = text.find(mark + anchor, event.start_mark.index)
            if at < 0 or anchor not in current:
                return None
            cuts.append((at + 1, anchor, current[anchor]))
    finally:
        parser.dispose()
    for at, old, new in reversed(cuts):
        text = text[:at] + new + text[at + len(old) :]
    return text.encode("utf-8", "surrogateescape") if cuts else None


class Builder:
    """Reads one document's nodes into plain data, as sigs.k8s.io/yaml does.

    Args:
        max_nodes: how many values one document may have after its aliases are written out.
        max_depth: how deeply they may nest.
    """

    def __init__(self, max_nodes: int, max_depth: int) -> None:
        self._budget = max_nodes
        self._max_depth = max_depth

    def build(self, node: Node, depth: int = 0) -> Any:
        """The value of a node.

        Raises:
            ShapeError: a duplicate key, a bad tag, a bomb of aliases.
        """
        kind = node.__class__
        if kind is _SCALAR:
            text, tag = node.value, node.tag
            if tag.__class__ is tuple:
                return self._plain(node) if tag[0] and text[:1] in _HINTED else text
            return self._tagged(node)
        if depth >= self._max_depth:
            raise _too_deep(node)
        return self._mapping(node, depth + 1) if kind is MappingNode else self._sequence(node, depth + 1)

    def _plain(self, node: Node) -> Any:
        value = plain(node.value)
        if value.__class__ is float and not math.isfinite(value):
            raise ShapeError(
                node.start_mark.line + 1,
                f"{node.value} is no number that Kubernetes can take",
                "quote it if text is meant",
            )
        return value

    def _spend(self, node: Node) -> None:
        self._budget -= len(node.value) + 1
        if self._budget < 0:
            raise ShapeError(
                node.start_mark.line + 1,
                "grows beyond the limit when its aliases (*) are written out",
                "write the values out, or use fewer aliases",
            )

    def _sequence(self, node: Node, depth: int) -> list[Any]:
        self._spend(node)
        build = self.build
        return [build(item, depth) for item in node.value]

    def _mapping(self, node: Node, depth: int) -> dict[str, Any]:
        self._spend(node)
        build = self.build
        out: dict[str, Any] = {}
        merged: set[str] = set()
        pairs: list[tuple[Any, Any]] = node.value
        for key_node, value_node in pairs:
            key = key_node.value
            if key_node.__class__ is _SCALAR and key_node.tag.__class__ is tuple:
                if key_node.tag[0]:
                    if key[:1] in _HINTED:
                        key = _key(key_node, resolved(key))
                    elif key == "<<":
                        merged.update(self._merge(out, key_node, value_node, depth))
                        continue
            elif key_node.tag == _MERGE and key == "<<":
                merged.update(self._merge(out, key_node, value_node, depth))
                continue
            else:
                key = _key(key_node, self._key_value(key_node, depth))
            if key in out and key not in merged:
                raise ShapeError(
                    key_node.start_mark.line + 1,
                    f"the key {key!r} is written twice in one mapping",
                    "keep one of the two",
                )
            merged.discard(key)
            out[key] = build(value_node, depth)
        return out

    def _key_value(self, node: Node, depth: int) -> Any:
        return self._tagged(node) if node.__class__ is _SCALAR else self.build(node, depth)

    def _merge(self, out: dict[str, Any], key_node: Node, value: Node, depth: int) -> list[str]:
        """Merge what `<<` names into `out`; return the keys that came.

        As in the Go library, order decides: a merge replaces what was written before it.
        """
        sources = value.value if value.__class__ is SequenceNode else [value]
        came: list[str] = []
        for source in reversed(sources):  # the first of a list wins
            if source.__class__ is not MappingNode:
                raise ShapeError(
                    key_node.start_mark.line + 1,
                    "the merge key << takes a mapping or a list of mappings",
                    "name an anchored mapping after it",
                )
            if depth >= self._max_depth:
                raise _too_deep(source)
            mapping = self._mapping(source, depth + 1)
            out.update(mapping)
            came.extend(mapping)
        return came

    def _tagged(self, node: Node) -> Any:
        try:
            return tagged(node.tag, node.value)
        except ScalarError as error:
            raise ShapeError(
                node.start_mark.line + 1, f"a value {error}", "correct the tag or the value"
            ) from None


_HINTED: Final = HINTS | {""}


def _key(node: Node, value: object) -> str:
    try:
        return key_text(value)
    except ScalarError as error:
        raise ShapeError(
            node.start_mark.line + 1, str(error), "quote the key; {{ }} needs quotes too"
        ) from None


def _too_deep(node: Node) -> ShapeError:
    return ShapeError(
        node.start_mark.line + 1,
        "an alias (*) stands inside the value it names, or the nesting is too deep",
        "write the value out",
    )


def is_anchor_clash(error: Exception) -> bool:
    """Whether composing failed only because an anchor's name was used again."""
    return isinstance(error, ComposerError) and "duplicate anchor" in str(error)
