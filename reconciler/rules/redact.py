"""Redaction: the last step before anything is shown. Credentials become `Redacted`, everything else stays.

A `Redacted` compares by a keyed digest, so that two secrets show as different without being shown. It
hides each leaf by itself, so that the shape of a document, and with it every path, stays.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from reconciler.model.changes import ABSENT, Change, ChangeKind, KeyPath, Redacted
from reconciler.rules.canonical import canonical
from reconciler.rules.credentials import (
    ANNOTATIONS_WITH_COPIES,
    beside,
    has_userinfo,
    in_keystore,
    is_container_name,
    is_reference,
    names_credential,
    on_kind_path,
)
from reconciler.rules.normalise import Normalised


def redact_body(body: dict[str, Any], kind: str, key: bytes) -> dict[str, Any]:
    """Copy a document with its credentials redacted.

    Args:
        body: a raw or a normalised object; it is not changed. A normalised one stays one.
        kind: its kind.
        key: this machine's digest key.
    """
    shown: dict[str, Any] = _Redactor(kind, key).shown(body, (), hidden=False)
    return Normalised(shown, body.kind, body.rules) if isinstance(body, Normalised) else shown


def redact_changes(changes: Iterable[Change], kind: str, key: bytes) -> list[Change]:
    """Redact the values of changes; those that are redacted already stay as they are.

    A single change does not show what stands beside its leaf. So the values of properties are always
    hidden here; `judge` returns changes that were redacted with the whole document in view.
    """
    redactor = _Redactor(kind, key)
    return [redactor.change(change) for change in changes]


class _Redactor:
    """Hides the credentials of one kind under one key."""

    __slots__ = ("_key", "_kind")

    def __init__(self, kind: str, key: bytes) -> None:
        self._kind = kind
        self._key = key

    def change(self, change: Change) -> Change:
        """One change with its values redacted."""
        if change.kind is ChangeKind.MOVED:
            return change
        hidden = self._path_is_hidden(change.path)
        left, right = (
            side if side is ABSENT else self.shown(side, change.path, hidden=hidden)
            for side in (change.left, change.right)
        )
        return replace(change, left=left, right=right)

    def shown(self, value: Any, path: KeyPath, *, hidden: bool) -> Any:
        """A value with its credentials redacted; `hidden` redacts every leaf of it."""
        if isinstance(value, dict):
            return {
                name: self.shown(item, (*path, name), hidden=hidden or self._hides(value, name, item, path))
                for name, item in value.items()
            }
        if isinstance(value, list):
            return [self.shown(item, (*path, at), hidden=hidden) for at, item in enumerate(value)]
        if not hidden:
            named = path and isinstance(path[-1], str) and has_userinfo(path[-1], value)
            return self._redacted(value) if named else value
        return (
            value if value is None or isinstance(value, (bool, Redacted)) else self._unless_reference(value)
        )

    def _hides(self, siblings: dict[str, Any], name: object, item: Any, path: KeyPath) -> bool:
        """Whether a field is a credential by itself: the fields above it did not hide it."""
        if not isinstance(name, str):
            return False
        here = (*path, name)
        if on_kind_path(self._kind, here) or in_keystore(here) or beside(siblings, name):
            return True
        if len(here) == 3 and here[:2] == ("metadata", "annotations"):
            return name in ANNOTATIONS_WITH_COPIES or names_credential(name)
        return is_container_name(name) if isinstance(item, (dict, list)) else names_credential(name)

    def _path_is_hidden(self, path: KeyPath) -> bool:
        if on_kind_path(self._kind, path) or in_keystore(path):
            return True
        for at, step in enumerate(path):
            last = at == len(path) - 1
            if isinstance(step, str) and (names_credential(step) if last else is_container_name(step)):
                return True
        if len(path) > 2 and path[-1] in ("value", "defaultValue"):
            return path[-3] == "properties" or names_credential(str(path[-2]))
        return path[-1:] == ("resolverParameter",) or path[-1:] == tuple(ANNOTATIONS_WITH_COPIES)

    def _redacted(self, value: Any) -> Redacted:
        return Redacted(hashlib.blake2b(canonical(value), key=self._key, digest_size=16).digest())
