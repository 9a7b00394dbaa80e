"""What Git wants: every rendered document placed on the clusters that its application names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.model.keys import GROUP, ResourceKey
from reconciler.model.rows import GitTrace, Problem

if TYPE_CHECKING:
    from reconciler.git.documents import GitDocument, GitTouch, Rendering
    from reconciler.settings.model import Application

DEFAULT_NAMESPACE = "default"


@dataclass(frozen=True, slots=True)
class Definition:
    """One document that defines a resource, in the application it comes from."""

    application: str
    source: str
    document: GitDocument


@dataclass(frozen=True, slots=True)
class Desired:
    """What Git says of one resource on one cluster.

    More than one definition means that Git contradicts itself (ENGINE §5: never "last wins").
    `broken` names why the newest text cannot be used; the definition is then the last good one.
    """

    definitions: tuple[Definition, ...]
    trace: GitTrace
    broken: str = ""

    @property
    def first(self) -> Definition:
        """The definition that stands for the resource where one has to."""
        return self.definitions[0]


@dataclass(frozen=True, slots=True)
class Rendered:
    """One application as its source renders it now, or why it does not.

    `broken` holds the last good documents of files that cannot be read now, with the reason each.
    """

    application: Application
    rendering: Rendering | None
    touches: Mapping[tuple[str, int], GitTouch] = field(default_factory=dict)
    broken: tuple[tuple[GitDocument, str, GitTouch | None], ...] = ()
    failure: str = ""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What could not be read below its folder."""
        return self.rendering.problems if self.rendering is not None else ()


def place(kind: str, namespace: str | None, name: str, application: Application) -> Iterable[ResourceKey]:
    """The resources that one document means: one for each cluster of its application."""
    where = namespace or application.namespace or DEFAULT_NAMESPACE
    return (ResourceKey(cluster, kind, where, name) for cluster in application.clusters)


def desired_resources(rendered: Iterable[Rendered]) -> dict[ResourceKey, Desired]:
    """Join all applications into one table of what Git wants, by resource.

    Documents of other API groups are read and keyed by their source, and not placed: the four places
    are about group gravitee.io.
    """
    table: dict[ResourceKey, Desired] = {}
    for one in rendered:
        if one.rendering is None:
            continue
        for document in one.rendering.documents:
            touch = one.touches.get((document.path, document.index))
            _add(table, one.application, one.rendering.source, document, touch, broken="")
        for document, reason, touch in one.broken:
            _add(table, one.application, one.rendering.source, document, touch, broken=reason)
    return table


def _add(
    table: dict[ResourceKey, Desired],
    application: Application,
    source: str,
    document: GitDocument,
    touch: GitTouch | None,
    *,
    broken: str,
) -> None:
    if document.key.group != GROUP:
        return
    definition = Definition(application.name, source, document)
    for key in place(document.key.kind, document.key.namespace, document.key.name, application):
        have = table.get(key)
        if have is None:
            table[key] = Desired((definition,), git_trace(source, document, touch), broken)
        elif not broken and have.broken:
            # The resource moved to another file before its old one broke: the readable one counts.
            table[key] = Desired((definition,), git_trace(source, document, touch))
        elif not broken:
            table[key] = Desired((*have.definitions, definition), have.trace)


def git_trace(source: str, document: GitDocument, touch: GitTouch | None) -> GitTrace:
    """Where a document stands and who touched it last, as far as that is known yet."""
    if touch is None:
        return GitTrace(source, document.path, document.line)
    return GitTrace(
        source,
        document.path,
        document.line,
        touch.revision,
        touch.author,
        touch.committed_at,
        touch.subject,
    )
