"""One pass of the engine, top to bottom: what changed, what is desired, compare, publish, record.

Rooms only mark what may have changed; passes follow one another, never overlap, and take everything that
was marked meanwhile. Blocking steps run on a worker thread, so that watches go on during a pass.
"""

from __future__ import annotations

import asyncio
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from reconciler.engine.fleet import Fleet
from reconciler.engine.judging import Judge, Knowledge
from reconciler.engine.marks import Marks
from reconciler.engine.memory import give_back
from reconciler.model.keys import ResourceKey
from reconciler.model.rows import Problem
from reconciler.model.verdicts import Place

if TYPE_CHECKING:
    from reconciler.engine.desired import Definition
    from reconciler.engine.desired_prints import DesiredPrints
    from reconciler.engine.downstream.beyond import BeyondClusters
    from reconciler.engine.git_state import GitState
    from reconciler.engine.record import Recorder
    from reconciler.model.errors import LedgerError
    from reconciler.rules.schema import Schema

GATHER_S = 0.05
"""Changes are gathered this long before a pass, so that a burst costs one pass."""


class Pass:
    """Judges what changed, again and again.

    Args:
        marks: what may have changed.
        knowledge: what is known, shared with the judge and the recorder.
        git: what Git says.
        beyond: control planes and gateways.
        prints: fingerprints of Git's documents.
        judge: knowledge to rows.
        recorder: writes the ledger.
        fleet: where rows are published.
    """

    def __init__(
        self,
        marks: Marks,
        knowledge: Knowledge,
        git: GitState,
        beyond: BeyondClusters,
        prints: DesiredPrints,
        judge: Judge,
        recorder: Recorder,
        fleet: Fleet,
    ) -> None:
        self._knowledge = knowledge
        self._beyond = beyond
        self._git = git
        self._prints = prints
        self._judge = judge
        self._recorder = recorder
        self._fleet = fleet
        self._marks = marks
        self._one_at_a_time = asyncio.Lock()

    async def forever(self) -> None:
        """Make a pass whenever something was marked."""
        while True:
            await self._marks.wait()
            await asyncio.sleep(GATHER_S)
            await asyncio.to_thread(give_back, await self.once())

    async def everything(self) -> None:
        """Judge every resource that any place knows."""
        for cluster in self._knowledge.actual.clusters:
            self._marks.scope_changed(cluster, None)
        await self.once()

    async def once(self) -> int:
        """Take the marks and carry them through; returns how many rows changed."""
        async with self._one_at_a_time:
            return await self._once()

    async def _once(self) -> int:
        marked = self._marks.take()
        keys, scopes = set(marked.keys), set(marked.scopes)
        if marked.desired:
            moved, unread = await asyncio.to_thread(self._take_desired)
            keys |= moved
            scopes |= unread
        keys |= self._in_scopes(scopes)
        keys |= self._beyond.moved(keys)
        await asyncio.to_thread(self._prepare, keys)
        await asyncio.to_thread(self._look_into_history, keys)
        await asyncio.to_thread(self._beyond.learn, keys)
        self._beyond.tell_expected()
        keys |= await asyncio.to_thread(self._beyond.only_there_keys)
        rows, gone = await asyncio.to_thread(self._judge.rows, keys, self._fleet.rows())
        self._fleet.publish(rows, gone)
        trouble = await asyncio.to_thread(self._recorder.record, rows, gone)
        self._publish_trouble(trouble)
        return len(rows)

    def _take_desired(self) -> tuple[set[ResourceKey], set[tuple[str, str | None]]]:
        """Join the applications anew: the resources whose definition moved, the scopes to judge anew."""
        known = self._knowledge
        before, after = known.desired, self._git.desired()
        unread = self._git.unread()
        moved = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
        differing: set[tuple[str, str | None]] = {
            (cluster, None)
            for cluster in unread.keys() | known.unread.keys()
            if unread.get(cluster) != known.unread.get(cluster)
        }
        known.desired, known.unread, known.removed = after, unread, {}
        return moved, differing

    def _in_scopes(self, scopes: AbstractSet[tuple[str, str | None]]) -> set[ResourceKey]:
        """Every known resource in these scopes; on the loop, which alone changes what clusters hold."""
        if not scopes:
            return set()
        known = self._knowledge
        every = known.desired.keys() | known.synced.keys() | self._fleet.rows().keys()
        for content in known.actual.clusters.values():
            every |= content.objects.keys()
        return {key for key in every if (key.cluster, None) in scopes or (key.cluster, key.kind) in scopes}

    def _prepare(self, keys: set[ResourceKey]) -> None:
        """Fingerprint every document that is about to be compared, blob by blob."""
        known = self._knowledge
        wanted: list[tuple[Definition, Schema]] = []
        for key in keys:
            desired, content = known.desired.get(key), known.actual.clusters.get(key.cluster)
            if desired is not None and content is not None and key in content.objects:
                schema = content.schema(key.kind)
                wanted.extend(
                    (definition, schema)
                    for definition in desired.definitions
                    if self._prints.get(definition, schema) is None
                )
        failed = self._prints.prepare(wanted) if wanted else {}
        for key in keys:
            desired = known.desired.get(key)
            reason = failed.get(desired.first) if desired is not None else None
            if reason is not None:
                known.unparsed[key] = reason
            elif desired is None or self._readable(key, desired.first):
                known.unparsed.pop(key, None)

    def _readable(self, key: ResourceKey, definition: Definition) -> bool:
        schema = self._knowledge.actual.clusters[key.cluster].schema(key.kind)
        return self._prints.get(definition, schema) is not None

    def _look_into_history(self, keys: set[ResourceKey]) -> None:
        """Ask Git's history about objects that Git does not define now, if there are any."""
        known = self._knowledge
        unclaimed = {
            key.cluster
            for key in keys
            if key not in known.desired
            and key not in known.removed
            and key.cluster not in known.unread  # while Git is not read whole, nothing is claimed anyway
            and (content := known.actual.clusters.get(key.cluster)) is not None
            and key in content.objects
        }
        if unclaimed:
            known.removed = {**known.removed, **self._git.removed(unclaimed)}

    def _publish_trouble(self, trouble: LedgerError | None) -> None:
        problems: tuple[Problem, ...] = ()
        if trouble is not None:
            problems = (
                Problem(
                    Place.CLUSTER,
                    "ledger",
                    trouble.subject,
                    trouble.what,
                    trouble.next_step,
                    severity="warning",
                ),
            )
        self._fleet.publish_problems("ledger writes", problems)
