"""The way of one resource through the four places, and what happened to it there, newest first."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from reconciler.engine.downstream.showing import meaning_of
from reconciler.gateways.folding import Folded, PodVerdict
from reconciler.model.errors import GkoError
from reconciler.model.rows import NO_HOP, Cell, Row
from reconciler.model.trace import Happening, Station, Trace
from reconciler.model.verdicts import Place

if TYPE_CHECKING:
    from reconciler.control_plane.history import Audit, Event
    from reconciler.engine.downstream.chain import Chain
    from reconciler.engine.downstream.held import HeldContent
    from reconciler.ledger.deeds import Deed

MOST_EVENTS = 20
_SHORT = 7


async def trace(chain: Chain, row: Row, deeds: Sequence[Deed] = ()) -> Trace:
    """Follow one resource through all places; asks its control plane for events and audits.

    Args:
        chain: control planes and gateways.
        row: the resource as it is published.
        deeds: what was done to it from this machine.
    """
    meaning = meaning_of(chain, row.key)
    events: Sequence[Event] = ()
    audits: Sequence[Audit] = ()
    unread: list[str] = []
    management = chain.planes.management(meaning.control_plane)
    if management is not None and meaning.id and meaning.ref is not None and meaning.ref.is_api:
        try:
            events, audits = await asyncio.gather(
                management.events(meaning.id, most=MOST_EVENTS),
                management.audits(meaning.id, most=MOST_EVENTS),
            )
        except GkoError as error:
            unread.append(error.sentence())
    pods = await asyncio.to_thread(_pods, chain, row)
    stations = [*_git(row), *_cluster(row), *_control_plane(row, chain), *map(_pod_station, pods)]
    happenings = [
        *_on_the_way(row),
        *(_published(event, meaning.control_plane) for event in events),
        *(_audited(audit, meaning.control_plane) for audit in audits),
        *_deployed(chain, pods, meaning.id),
        *map(_done, deeds),
    ]
    happenings.sort(key=lambda happening: -happening.at)
    return Trace(row.key, tuple(stations), tuple(happenings), tuple(unread))


def _pods(chain: Chain, row: Row) -> tuple[PodVerdict, ...]:
    meaning = meaning_of(chain, row.key)
    folded = chain.gateway_cells.folded(row.key, meaning, stopped=chain.stopped(row.key, meaning))
    return folded.pods if isinstance(folded, Folded) else ()


def _git(row: Row) -> list[Station]:
    traced = row.git_trace
    if traced is None:
        return [Station(Place.GIT, "", row.git)] if row.git is not NO_HOP else []
    facts = [("file", f"{traced.path}:{traced.line}")]
    if traced.revision:
        facts += [
            ("revision", traced.revision[:_SHORT]),
            ("author", traced.author),
            ("commit", traced.subject),
        ]
    return [Station(Place.GIT, traced.source, row.git, tuple(facts))]


def _cluster(row: Row) -> list[Station]:
    traced = row.cluster_trace
    if traced is None:
        return [Station(Place.CLUSTER, row.key.cluster, row.cluster)] if row.cluster is not NO_HOP else []
    facts = [("generation", str(traced.generation))]
    if traced.manager:
        facts.append(("written by", traced.manager))
    if traced.owner:
        facts.append(("owned by", traced.owner))
    return [Station(Place.CLUSTER, row.key.cluster, row.cluster, tuple(facts))]


def _control_plane(row: Row, chain: Chain) -> list[Station]:
    traced = row.control_plane_trace
    if traced is None:
        return (
            [Station(Place.CONTROL_PLANE, "", row.control_plane)] if row.control_plane is not NO_HOP else []
        )
    content = chain.held.of(traced.control_plane)
    told = (
        ("id", traced.id),
        ("hrid", traced.hrid),
        ("origin", traced.origin),
        ("owner", traced.owner),
        ("state", traced.state),
        ("revision", _revision(content, traced.id)),
    )
    facts = tuple((name, value) for name, value in told if value)
    return [Station(Place.CONTROL_PLANE, traced.control_plane, row.control_plane, facts)]


def _revision(content: HeldContent, api_id: str) -> str:
    published = content.published.get(api_id)
    return published.expectation.revision if published is not None else ""


def _pod_station(pod: PodVerdict) -> Station:
    name = f"{pod.gateway}/{pod.pod}" if pod.pod else pod.gateway
    cell = (
        Cell(pod.verdict, 0.0, pod.observed_at, (pod.cause,) if pod.cause else (), False, len(pod.changes))
        if pod.verdict is not None
        else NO_HOP
    )
    return Station(Place.GATEWAY, name, cell, (("revision", pod.revision),) if pod.revision else ())


def _on_the_way(row: Row) -> list[Happening]:
    found = []
    git, cluster = row.git_trace, row.cluster_trace
    if git is not None and git.revision:
        what = f"commit {git.revision[:_SHORT]}: {git.subject}"
        found.append(Happening(git.committed_at, Place.GIT, git.source, git.author, what))
    if cluster is not None and cluster.changed_at:
        what = f"wrote the spec (generation {cluster.generation})"
        found.append(Happening(cluster.changed_at, Place.CLUSTER, row.key.cluster, cluster.manager, what))
    if cluster is not None and cluster.deleting_since:
        found.append(
            Happening(cluster.deleting_since, Place.CLUSTER, row.key.cluster, "", "asked for its deletion")
        )
    return found


def _done(deed: Deed) -> Happening:
    """A step of a plan of ours; one without an end was interrupted, and nobody saw whether it arrived."""
    place = Place.CONTROL_PLANE if deed.stage == Place.CONTROL_PLANE.value else Place.CLUSTER
    end = deed.did or "it was interrupted"
    plan = f", plan p-{deed.plan[:8]}" if deed.plan else ""
    what = f"gko-tui {deed.verb} ({deed.purpose}{plan}): {end}"
    return Happening(deed.ended or deed.begun, place, deed.key.cluster, deed.who, what)


_WORDS = {
    "PUBLISH_API": "published",
    "UNPUBLISH_API": "took back",
    "START_API": "started",
    "STOP_API": "stopped",
}


def _published(event: Event, control_plane: str) -> Happening:
    what = _WORDS.get(event.type, event.type)
    if event.number:
        what += f" revision {event.number}"
    if event.label:
        what += f" ({event.label})"
    return Happening(event.at, Place.CONTROL_PLANE, control_plane, event.by, what)


def _audited(audit: Audit, control_plane: str) -> Happening:
    what = audit.event + (f" {audit.subject}" if audit.subject else "")
    if audit.paths:
        what += f": {', '.join(audit.paths[:4])}" + (" …" if len(audit.paths) > 4 else "")
    return Happening(audit.at, Place.CONTROL_PLANE, control_plane, audit.by, what)


def _deployed(chain: Chain, pods: Sequence[PodVerdict], api_id: str) -> list[Happening]:
    found = []
    for pod in pods:
        view = next((view for view in chain.gateway_cells.views(pod.gateway) if view.pod == pod.pod), None)
        deployed = view.deployed.get(api_id) if view is not None else None
        if deployed is not None and deployed.deployed_at:
            name = f"{pod.gateway}/{pod.pod}" if pod.pod else pod.gateway
            what = f"runs revision {deployed.revision}" if deployed.revision else "runs it"
            found.append(Happening(deployed.deployed_at, Place.GATEWAY, name, "", what))
    return found
