"""The form in which a kind states what is special to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.model.changes import Change
from reconciler.rules.lists import ListRule

Fields = dict[str, Any]
"""The comparable part of an object without metadata: `{"spec": …}`."""


@dataclass(frozen=True, slots=True)
class NamedRule:
    """A step of normalisation of its own; `apply` returns its argument where it has nothing to do.

    It must be idempotent, and must copy what it changes: documents share parts with schema and input.
    """

    name: str
    apply: Callable[[Fields], Fields]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A difference that a known writer makes by itself, so that it is not drift.

    `explains` is asked with the change and with the left side's fields.
    """

    name: str
    explains: Callable[[Change, Fields], bool]


@dataclass(frozen=True, slots=True)
class KindRules:
    """Everything special to one kind.

    `lists` and `empty_is_absent` are path patterns (see `reconciler.rules.lists`).
    """

    kind: str
    lists: Mapping[str, ListRule] = field(default_factory=dict)
    empty_is_absent: tuple[str, ...] = ()
    rules: tuple[NamedRule, ...] = ()
    explanations: tuple[Explanation, ...] = ()
