"""What a plan is asked for in the terminal, in words and as the command line that asks the same."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reconciler.model.acting import PlanRequest
from reconciler.model.keys import ResourceKey
from reconciler.rules.text import printable


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for a plan.

    Args:
        request: what the engine is asked.
        title: what it is about, safe to print.
        words: the command line that asks the same.
    """

    request: PlanRequest
    title: str
    words: tuple[str, ...]

    def line(self, typed: Iterable[str] = ()) -> str:
        """The command line, with what was typed."""
        confirmed = [word for phrase in typed for word in ("--confirm", phrase)]
        return shlex.join([*self.words, *confirmed])

    @property
    def key(self) -> ResourceKey | None:
        """The resource, where it is one only."""
        keys = self.request.keys
        return next(iter(keys)) if len(keys) == 1 else None


def ask_one(key: ResourceKey) -> Asked:
    """All hops of one resource, until its gateways run it."""
    request = PlanRequest(keys=frozenset({key}), purpose="reconcile", wait=True)
    return Asked(request, printable(key.name), ("gko-tui", "reconcile", str(key)))


def ask_applications(names: Sequence[str]) -> Asked:
    """Applications whole, with what stands beside their resources."""
    words = [word for name in names for word in ("--application", name)]
    request = PlanRequest(applications=frozenset(names))
    return Asked(request, printable(", ".join(names)), ("gko-tui", "sync", *words))


def ask_all() -> Asked:
    """Everything that the configuration names."""
    return Asked(PlanRequest(), "everything", ("gko-tui", "sync"))


def ask_several(keys: Sequence[ResourceKey], title: str, options: Sequence[str] = ()) -> Asked:
    """Several resources.

    Args:
        keys: which ones; one alone is reconciled.
        title: what they are.
        options: those of the command line that select the same; every one is named without them.
    """
    if len(keys) == 1:
        return ask_one(keys[0])
    request = PlanRequest(keys=frozenset(keys))
    return Asked(request, printable(title), ("gko-tui", "sync", *(options or map(str, keys))))


def options_of(kinds: Iterable[str], clusters: Iterable[str], filter_text: str) -> tuple[str, ...]:
    """The options of the command line that select what a table lists.

    Args:
        kinds: only these; none for all.
        clusters: only these; none for all.
        filter_text: the table's filter.
    """
    words = [word for kind in sorted(kinds) for word in ("--kind", kind)]
    words += [word for cluster in sorted(clusters) for word in ("--cluster", cluster)]
    return (*words, *((f"--filter={filter_text}",) if filter_text else ()))
