"""Observing Git: each source resolved, each application rendered, with who touched what. All of it blocks.

A file that cannot be read does not take its resources out of Git: their last good documents stand in, and
the resources are Failed in Git, not gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from reconciler.engine.desired import Rendered, place
from reconciler.model.errors import GkoError
from reconciler.model.keys import GROUP, ResourceKey

if TYPE_CHECKING:
    from reconciler.git.documents import GitDocument, GitTouch, Rendering
    from reconciler.git.source import GitSource
    from reconciler.settings.model import Application


def render_application(source: GitSource, application: Application, revision: str) -> Rendered:
    """Render one application at a revision, with the last change of each document.

    Args:
        source: its Git source.
        application: folder, rendering, clusters.
        revision: a full 40-hex commit.

    Returns:
        what was rendered; a rendering that fails as a whole is a `Rendered` with its failure.
    """
    try:
        rendering = source.render(
            revision, application.folder, application.render, recursive=application.recursive
        )
    except GkoError as error:
        return Rendered(application, None, failure=error.sentence())
    return Rendered(
        application,
        rendering,
        source.touched_documents(revision, rendering.documents),
        tuple(_broken(source, revision, rendering)),
    )


def _broken(
    source: GitSource, revision: str, rendering: Rendering
) -> Iterable[tuple[GitDocument, str, GitTouch | None]]:
    reasons: dict[str, str] = {}
    for problem in rendering.problems:
        if problem.severity == "error":
            path = problem.where.rpartition(":")[0] or problem.where
            reasons.setdefault(path, f"{problem.where}: {problem.message}")
    if not reasons:
        return
    touches = source.touched(revision, reasons)
    readable = {(document.path, document.key) for document in rendering.documents}
    for path, documents in source.last_good(revision, reasons).items():
        for document in documents:
            if (path, document.key) not in readable:
                yield document, reasons[path], touches.get(path)


def removed_resources(
    source: GitSource, application: Application, revision: str
) -> dict[ResourceKey, GitTouch]:
    """Resources that earlier commits defined below the application's folder, and who took them away.

    Returns:
        resource → the removing commit.
    """
    found: dict[ResourceKey, GitTouch] = {}
    for document, touch in source.removed_documents(revision, application.folder).items():
        if document.group == GROUP:
            for key in place(document.kind, document.namespace, document.name, application):
                found[key] = touch
    return found
