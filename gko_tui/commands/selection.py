"""Which resources were asked for, and what to say when there are none of that name."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from gko_tui.view.filtering import NO_FILTER, RowFilter, parse_filter
from reconciler.model.errors import GkoError
from reconciler.model.keys import LabelSelector, ResourceKey, ResourceSelector, same_kind
from reconciler.model.rows import Row
from reconciler.settings.nearest import known_names, nearest

if TYPE_CHECKING:
    from reconciler.settings.model import Platform


class NothingSelected(GkoError):
    """A selector matches nothing."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The parsed selectors of one command line; an empty part selects everything."""

    resources: tuple[tuple[str, ResourceSelector], ...] = ()
    clusters: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    applications: tuple[str, ...] = ()
    labels: LabelSelector | None = None
    control_planes: tuple[str, ...] = ()
    filter: RowFilter = NO_FILTER

    @classmethod
    def parse(cls, arguments: argparse.Namespace) -> Selection:
        """Read the selectors of a command line.

        Raises:
            UsageError: one is not of its form.
        """
        texts: Sequence[str] = getattr(arguments, "resources", None) or ()
        return cls(
            resources=tuple((text, ResourceSelector.parse(text)) for text in texts),
            clusters=_listed(arguments.cluster),
            namespaces=_listed(arguments.namespace),
            kinds=_listed(arguments.kind),
            applications=_listed(arguments.application),
            labels=LabelSelector.parse(arguments.selector) if arguments.selector else None,
            control_planes=_listed(arguments.control_plane),
            filter=parse_filter(arguments.filter or ""),
        )

    @property
    def everything(self) -> bool:
        """Nothing was selected, so everything is."""
        return self == Selection()

    def narrow(self, platform: Platform) -> Platform:
        """The platform without the clusters that were not asked for, and what only they lead to.

        Raises:
            NothingSelected: no cluster has such a name.
        """
        known = [cluster.name for cluster in platform.clusters]
        for pattern in self.clusters:
            if not any(fnmatchcase(name, pattern) for name in known):
                raise NothingSelected(
                    "no cluster is called that",
                    subject=f"--cluster {pattern}",
                    next_step=known_names(pattern, known, "clusters"),
                )
        asked = {name for name in known if _any(self.clusters, name)}
        named = [selector.cluster for _, selector in self.resources]
        if named and None not in named:
            inside = {name for name in asked if any(fnmatchcase(name, str(one)) for one in named)}
            asked = inside or asked
        if asked == set(known):
            return platform
        applications = tuple(
            application.model_copy(update={"clusters": left})
            for application in platform.applications
            if (left := tuple(name for name in application.clusters if name in asked))
        )
        sources = {application.source for application in applications}
        planes = tuple(
            plane for plane in platform.control_planes if not plane.clusters or asked & {*plane.clusters}
        )
        left_out = {plane.name for plane in platform.control_planes} - {plane.name for plane in planes}
        return platform.model_copy(
            update={
                "clusters": tuple(cluster for cluster in platform.clusters if cluster.name in asked),
                "applications": applications,
                "sources": tuple(source for source in platform.sources if source.name in sources),
                "control_planes": planes,
                "gateways": tuple(
                    gateway
                    for gateway in platform.gateways
                    if (gateway.cluster is None or gateway.cluster in asked)
                    and gateway.control_plane not in left_out
                ),
            }
        )

    @property
    def names_keys(self) -> bool:
        """Whether the names of resources alone leave some of them out."""
        return bool(self.resources or self.namespaces or self.kinds)

    def wants(self, key: ResourceKey) -> bool:
        """Whether a resource may be asked for, by its name alone."""
        return (
            (not self.resources or any(selector.matches(key) for _, selector in self.resources))
            and _any(self.clusters, key.cluster)
            and _any(self.namespaces, key.namespace)
            and (not self.kinds or any(same_kind(kind, key.kind) for kind in self.kinds))
        )

    def matches(self, row: Row) -> bool:
        """Whether a row was asked for."""
        return (
            self.wants(row.key)
            and _any(self.applications, row.application)
            and (self.labels is None or self.labels.matches(row.labels))
            and _any(self.control_planes, _control_plane(row))
            and self.filter(row)
        )

    def pick(self, rows: Mapping[ResourceKey, Row]) -> list[Row]:
        """The rows that were asked for, in order of cluster, kind, namespace, name.

        Raises:
            NothingSelected: a selector matches nothing; the closest names are in the error.
        """
        for text, selector in self.resources:
            if not any(selector.matches(key) for key in rows):
                raise _unknown_resource(text, selector, rows)
        picked = [rows[key] for key in sorted(rows) if self.matches(rows[key])]
        if not picked and not self.everything:
            raise self._nothing(rows.values())
        return picked

    def _nothing(self, rows: Iterable[Row]) -> NothingSelected:
        known = list(rows)
        parts: tuple[tuple[str, tuple[str, ...], Callable[[Row], str], str], ...] = (
            ("--namespace", self.namespaces, lambda row: row.key.namespace, "namespaces"),
            ("--kind", self.kinds, lambda row: row.key.kind, "kinds"),
            ("--application", self.applications, lambda row: row.application, "applications"),
            ("--control-plane", self.control_planes, _control_plane, "control planes"),
        )
        for flag, patterns, read, what in parts:
            have = sorted({text for row in known if (text := read(row))})
            for pattern in patterns:
                if not any(fnmatchcase(name, pattern) or same_kind(pattern, name) for name in have):
                    return NothingSelected(
                        "matches nothing",
                        subject=f"{flag} {pattern}",
                        next_step=known_names(pattern, have, what),
                    )
        return NothingSelected(
            "the selectors match nothing together",
            next_step=f"{len(known)} resources were read; leave one of the selectors out",
        )


def _control_plane(row: Row) -> str:
    return row.control_plane_trace.control_plane if row.control_plane_trace is not None else ""


def _listed(values: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(part for value in values or () for part in value.split(",") if part)


def _any(patterns: Sequence[str], value: str) -> bool:
    return not patterns or any(fnmatchcase(value, pattern) for pattern in patterns)


def _unknown_resource(text: str, selector: ResourceSelector, rows: Iterable[ResourceKey]) -> NothingSelected:
    """The error for a RESOURCE that does not exist: the same name elsewhere, else names like it."""
    keys = sorted(rows)
    if not keys:
        return NothingSelected("is not known", subject=text, next_step="nothing was read at all")
    close = [key for key in keys if fnmatchcase(key.name, selector.name)]
    if not close:
        inside = [key for key in keys if selector.kind is None or same_kind(selector.kind, key.kind)] or keys
        names = nearest(selector.name, {key.name for key in inside})
        close = [next(key for key in inside if key.name == name) for name in names]
    if not close:
        return NothingSelected("is not known", subject=text, next_step="list what is: gko-tui get")
    listed = ", ".join(map(str, close[:3]))
    return NothingSelected("is not known", subject=text, next_step=f"did you mean {listed}?")
