"""What is written to, how it is meant, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from reconciler.simulator.kube import answers
from reconciler.simulator.kube.resources import Resource
from reconciler.simulator.kube.storage import object_key


@dataclass(frozen=True, slots=True)
class Target:
    """What is written to: a kind in a version, a place, a name, and perhaps the status door."""

    resource: Resource
    version: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def key(self) -> str:
        """The key of the object in its table."""
        return object_key(self.namespace, self.name)

    def refusal(self, make: Callable[..., answers.Refusal], *more: Any) -> answers.Refusal:
        """Return a refusal about this object."""
        return make(self.resource.group, self.resource.plural, self.name, *more)


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """How a write is meant.

    Attributes:
        manager: the field manager.
        at: when it happens, in seconds since the epoch.
        dry_run: everything but storing it.
        validation: what becomes of unknown fields: `Strict` refuses, `Warn` warns, `Ignore` is silent.
        force: an apply takes fields from others.
        duplicates: paths of fields that the body gave twice.
    """

    manager: str
    at: float
    dry_run: bool = False
    validation: str = "Warn"
    force: bool = False
    duplicates: tuple[str, ...] = ()


@dataclass(slots=True)
class Outcome:
    """What a write led to."""

    body: dict[str, Any]
    created: bool = False
    warnings: list[str] = field(default_factory=list)
