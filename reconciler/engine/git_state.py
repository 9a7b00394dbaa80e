"""Every source and application as last read: what to poll, what was rendered, what could not be.

Sources are refreshed from worker threads, one call at a time for each source.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock
from typing import TYPE_CHECKING

from reconciler.engine.desired import Desired, Rendered, desired_resources
from reconciler.engine.fleet import Fleet
from reconciler.engine.sources import removed_resources, render_application
from reconciler.model.errors import GkoError
from reconciler.model.keys import ResourceKey
from reconciler.model.rows import PlaceState, Problem
from reconciler.model.verdicts import Place

if TYPE_CHECKING:
    from reconciler.git.documents import GitTouch
    from reconciler.git.source import GitSource
    from reconciler.settings.model import Application, Platform


class GitState:
    """What Git says at the moment.

    Args:
        platform: its sources and applications.
        sources: name → opened source.
        fleet: where places and problems are published.
        clock: seconds since the epoch.
    """

    def __init__(
        self, platform: Platform, sources: Mapping[str, GitSource], fleet: Fleet, clock: Callable[[], float]
    ) -> None:
        self._platform = platform
        self._sources = sources
        self._fleet = fleet
        self._clock = clock
        self._locks = {name: Lock() for name in sources}
        self._revisions: dict[str, str] = {}
        self._failures: dict[str, str] = {}
        self._rendered: dict[str, Rendered] = {}
        self._removed: dict[tuple[str, str], dict[ResourceKey, GitTouch]] = {}

    def refresh(self, name: str) -> bool:
        """Ask one source for its head, and render its applications anew if it moved.

        Blocking. A source that cannot be asked keeps what it said last, and says so at its place.

        Returns:
            whether anything that is desired may have changed.
        """
        source = self._sources[name]
        with self._locks[name]:
            failure = ""
            try:
                revision = source.refresh()
            except GkoError as error:
                failure = error.sentence()
                revision = self._revisions.get(name) or source.last_known() or ""
            moved = revision != self._revisions.get(name) or bool(failure) != bool(self._failures.get(name))
            self._revisions[name], self._failures[name] = revision, failure
            if moved:
                for application in self._applications(name):
                    self._render(source, application, revision, failure)
            self._publish(name, revision, failure)
            return moved

    def revision(self, name: str) -> str:
        """The commit at which a source was last read; empty if never."""
        return self._revisions.get(name, "")

    def desired(self) -> dict[ResourceKey, Desired]:
        """What Git wants, by resource."""
        return desired_resources(self._rendered.values())

    def rendered(self, application: str) -> Rendered | None:
        """An application as it was rendered last; None before it was."""
        return self._rendered.get(application)

    def unread(self) -> dict[str, str]:
        """Cluster → why some application there cannot be read at all."""
        found: dict[str, str] = {}
        for application in self._platform.applications:
            rendered = self._rendered.get(application.name)
            if rendered is not None and rendered.rendering is not None:
                continue
            reason = (
                rendered.failure if rendered is not None else f"{application.source} has not been read yet"
            )
            for cluster in application.clusters:
                found.setdefault(cluster, f"application {application.name} cannot be read: {reason}")
        return found

    def removed(self, clusters: set[str]) -> dict[ResourceKey, GitTouch]:
        """What earlier commits defined on these clusters and the present ones do not (walks the history)."""
        found: dict[ResourceKey, GitTouch] = {}
        for application in self._platform.applications:
            revision = self._revisions.get(application.source)
            if not revision or not clusters.intersection(application.clusters):
                continue
            name = (application.name, revision)
            if name not in self._removed:
                source = self._sources[application.source]
                with self._locks[application.source]:
                    self._removed[name] = removed_resources(source, application, revision)
            found.update(self._removed[name])
        return found

    def _applications(self, source: str) -> list[Application]:
        return [one for one in self._platform.applications if one.source == source]

    def _render(self, source: GitSource, application: Application, revision: str, failure: str) -> None:
        if not revision:
            self._rendered[application.name] = Rendered(application, None, failure=failure)
            self._fleet.publish_problems(f"application {application.name}", ())
            return
        rendered = render_application(source, application, revision)
        before = self._rendered.get(application.name)
        if rendered.rendering is None and before is not None and before.rendering is not None:
            # The folder or the tool failed now: what it rendered before stands, with the reason beside it.
            self._fleet.publish_problems(f"application {application.name}", (_unrendered(rendered),))
            return
        self._rendered[application.name] = rendered
        problems = rendered.problems if rendered.rendering is not None else (_unrendered(rendered),)
        self._fleet.publish_problems(f"application {application.name}", problems)
        self._removed = {key: value for key, value in self._removed.items() if key[0] != application.name}

    def _publish(self, name: str, revision: str, failure: str) -> None:
        now = self._clock()
        before = self._fleet.place(Place.GIT, name)
        seen = before.observed_at if failure and before is not None else 0.0 if failure else now
        phase = "failed" if failure else "ready"
        if not failure and any(
            one.rendering is None or not one.rendering.complete
            for one in self._rendered.values()
            if one.application.source == name
        ):
            phase = "partial"
        message = failure or ("some files cannot be read" if phase == "partial" else "")
        self._fleet.publish_place(PlaceState(Place.GIT, name, phase, message, seen, detail=revision))


def _unrendered(rendered: Rendered) -> Problem:
    application = rendered.application
    return Problem(
        Place.GIT,
        application.source,
        application.folder or ".",
        f"application {application.name}: {rendered.failure}",
    )
