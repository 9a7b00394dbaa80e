"""From what a person typed to the clusters and resources that it means."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from reconciler.model.errors import UsageError
from reconciler.model.keys import ResourceKey, ResourceSelector


def match_clusters(names: Iterable[str], wanted: Iterable[str]) -> frozenset[str]:
    """The clusters that these names, beginnings or globs mean.

    Raises:
        UsageError: one of them means none.
    """
    known = list(names)
    found: set[str] = set()
    for pattern in wanted:
        hits = [name for name in known if fnmatchcase(name, pattern)] or [
            name for name in known if name.startswith(pattern)
        ]
        if not hits:
            raise UsageError("is not a cluster", subject=pattern, next_step="there are " + ", ".join(known))
        found.update(hits)
    return frozenset(found)


def find_resources(keys: Iterable[ResourceKey], text: str) -> list[ResourceKey]:
    """The resources that a RESOURCE argument means, in order.

    Raises:
        UsageError: it means none, or is not of the form.
    """
    selector = ResourceSelector.parse(text)
    found = sorted(key for key in keys if selector.matches(key))
    if not found:
        raise UsageError("no such resource is known", subject=text, next_step="press / to look for it")
    return found
