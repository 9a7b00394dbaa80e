"""The way of one resource through the four places, and what happened to it on the way."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.keys import ResourceKey
from reconciler.model.rows import Cell
from reconciler.model.verdicts import Place


@dataclass(frozen=True, slots=True)
class Station:
    """One place on the way: a source, a cluster, a control plane, one pod of a gateway.

    `cell` is what the hop that ends here says; of a gateway's pod it is the pod's own verdict.
    `facts` are (label, value) pairs for people, such as ("revision", "8f21c0a"); safe to show.
    """

    place: Place
    name: str
    cell: Cell
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that was done to a resource: a commit, a write on the cluster, an audit, a publication.

    `at` is in seconds since the epoch; `who` is a person, a field manager or a tool, empty if not known.
    """

    at: float
    place: Place
    where: str
    who: str
    what: str


@dataclass(frozen=True, slots=True)
class Trace:
    """The stations in the order of the way, what happened (newest first), and what could not be read."""

    key: ResourceKey
    stations: tuple[Station, ...]
    happenings: tuple[Happening, ...] = ()
    unread: tuple[str, ...] = ()
