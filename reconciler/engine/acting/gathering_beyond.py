"""Gathers what the hop to the control planes is planned from: verdicts, and both sides of what differs."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.engine.acting.hop_places import HopPlaces, accepted
from reconciler.engine.downstream.meanings import API_KINDS
from reconciler.engine.downstream.showing import meaning_of
from reconciler.engine.planning.control_plane.closing import dropped_plans
from reconciler.engine.planning.control_plane.subjects import OPERATOR, HopSubject
from reconciler.engine.planning.subjects import Found
from reconciler.model.changes import Change
from reconciler.model.errors import GkoError
from reconciler.model.keys import GROUP, ResourceKey
from reconciler.model.rows import Row
from reconciler.model.verdicts import Verdict
from reconciler.rules.apim.identities import SENT_KINDS
from reconciler.rules.apim.references import Problems

if TYPE_CHECKING:
    from reconciler.cluster.objects import ClusterObject
    from reconciler.engine.acting.gathering import Sources
    from reconciler.model.acting import PlanRequest

_QUIET = frozenset({Verdict.SYNCED, None})


class GatheringBeyond:
    """One question to the engine about the hop to the control planes.

    Args:
        sources: what is known.
        request: what is asked for.
        places: gives held states their digests.
    """

    def __init__(self, sources: Sources, request: PlanRequest, places: HopPlaces) -> None:
        self._sources = sources
        self._request = request
        self._places = places
        self._protected = {one.name for one in sources.platform.clusters if one.protected}

    async def gathered(self) -> list[HopSubject]:
        """Every resource that is asked for and has such a hop."""
        rows = [row for key, row in self._sources.fleet.rows().items() if self._wants(key)]
        for row in rows:
            if row.key in self._request.delete:  # what nobody expects there was never read
                with contextlib.suppress(GkoError):
                    await self._places.look(row.key)
        return await asyncio.to_thread(lambda: [self._subject(row) for row in rows])

    def _wants(self, key: ResourceKey) -> bool:
        if not key.namespace:  # only a control plane has it
            return key in self._request.delete
        if key.kind not in SENT_KINDS:
            return False
        return key in self._request.delete or self._request.wants(key, self._application(key))

    def _application(self, key: ResourceKey) -> str:
        desired = self._sources.knowledge.desired.get(key)
        return desired.first.application if desired is not None else ""

    def _api_version(self, key: ResourceKey) -> str:
        """The version in which a cluster gave its objects of a kind."""
        kinds = self._sources.knowledge.actual.clusters[key.cluster].kinds
        return f"{GROUP}/{kinds[key.kind].served.version}" if key.kind in kinds else ""

    def _subject(self, row: Row) -> HopSubject:
        """What is known of one resource; both sides are compared only where they differ."""
        key, cell, chain = row.key, row.control_plane, self._sources.chain
        meaning = meaning_of(chain, key)
        found = chain.object(key)
        plain = HopSubject(
            key,
            cell.verdict,
            cell.causes,
            meaning.control_plane,
            self._application(key),
            self._api_version(key) if found is not None else "",
            OPERATOR,
            runs=key.kind in API_KINDS and row.gateway.verdict is not None,
            runs_now=row.gateway.verdict is Verdict.SYNCED,
            protected=key.cluster if key.cluster in self._protected else "",
        )
        if cell.verdict in _QUIET or meaning.ref is None:
            return plain
        reading = chain.held.of(meaning.control_plane).states.get(meaning.ref)
        changes: tuple[Change, ...] = ()
        first_sight = False
        if found is not None and reading is not None and reading.state is not None:
            made = chain.control_plane_cells.body(key, found)
            if not isinstance(made, Problems):
                judged = chain.control_plane_cells.judgement(key, found, made, reading.state)
                changes, first_sight = tuple(judged.changes), judged.first_sight
        return replace(
            plain,
            found=_version(found) if found is not None else None,
            accepted=found is not None and accepted(found),
            held=self._places.digest_of(key),
            changes=changes,
            first_sight=first_sight,
            drops=dropped_plans(changes),
            synced_before=key in self._sources.knowledge.synced_beyond,
        )


def _version(found: ClusterObject) -> Found:
    return Found(found.uid, found.resource_version, found.generation, found.trace.owner)
