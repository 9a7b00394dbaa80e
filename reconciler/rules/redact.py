"""Redaction: the last step before anything is shown. Credentials become `Redacted`, everything else stays.

A `Redacted` compares by a keyed digest, so that two secrets show as different without being shown. It
hides each leaf by itself, so that the shape of a document, and with it every path, stays.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from reconciler.model.changes import ABSENT, Change, ChangeKind, KeyPath, KeyStep, Redacted
from reconciler.rules.canonical import canonical
from reconciler.rules.credentials import (
    ANNOTATIONS_WITH_COPIES,
    KIND_PATHS,
    MAPS_BY_NAME,
    AnyPath,
    any_element,
    beside,
    has_userinfo,
    hidden_in_keystore,
    is_container_name,
    is_keystore,
    is_reference,
    names_credential,
    on_kind_path,
    secret_places,
)
from reconciler.rules.normalise import Normalised


def redact_body(body: dict[str, Any], kind: str, key: bytes) -> dict[str, Any]:
    """Copy a document with its credentials redacted.

    Args:
        body: a raw or a normalised object; it is not changed. A normalised one stays one.
        kind: its kind.
        key: this machine's digest key.
    """
    shown: dict[str, Any] = _Redactor(kind, key).shown(body, ())
    return body.with_content(shown) if isinstance(body, Normalised) else shown


def redact_pair(
    left: dict[str, Any], right: dict[str, Any], kind: str, key: bytes
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Copy two sides of one resource with their credentials redacted, each by what both tell.

    Where one side takes a field from a Secret (``[[ secret `name/key` ]]``), the other side's text there is
    a credential whatever the field is called. Elements of lists are not told apart for this.

    Args:
        left, right: raw or normalised objects; they are not changed.
        kind: their kind.
        key: this machine's digest key.
    """
    places = frozenset({*secret_places(left), *secret_places(right)})
    redactor = _Redactor(kind, key, places)
    shown = (redactor.shown(left, ()), redactor.shown(right, ()))
    return tuple(  # type: ignore[return-value]
        side.with_content(copy) if isinstance(side, Normalised) else copy
        for side, copy in zip((left, right), shown, strict=True)
    )


class Shown(tuple[Change, ...]):
    """Changes that are safe to show: redacted once, they need no second look."""

    __slots__ = ()


def redact_changes(changes: Iterable[Change], kind: str, key: bytes) -> Shown:
    """Redact the values of changes; those of `judge`, which are `Shown`, stay as they are.

    A single change does not show what stands beside its leaf. So every `value` of a list's element (a
    property, a header) is hidden here; `judge` redacts with the whole document in view and hides less.
    """
    if isinstance(changes, Shown):
        return changes
    redactor = _Redactor(kind, key)
    return Shown(redactor.change(change) for change in changes)


def redacted(value: Any, key: bytes) -> Redacted:
    """What stands for a value: equal for equal values under one key, and nothing else of it."""
    return Redacted(hashlib.blake2b(canonical(value), key=key, digest_size=16).digest())


class _Redactor:
    """Hides the credentials of one kind under one key."""

    __slots__ = ("_key", "_kind", "_places", "_with_paths")

    def __init__(self, kind: str, key: bytes, places: frozenset[AnyPath] = frozenset()) -> None:
        self._kind = kind
        self._places = places
        self._key = key
        self._with_paths = kind in KIND_PATHS

    def __contains__(self, path: KeyPath) -> bool:
        """Whether one of the sides takes what stands at this path from a Secret."""
        return bool(self._places) and any_element(path) in self._places

    def change(self, change: Change) -> Change:
        """One change with its values redacted."""
        if change.kind is ChangeKind.MOVED:
            return change
        hidden = self._path_is_hidden(change.path)
        store = any(isinstance(step, str) and is_keystore(step) for step in change.path)
        left, right = (
            side if side is ABSENT else self.shown(side, change.path, hidden=hidden, store=store)
            for side in (change.left, change.right)
        )
        return replace(change, left=left, right=right)

    def shown(self, value: Any, path: KeyPath, *, hidden: bool = False, store: bool = False) -> Any:
        """A value with its credentials redacted.

        Args:
            value: what stands at the path.
            path: where, from the root of the document.
            hidden: redact every leaf of it.
            store: it stands inside a key store.
        """
        if isinstance(value, dict):
            return {
                name: self.shown(
                    item,
                    (*path, name),
                    hidden=hidden or self._hides(value, name, item, path, store) or (*path, name) in self,
                    store=store or is_keystore(str(name)),
                )
                for name, item in value.items()
            }
        if isinstance(value, list):
            hidden = hidden or ((*path, 0) in self)
            return [
                self.shown(item, (*path, at), hidden=hidden, store=store) for at, item in enumerate(value)
            ]
        if hidden:
            open_to_all = value is None or isinstance(value, (bool, Redacted)) or is_reference(value)
            return value if open_to_all else self._redacted(value)
        return self._redacted(value) if path and has_userinfo(path, value) else value

    def _hides(self, siblings: dict[str, Any], name: object, item: Any, path: KeyPath, store: bool) -> bool:
        """Whether a field is a credential by itself: the fields above it did not hide it."""
        if not isinstance(name, str):
            return False
        if (self._with_paths and on_kind_path(self._kind, (*path, name))) or beside(siblings, name):
            return True
        if store and hidden_in_keystore(name):
            return True
        if name in ANNOTATIONS_WITH_COPIES:
            return True
        if path and path[-1] in MAPS_BY_NAME:
            return False
        return is_container_name(name) if isinstance(item, (dict, list)) else names_credential(name)

    def _path_is_hidden(self, path: KeyPath) -> bool:
        """Whether a change at this path is hidden, by what its path alone says."""
        if on_kind_path(self._kind, path):
            return True
        store = False
        for at, step in enumerate(path):
            given = isinstance(step, (int, KeyStep)) or (at > 0 and path[at - 1] in MAPS_BY_NAME)
            if given or not isinstance(step, str):
                continue
            last = at == len(path) - 1
            if (names_credential(step) if last else is_container_name(step)) or (
                store and hidden_in_keystore(step)
            ):
                return True
            store = store or is_keystore(step)
        if len(path) > 1 and path[-1] in ("value", "defaultValue") and isinstance(path[-2], (int, KeyStep)):
            return True
        return path[-1] == "resolverParameter" or path[-1] in ANNOTATIONS_WITH_COPIES

    def _redacted(self, value: Any) -> Redacted:
        return redacted(value, self._key)
