"""What came from a Secret or a ConfigMap is never shown: neither what would be sent nor what is held there.

Which places those are only the sent side can tell, so both sides are hidden by its paths.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from reconciler.model.changes import ABSENT, Change, KeyPath, Redacted
from reconciler.rules.apim.templates import FromTemplate
from reconciler.rules.lists import RuleNode, element_keys
from reconciler.rules.normalise import Normalised
from reconciler.rules.redact import Shown, redact_body, redacted
from reconciler.rules.text import document_lines

Places = frozenset[KeyPath]


def secret_places(sent: Normalised) -> Places:
    """Where a document holds what a Secret or ConfigMap gave; in lists without keys, the whole list."""
    return frozenset(_places(sent, sent.rules, ()))


def as_plain(document: Normalised) -> Normalised:
    """A copy whose texts no longer say where they came from: a text is the same wherever it came from."""
    return document.with_content(_plain(document))


def hidden(changes: Shown, places: Places, key: bytes) -> Shown:
    """Changes with the values at these places redacted on both sides."""
    return Shown(_hidden(change, places, key) for change in changes) if places else changes


def shown_lines(document: Normalised | None, places: Places, key: bytes) -> tuple[str, ...]:
    """A document as YAML lines with its credentials and everything at these places redacted."""
    if document is None:
        return ()
    shown = redact_body(document, document.kind, key)
    if places:
        shown = {
            name: _blank(item, document.rules.below(name), (name,), places, key)
            for name, item in shown.items()
        }
    return document_lines(shown)


# ---------------------------------------------------------------------------------------


def _places(value: Any, rules: RuleNode, path: KeyPath) -> Iterator[KeyPath]:
    if isinstance(value, FromTemplate):
        yield path
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _places(item, rules.below(name), (*path, name))
    elif isinstance(value, list):
        names = element_keys(value, rules.listed)
        for at, item in enumerate(value):
            inside = _places(item, rules.below(0), (*path, names[at]) if names else path)
            yield from inside if names else (path for _ in inside)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, FromTemplate) else value


def _hidden(change: Change, places: Places, key: bytes) -> Change:
    path = change.path
    if not any(path[: len(at)] == at or at[: len(path)] == path for at in places):
        return change
    left, right = (side if side is ABSENT else _hide(side, key) for side in (change.left, change.right))
    return replace(change, left=left, right=right)


def _hide(value: object, key: bytes) -> object:
    if isinstance(value, dict):
        return {name: _hide(item, key) for name, item in value.items()}
    if isinstance(value, list):
        return [_hide(item, key) for item in value]
    return value if value is None or isinstance(value, (bool, Redacted)) else redacted(value, key)


def _blank(value: Any, rules: RuleNode, path: KeyPath, places: Places, key: bytes) -> Any:
    if path in places:
        return _hide(value, key)
    if isinstance(value, dict):
        return {
            name: _blank(item, rules.below(name), (*path, name), places, key) for name, item in value.items()
        }
    if isinstance(value, list):
        names = element_keys(value, rules.listed)
        return [
            _blank(item, rules.below(0), (*path, names[at] if names else at), places, key)
            for at, item in enumerate(value)
        ]
    return value
