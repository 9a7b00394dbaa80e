"""Writes the values of a plan as plain JSON data and reads them back; the ground of a plan's id.

Dataclasses become objects without their default fields, so a field added later changes no old id. Redacted
values become numbers that only say which of them are equal: neither value nor digest leaves the process.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from reconciler.model.changes import ABSENT, Change, KeyStep, Redacted, Step

T = TypeVar("T")
_MARKS = frozenset({"$redacted", "$absent", "$plain"})


class DocumentError(Exception):
    """A document cannot be read: where in it, and why."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}" if where else what)


def digest_of(content: object) -> str:
    """The SHA-256 of plain data in one canonical form, in hexadecimal."""
    return hashlib.sha256(written(content)).hexdigest()


def written(content: object, *, indent: bool = False) -> bytes:
    """Write plain data as JSON, keys sorted; `indent` makes it fit for people's eyes and for diffs."""
    separators = (",", ": ") if indent else (",", ":")
    text = json.dumps(content, sort_keys=True, indent=1 if indent else None, separators=separators)
    return text.encode() + (b"\n" if indent else b"")


def parsed(data: bytes) -> dict[str, Any]:
    """Read JSON.

    Raises:
        DocumentError: it is not JSON, or no object.
    """
    try:
        document = json.loads(data.decode())
    except ValueError as error:  # includes bytes that are not UTF-8
        raise DocumentError("", f"is not JSON ({str(error)[:120]})") from error
    if not isinstance(document, dict):
        raise DocumentError("", "is not a JSON object")
    return document


def encoded(value: object) -> object:
    """Turn a dataclass of plans into plain data."""
    return _Encoder().value(value)


def decoded(wanted: type[T], content: object) -> T:
    """Turn plain data back into a dataclass of plans.

    Raises:
        DocumentError: something is missing, unknown or of another type.
    """
    made: T = _Decoder().value(wanted, content, "")
    return made


# --- writing -------------------------------------------------------------------------------------


class _Encoder:
    """Writes one document; it numbers the redacted values it meets."""

    def __init__(self) -> None:
        self._redacted: dict[Redacted, int] = {}

    def value(self, value: object) -> object:
        """One value of a field, by what it is."""
        if isinstance(value, Change):
            return self._change(value)
        if is_dataclass(value) and not isinstance(value, type):
            return {
                one.name: self.value(getattr(value, one.name))
                for one in fields(value)
                if not _is_default(one, getattr(value, one.name))
            }
        if isinstance(value, Enum):
            return value.value
        if isinstance(value, tuple):
            return [_step(item) if isinstance(item, KeyStep) else self.value(item) for item in value]
        return value

    def _change(self, change: Change) -> dict[str, object]:
        out: dict[str, object] = {
            "path": [_step(step) for step in change.path],
            "kind": change.kind.value,
            "left": self._shown(change.left),
            "right": self._shown(change.right),
            "origin": change.origin.value,
        }
        if change.manager is not None:
            out["manager"] = change.manager
        if change.at is not None:
            out["at"] = change.at
        return out

    def _shown(self, value: object) -> object:
        if value is ABSENT:
            return {"$absent": True}
        if isinstance(value, Redacted):
            return {"$redacted": self._redacted.setdefault(value, len(self._redacted) + 1)}
        if isinstance(value, dict):
            made = {str(name): self._shown(item) for name, item in value.items()}
            return {"$plain": made} if len(made) == 1 and not _MARKS.isdisjoint(made) else made
        if isinstance(value, (list, tuple)):
            return [self._shown(item) for item in value]
        return _leaf(value)


def _leaf(value: object) -> object:
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, str):
        # Marked text: something resolved it from a Secret. Whoever made the change should have hidden it.
        return {"$redacted": 0}
    return str(value)


def _step(step: Step) -> object:
    return {"key": str(step)} if isinstance(step, KeyStep) else step


def _is_default(one: Field[Any], value: object) -> bool:
    return one.default is not MISSING and type(one.default) is type(value) and one.default == value


# --- reading -------------------------------------------------------------------------------------


