"""One file's bytes to its Kubernetes objects, each with its place, and to problems that say what to do.

A bad document does not hide the good ones beside it, and a bad file never stops a source.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import yaml
from yaml.nodes import MappingNode, ScalarNode, SequenceNode

from reconciler.git.complaints import Complaint, explain
from reconciler.git.compose import Builder, Node, ShapeError, compose, is_anchor_clash, renamed_anchors

PARSER_VERSION: Final = 1
"""Raised whenever the same bytes may give other documents than before: caches are keyed by it."""


@dataclass(frozen=True, slots=True)
class ParseLimits:
    """How much one file may ask for: bytes, values per document after aliases, levels of nesting."""

    max_bytes: int = 16 * 1024 * 1024
    max_nodes: int = 250_000
    max_depth: int = 200


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """One Kubernetes object; lines count from 1 and include both ends."""

    index: int
    line: int
    end_line: int
    body: dict[str, Any]


@dataclass(slots=True)
class Parsed:
    """What one file holds."""

    documents: list[ParsedDocument] = field(default_factory=list)
    problems: list[Complaint] = field(default_factory=list)


def too_large(size: int, limits: ParseLimits) -> Complaint:
    """The complaint about a file that is refused by its size, before it is read."""
    return Complaint(
        1,
        f"the file has {size / 1_000_000:,.0f} MB; at most {limits.max_bytes / 1_000_000:,.0f} MB are read",
        "split the file, or keep it out of the application's folder",
    )


def parse_documents(data: bytes, path: str, *, limits: ParseLimits | None = None) -> Parsed:
    """Read every Kubernetes object in a YAML or JSON file.

    Args:
        data: the file's bytes.
        path: its name; only its ending matters (`.json` follows JSON's rules for text escapes).
        limits: bounds; the defaults if None.

    Returns:
        the objects in order (items of a `kind: List` unfolded) and a complaint for everything that
        could not be read; no error is raised for bad input.
    """
    limits = limits or ParseLimits()
    parsed = Parsed()
    if len(data) > limits.max_bytes:
        parsed.problems.append(too_large(len(data), limits))
        return parsed
    if data.startswith(_LFS_POINTER):
        parsed.problems.append(
            Complaint(1, "is a pointer of Git LFS, not the file itself", "keep manifests out of Git LFS")
        )
        return parsed
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):  # a byte order mark of UTF-16, which YAML allows
        data = data.decode("utf-16", "replace").encode()
    reader = _Reader(data, limits, parsed)
    try:
        reader.read(data, 0)
    except yaml.YAMLError as error:
        if path.endswith(".json") and reader.read_json():
            return parsed
        reader.read_in_parts(error)
    return parsed


_LFS_POINTER: Final = b"version https://git-lfs.github.com/spec/"
_DOCUMENT_START = re.compile(rb"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)


class _Reader:
    def __init__(self, data: bytes, limits: ParseLimits, parsed: Parsed) -> None:
        self._data = data
        self._limits = limits
        self._parsed = parsed
        self._lines: list[bytes] | None = None

    def read(self, data: bytes, line_offset: int) -> None:
        """Add the documents of `data`, which begins `line_offset` lines into the file."""
        done = len(self._parsed.documents), len(self._parsed.problems)
        try:
            self._read(data, line_offset)
        except yaml.YAMLError as error:
            again = renamed_anchors(data) if is_anchor_clash(error) else None
            # What came before the error is read again with the rest, or part by part.
            del self._parsed.documents[done[0] :], self._parsed.problems[done[1] :]
            if again is None:
                raise
            self._read(again, line_offset)

    def _read(self, data: bytes, line_offset: int) -> None:
        limits = self._limits
        try:
            for root in compose(data, max_nodes=limits.max_nodes, max_depth=limits.max_depth):
                self._document(root, line_offset)
        except ShapeError as error:
            self._complain(error.line + line_offset, error.message, error.next_step)

    def read_in_parts(self, error: yaml.YAMLError) -> None:
        """Read each `---` part on its own, so that one that is broken does not hide the others."""
        starts = [match.start() for match in _DOCUMENT_START.finditer(self._data)]
        bounds = [0, *(at for at in starts if at), len(self._data)]
        if len(bounds) == 2:
            self._parsed.problems.append(explain(error, self._data, 0))
            return
        for begin, end in pairwise(bounds):
            part = self._data[begin:end]
            offset = self._data.count(b"\n", 0, begin)
            try:
                self.read(part, offset)
            except yaml.YAMLError as part_error:
                self._parsed.problems.append(explain(part_error, part, offset))

    def read_json(self) -> bool:
        """Read the file as one JSON value; JSON allows escapes (surrogate pairs) that YAML refuses."""
        try:
            body = json.loads(self._data, object_pairs_hook=_without_duplicates)
        except (ValueError, RecursionError):
            return False
        last = self._data.rstrip().count(b"\n") + 1
        for item in _items(body) if _is_list(body) else [body]:
            self._object(item, 1, last)
        return True

    def _document(self, root: Node, line_offset: int) -> None:
        limits = self._limits
        if root.__class__ is ScalarNode and not root.value:
            return
        line, end_line = self._span(root, line_offset)
        if b"\t" in self._data:
            self._warn_of_tabs(root, line_offset)
        try:
            body = Builder(limits.max_nodes, limits.max_depth).build(root)
        except ShapeError as error:
            self._complain(error.line + line_offset, error.message, error.next_step)
            return
        if not _is_list(body):
            self._object(body, line, end_line)
            return
        nodes = _item_nodes(root)
        for position, item in enumerate(_items(body)):
            span = self._span(nodes[position], line_offset) if position < len(nodes) else (line, end_line)
            self._object(item, *span)

    def _object(self, body: Any, line: int, end_line: int) -> None:
        if body is None:
            return
        lacking = _lacking(body)
        if lacking is None:
            index = len(self._parsed.documents)
            self._parsed.documents.append(ParsedDocument(index, line, end_line, body))
        elif lacking.message:
            self._parsed.problems.append(
                Complaint(line, lacking.message, lacking.next_step, lacking.severity)
            )

    def _span(self, node: Node, line_offset: int) -> tuple[int, int]:
        """First and last line of a node, without blank lines, comments and the next `---` behind it."""
        if self._lines is None:
            self._lines = self._data.splitlines()
        first = node.start_mark.line + line_offset
        mark = node.end_mark
        last = mark.line + line_offset
        if last >= len(self._lines) or (last > first and not self._lines[last][: mark.column].strip()):
            last = min(last, len(self._lines)) - 1
        while last > first and self._lines[last].lstrip()[:1] in (b"", b"#"):
            last -= 1
        return first + 1, last + 1

    def _warn_of_tabs(self, root: Node, line_offset: int) -> None:
        """Name values with a tab behind them: kubectl reads them, stricter YAML parsers refuse the file."""
        lines = self._lines or []
        seen: set[int] = set()
        for node in _leaves(root):
            line = node.end_mark.line + line_offset
            text = lines[line] if line < len(lines) else b""
            if node.style in ("|", ">") or line in seen or not text.rstrip(b" ").endswith(b"\t"):
                continue
            if not text.decode("utf-8", "replace")[node.end_mark.column :].strip():
                seen.add(line)
                self._parsed.problems.append(
                    Complaint(
                        line + 1,
                        "a tab stands after the value: kubectl reads it, stricter YAML parsers do not",
                        "delete the tab",
                        "warning",
                    )
                )

    def _complain(self, line: int, message: str, next_step: str) -> None:
        self._parsed.problems.append(Complaint(line, message, next_step))


def _leaves(root: Node) -> Iterator[ScalarNode]:
    """Every scalar written in the document, each once, however often aliases name it."""
    waiting: list[Node] = [root]
    seen: set[int] = set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, ScalarNode):
            yield node
        elif isinstance(node, MappingNode):
            waiting.extend(part for pair in reversed(node.value) for part in reversed(pair))
        else:
            waiting.extend(reversed(node.value))


def _is_list(body: Any) -> bool:
    return (
        isinstance(body, dict)
        and isinstance(kind := body.get("kind"), str)
        and kind.endswith("List")
        and isinstance(body.get("items"), list)
    )


def _items(body: dict[str, Any]) -> list[Any]:
    items: list[Any] = body["items"]
    return items


def _item_nodes(root: Node) -> list[Node]:
    for key, value in root.value:
        if key.value == "items" and value.__class__ is SequenceNode:
            nodes: list[Node] = value.value
            return nodes
    return []


def _without_duplicates(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in pairs:
        if key in out:
            raise ValueError(key)
        out[key] = value
    return out


_OBJECT = Complaint(0, "")


def _lacking(body: Any) -> Complaint | None:
    """None for a Kubernetes object; else what it lacks, with an empty message where nobody meant one."""
    if not isinstance(body, dict):
        kind = "a list" if isinstance(body, list) else "a single value"
        return Complaint(0, f"is {kind}, not a mapping: skipped", "write one object per document", "warning")
    metadata = body.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    found = {"apiVersion": body.get("apiVersion"), "kind": body.get("kind"), "metadata.name": name}
    if all(isinstance(value, str) and value for value in found.values()):
        return _ill_shaped_metadata(metadata)
    if all(value is None for value in found.values()):
        return _OBJECT
    for where, value in found.items():
        if value is not None and not isinstance(value, str):
            return Complaint(0, f"{where} is not text", "quote the value")
    absent = ", ".join(where for where, value in found.items() if not value)
    return Complaint(
        0, f"is not a Kubernetes object: it has no {absent}; skipped", f"add {absent}", "warning"
    )


def _ill_shaped_metadata(metadata: Any) -> Complaint | None:
    namespace = metadata.get("namespace")
    if namespace is not None and not isinstance(namespace, str):
        return Complaint(0, "metadata.namespace is not text", "quote the value")
    for part in ("labels", "annotations"):
        texts = metadata.get(part)
        if texts is None:
            continue
        if not isinstance(texts, dict):
            return Complaint(0, f"metadata.{part} is not a mapping", "write key: value pairs below it")
        for key, value in texts.items():
            if value is not None and not isinstance(value, str):
                return Complaint(0, f"metadata.{part}[{key!r}] is not text", "quote the value")
    return None


def chunks(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The `---` parts of a text with the number of their first line, without blank edges.

    What is equal here is the same document, whatever stands around it.
    """
    starts = [match.start() for match in _DOCUMENT_START.finditer(data)]
    bounds = [0, *(at for at in starts if at), len(data)]
    line = 1
    for begin, end in pairwise(bounds):
        part = data[begin:end]
        yield line, part.removeprefix(b"---").replace(b"\r\n", b"\n").strip()
        line += part.count(b"\n")
