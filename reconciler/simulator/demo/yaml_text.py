"""Write manifests as people write them.

PyYAML's dumper gives every file the look of a machine (sorted or odd quoting, folded documentation) and
costs a third of the demo's start. This one knows just the shapes that manifests have: maps, lists,
strings, numbers, booleans.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

_WORD = re.compile(r"[A-Za-z_/][\w ./@+-]*(?<! )")
_PLAIN = re.compile(
    r"[A-Za-z_/][\w ./@+,;()'!?&=-]*(?<! )|https?://[\w./:@+-]*[\w/]|[a-z-]+(?:\.[a-z-]+)+:\d+"
)
"""Sentences, paths, URLs and host:port: text that no YAML reader takes for anything else in a block."""
_NOT_TEXT = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
_FLOW_WIDTH = 72


def to_yaml(document: dict[str, Any], *, comment: str = "") -> str:
    """Return one document as block YAML that ends with a newline.

    Args:
        document: maps with string keys, lists, strings, numbers, booleans, None.
        comment: a line to write above it, without its `#`; empty for none.
    """
    lines: list[str] = [f"# {comment}"] if comment else []
    _map(document, 0, lines)
    return "\n".join(lines) + "\n"


def to_yaml_file(documents: Iterable[dict[str, Any]], *, comment: str = "") -> str:
    """Return several documents as one file, divided by `---`."""
    head = f"# {comment}\n" if comment else ""
    return head + "---\n".join(to_yaml(document) for document in documents)


def _map(value: dict[str, Any], indent: int, lines: list[str]) -> None:
    for key, item in value.items():
        _field(f"{' ' * indent}{_scalar(key)}:", item, indent, lines)


def _field(head: str, value: Any, indent: int, lines: list[str]) -> None:
    if isinstance(value, dict) and value:
        lines.append(head)
        _map(value, indent + 2, lines)
    elif isinstance(value, list) and value:
        flow = _flow(value)
        if flow and len(head) + len(flow) < _FLOW_WIDTH:
            lines.append(f"{head} {flow}")
        else:
            lines.append(head)
            _list(value, indent + 2, lines)
    elif isinstance(value, str) and "\n" in value:
        lines.append(f"{head} {'|' if value.endswith(chr(10)) else '|-'}")
        lines += [f"{' ' * (indent + 2)}{line}" if line else "" for line in value.rstrip("\n").split("\n")]
    else:
        lines.append(f"{head} {_scalar(value)}")


def _list(value: list[Any], indent: int, lines: list[str]) -> None:
    for item in value:
        if isinstance(item, dict) and item:
            start = len(lines)
            _map(item, indent + 2, lines)
            lines[start] = f"{' ' * indent}- {lines[start][indent + 2 :]}"
        else:
            lines.append(f"{' ' * indent}- {_scalar(item)}")


def _flow(value: list[Any]) -> str:
    """The list on one line, or nothing where it would not read well there."""
    if not all(isinstance(item, str) and _WORD.fullmatch(item) for item in value):
        return ""
    return f"[{', '.join(_scalar(item) for item in value)}]"


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        if _PLAIN.fullmatch(value) and value.lower() not in _NOT_TEXT:
            return value
        if '"' in value and "'" not in value and value.isprintable():
            return f"'{value}'"
        return json.dumps(value, ensure_ascii=False)
    # JSON's true, false, null, numbers, [] and {} are YAML's, too.
    return json.dumps(value)