class _Decoder:
    """Reads one document."""

    def value(self, wanted: Any, content: object, where: str) -> Any:
        """One value, by the type of its field."""
        if isinstance(wanted, type):
            return self._instance(wanted, content, where)
        if get_origin(wanted) is tuple:
            return self._tuple(wanted, content, where)
        kinds = get_args(wanted)
        if kinds == get_args(Step):
            return _path_step(content, where)
        if content is None:
            return None
        return self.value(next(kind for kind in kinds if kind is not type(None)), content, where)

    def _instance(self, wanted: type[Any], content: object, where: str) -> Any:
        if wanted is Change:
            return self._change(content, where)
        if is_dataclass(wanted):
            return self._dataclass(wanted, content, where)
        if issubclass(wanted, Enum):
            return _member(wanted, content, where)
        if issubclass(wanted, tuple) and hasattr(wanted, "_fields"):
            parts = _list(content, where, len(wanted._fields))
            return wanted(*(_plain(str, part, where) for part in parts))
        return _plain(wanted, content, where)

    def _dataclass(self, wanted: type[Any], content: object, where: str) -> Any:
        given = _object(content, where)
        hints = _hints(wanted)
        for name in given:
            if name not in hints:
                raise DocumentError(f"{where}.{name}", "is not known here")
        for one in fields(wanted):
            if one.name not in given and one.default is MISSING:
                raise DocumentError(where, f"lacks `{one.name}`")
        return wanted(
            **{name: self.value(hints[name], item, f"{where}.{name}") for name, item in given.items()}
        )

    def _tuple(self, wanted: Any, content: object, where: str) -> tuple[Any, ...]:
        kinds = get_args(wanted)
        if len(kinds) == 2 and kinds[1] is Ellipsis:
            return tuple(
                self.value(kinds[0], item, f"{where}[{at}]") for at, item in enumerate(_list(content, where))
            )
        items = _list(content, where, len(kinds))
        return tuple(self.value(kind, item, where) for kind, item in zip(kinds, items, strict=True))

    def _change(self, content: object, where: str) -> Change:
        given = _object(content, where)
        try:
            at = given.get("at")
            return Change(
                path=tuple(_path_step(step, where) for step in _list(given["path"], where)),
                kind=_member(_hints(Change)["kind"], given["kind"], where),
                left=self._shown(given["left"]),
                right=self._shown(given["right"]),
                origin=_member(_hints(Change)["origin"], given["origin"], where),
                manager=given.get("manager"),
                at=float(at) if at is not None else None,
            )
        except (KeyError, TypeError) as error:
            raise DocumentError(where, "is not a change") from error

    def _shown(self, content: object) -> object:
        if isinstance(content, list):
            return [self._shown(item) for item in content]
        if not isinstance(content, dict):
            return content
        if len(content) == 1 and "$absent" in content:
            return ABSENT
        if len(content) == 1 and "$redacted" in content:
            return Redacted(str(content["$redacted"]).encode())
        inner = content["$plain"] if len(content) == 1 and "$plain" in content else content
        return {name: self._shown(item) for name, item in inner.items()}


_known_hints: dict[object, dict[str, Any]] = {}


def _hints(wanted: Any) -> dict[str, Any]:
    """The types of a dataclass's fields; working them out takes longer than reading a step."""
    found = _known_hints.get(wanted)
    if found is None:
        found = _known_hints[wanted] = get_type_hints(wanted)
    return found


def _object(content: object, where: str) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise DocumentError(where, "is not an object")
    return content


def _list(content: object, where: str, length: int | None = None) -> list[Any]:
    if not isinstance(content, list) or (length is not None and len(content) != length):
        raise DocumentError(where, "is not a list" + (f" of {length}" if length is not None else ""))
    return content


def _member(wanted: Any, content: object, where: str) -> Any:
    try:
        return wanted(content)
    except ValueError as error:
        raise DocumentError(where, f"is {str(content)[:40]!r}, which is not known here") from error


def _path_step(content: object, where: str) -> Step:
    if isinstance(content, dict):
        return KeyStep(_plain(str, content.get("key"), where))
    if isinstance(content, str) or type(content) is int:
        return content
    raise DocumentError(where, "is not a step of a path")


def _plain(wanted: Any, content: object, where: str) -> Any:
    if wanted is float and type(content) is int:
        return float(content)
    if type(content) is not wanted:
        raise DocumentError(where, f"is not of the type {getattr(wanted, '__name__', wanted)}")
    return content
