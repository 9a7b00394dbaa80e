"""Paths with wildcards, as people write them in ignore rules: a key path or a JSON pointer.

    spec.plans[gold].tags        metadata.labels["team.example/tier"]      spec.plans.*.flows[*].request
    /spec/plans/gold/tags        /metadata/labels/team.example~1tier       spec.**.enabled

`*` and `?` stand for a part of one step, `**` for any number of steps. A list's element is named by its key,
or by its position where it has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from reconciler.model.changes import KeyPath, KeyStep, Step
from reconciler.rules.lists import NOTHING, RuleNode, element_keys

_TOKEN = re.compile(
    r"""\[\s*"(?P<quoted>(?:[^"\\]|\\.)*)"\s*\]   # ["a name with dots"]
      | \[(?P<element>[^\]"]+)\]                   # [key] or [*]
      | (?:^|\.)(?P<field>[^.\[\]"]+)              # .field
    """,
    re.VERBOSE | re.DOTALL,
)

_PLAIN_FIELD = re.compile(r"[A-Za-z0-9_-]+")
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_./: -]*[A-Za-z0-9_./:-]")


@dataclass(frozen=True, slots=True)
class Part:
    """One step of a pattern: a text, with wildcards in it unless it was quoted."""

    text: str
    glob: bool = False

    @property
    def deep(self) -> bool:
        """Whether it stands for any number of steps."""
        return self.glob and self.text == "**"

    def matches(self, step: Step) -> bool:
        """Whether it stands for this step."""
        return fnmatchcase(str(step), self.text) if self.glob else str(step) == self.text


Pattern = tuple[Part, ...]


def parse_pattern(text: str) -> Pattern:
    """Read a key path, or a JSON pointer if it starts with a slash.

    Raises:
        ValueError: it is of neither form; the message says where it stops being one.
    """
    if text.startswith("/"):
        return tuple(_pointer_part(part) for part in text[1:].split("/"))
    parts: list[Part] = []
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None or (at > 0 and found["field"] is not None and text[at] != "."):
            raise ValueError(f"cannot be read from {text[at:]!r} on")
        if found["quoted"] is not None:
            parts.append(Part(re.sub(r"\\(.)", r"\1", found["quoted"], flags=re.DOTALL)))
        else:
            parts.append(_part(found["element"] or found["field"]))
        at = found.end()
    if not parts:
        raise ValueError("is empty")
    return tuple(parts)


def pattern_text(path: KeyPath) -> str:
    """Write a path as a pattern that names it and nothing beside it: what "ignore this field" puts down."""
    out: list[str] = []
    for step in path:
        if isinstance(step, int) or (isinstance(step, KeyStep) and _PLAIN_KEY.fullmatch(step)):
            out.append(f"[{step}]")
        elif not isinstance(step, KeyStep) and _PLAIN_FIELD.fullmatch(step):
            out.append(f".{step}" if out else step)
        else:
            out.append('["' + step.replace("\\", "\\\\").replace('"', '\\"') + '"]')
    return "".join(out)


def _part(text: str) -> Part:
    return Part(text, glob="*" in text or "?" in text)


def _pointer_part(text: str) -> Part:
    if re.search(r"~(?![01])", text):
        raise ValueError(f"has a ~ in {text!r} that is neither ~0 nor ~1")
    return _part(text.replace("~1", "/").replace("~0", "~"))


def covers(pattern: Pattern, path: KeyPath) -> bool:
    """Whether a path is what the pattern names, or lies below it."""
    if not pattern:
        return True
    first = pattern[0]
    if first.deep:
        return any(covers(pattern[1:], path[at:]) for at in range(len(path) + 1)) and bool(path)
    return bool(path) and first.matches(path[0]) and covers(pattern[1:], path[1:])


def without(node: Any, pattern: Pattern, rules: RuleNode = NOTHING) -> Any:
    """A document without everything that the pattern names; the same object where there is nothing.

    Args:
        node: plain data; it is not changed.
        pattern: what to leave out, seen from the node.
        rules: how the lists below the node are told apart.
    """
    if not pattern:
        return node
    if isinstance(node, dict):
        return _object_without(node, pattern, rules)
    return _list_without(node, pattern, rules) if isinstance(node, list) else node


def _object_without(node: dict[str, Any], pattern: Pattern, rules: RuleNode) -> dict[str, Any]:
    out: dict[str, Any] = {}
    changed = False
    for name, item in node.items():
        kept, stays = _kept(str(name), item, pattern, rules.below(str(name)))
        changed = changed or not stays or kept is not item
        if stays:
            out[name] = kept
    return out if changed else node


def _list_without(node: list[Any], pattern: Pattern, rules: RuleNode) -> list[Any]:
    out: list[Any] = []
    changed = False
    for step, item in zip(_steps(node, rules), node, strict=True):
        kept, stays = _kept(step, item, pattern, rules.each or NOTHING)
        changed = changed or not stays or kept is not item
        if stays:
            out.append(kept)
    return out if changed else node


def _steps(node: list[Any], rules: RuleNode) -> Iterator[Step]:
    rule = rules.listed
    keys = None if rule is None or rule.hidden else element_keys(node, rule)
    if keys is None and rule is not None and not rule.keys and all(isinstance(item, str) for item in node):
        yield from node
    else:
        yield from keys if keys is not None else range(len(node))


def _kept(step: Step, item: Any, pattern: Pattern, rules: RuleNode) -> tuple[Any, bool]:
    """What stays of one branch, and whether anything does."""
    first, rest = pattern[0], pattern[1:]
    if first.deep:
        if not rest:
            return None, False
        item, stays = _kept(step, item, rest, rules)  # `**` stands for nothing here
        return (without(item, pattern, rules), True) if stays else (None, False)
    if not first.matches(step):
        return item, True
    return (without(item, rest, rules), True) if rest else (None, False)
