"""What the engine answers about one resource: differences, its way, documents, rules, any two sides.

Nothing here changes a place. Everything that is answered is redacted and safe to show.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from reconciler.model.errors import UsageError
from reconciler.model.keys import ResourceKey
from reconciler.model.verdicts import Place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.engine.actual import Actual
    from reconciler.engine.desired import Desired
    from reconciler.engine.downstream.chain import Chain
    from reconciler.engine.fingerprint import Fingerprinter
    from reconciler.engine.fleet import Fleet
    from reconciler.engine.judging import Knowledge
    from reconciler.engine.marks import Marks
    from reconciler.engine.pairs import Pairs
    from reconciler.engine.rule_packs import RulePacks
    from reconciler.engine.sides import Side, Sides
    from reconciler.git.source import GitSource
    from reconciler.ledger.store import Ledger
    from reconciler.model.changes import HopDiff, KeyPath
    from reconciler.model.rows import Row
    from reconciler.model.trace import Trace
    from reconciler.rules.adding_rules import RuleOffer
    from reconciler.rules.explaining import Explanation
    from reconciler.settings.model import Platform


class Answering:
    """The half of the engine that answers; the other half says where these come from."""

    platform: Platform
    fleet: Fleet
    _actual: Actual
    _fingerprinter: Fingerprinter
    _knowledge: Knowledge
    _ledger: Ledger | None
    _marks: Marks
    _packs: RulePacks
    _pairs: Pairs
    _sources: Mapping[str, GitSource]

    @cached_property
    def _chain(self) -> Chain:
        """Control planes and gateways."""
        raise NotImplementedError

    async def diff(self, key: ResourceKey, hop: Place = Place.CLUSTER, *, gateway: str = "") -> HopDiff:
        """What differs on a hop of one resource, safe to show.

        Args:
            key: the resource.
            hop: the place on the right of the hop.
            gateway: of several gateways or pods this one (`NAME`, `NAME/POD`); empty for the worst.

        Raises:
            UsageError: no such resource, hop or gateway is known.
            GkoError: a body could not be read.
        """
        row = self._row(key)
        if hop is Place.GIT or row.cell(hop).verdict is None:
            raise UsageError(f"the hop {hop.value} does not exist here", subject=str(key))
        if hop is not Place.CLUSTER:
            from reconciler.engine.downstream.showing import control_plane_diff, gateway_diff
        if hop is Place.GATEWAY:
            return await asyncio.to_thread(
                gateway_diff, self._chain, row, gateway, digest_key=self._fingerprinter.key
            )
        if hop is Place.CONTROL_PLANE:
            audits = await self._chain.audits(key)
            return await asyncio.to_thread(
                control_plane_diff, self._chain, row, audits, digest_key=self._fingerprinter.key
            )
        content = self._actual.clusters[key.cluster]
        return await asyncio.to_thread(
            self._pairs.diff,
            key,
            self._knowledge.desired.get(key),
            content.objects.get(key),
            content.schema(key.kind),
            row.cluster,
        )

    async def trace(self, key: ResourceKey) -> Trace:
        """The way of one resource through the four places, and what happened to it.

        Raises:
            UsageError: no such resource is known.
        """
        from reconciler.engine.tracing import trace

        deeds = self._ledger.deeds(key) if self._ledger is not None else ()
        return await trace(self._chain, self._row(key), deeds)

    def _row(self, key: ResourceKey) -> Row:
        row = self.fleet.row(key)
        if row is None:
            raise UsageError("is not known", subject=str(key), next_step="list what is with: gko-tui get")
        return row

    async def compare(self, key: ResourceKey, left: Side, right: Side) -> HopDiff:
        """Any two sides of one resource, seen from left to right, safe to show.

        Raises:
            UsageError: no such resource is known, or these two cannot be compared.
            GkoError: a side cannot be read.
        """
        self._row(key)
        return await asyncio.to_thread(self._sides.compare, key, left, right)

    @cached_property
    def _sides(self) -> Sides:
        from reconciler.engine.sides import Sides

        contents = self._actual.clusters.get
        return Sides(self.platform, self._sources, self._chain, contents, self._desired, self._fingerprinter)

    def _desired(self, key: ResourceKey) -> Desired | None:
        return self._knowledge.desired.get(key)

    async def explain(self, key: ResourceKey, path: str | None = None) -> Explanation | None:
        """Every rule that fired on the cluster hop of a resource; None where there are no two sides.

        Raises:
            UsageError: no such resource is known, or the path is none.
            GkoError: a body cannot be read.
        """
        self._row(key)
        desired, content = self._knowledge.desired.get(key), self._actual.clusters.get(key.cluster)
        found = content.objects.get(key) if content is not None else None
        if desired is None or found is None or content is None:
            return None
        schema = content.schema(key.kind)
        try:
            return await asyncio.to_thread(self._pairs.explain, key, desired, found, schema, path)
        except ValueError as error:
            raise UsageError(str(error), subject=path or "") from None

    async def offer_rules(self, key: ResourceKey, hop: Place, path: KeyPath) -> RuleOffer:
        """The rules that would hide a field, as they would stand in the person's rules file.

        Args:
            key: the resource that shows it.
            hop: where it differs.
            path: the field.
        """
        from reconciler.rules.adding_rules import RuleOffer, rule_for

        def rule(*, of_kind: bool) -> str:
            return rule_for(key, hop, path, of_kind=of_kind, taken=self._packs.names)

        return RuleOffer(str(self._packs.own), rule(of_kind=False), rule(of_kind=True))

    async def ignore(self, rule: str) -> None:
        """Put a rule into the person's rules file, and judge everything by it from now on.

        Raises:
            GkoError: the file cannot be changed; nothing has.
        """
        await asyncio.to_thread(self._packs.add, rule)
        for cluster in self._actual.clusters:
            self._marks.scope_changed(cluster, None)

    async def document(self, key: ResourceKey, place: Place) -> tuple[str, ...]:
        """A whole document as YAML lines, redacted; empty where the place has none.

        Raises:
            GkoError: the document could not be read.
        """
        body: dict[str, Any] | None = None
        desired = self._knowledge.desired.get(key)
        if place is Place.GIT and desired is not None:
            body = await asyncio.to_thread(self._pairs.read, desired.first)
        elif place is Place.CLUSTER:
            content = self._actual.clusters.get(key.cluster)
            found = content.objects.get(key) if content is not None else None
            body = found.body() if found is not None else None
        elif place is not Place.GIT:
            from reconciler.engine.downstream.showing import held_body, running_body

            read = held_body if place is Place.CONTROL_PLANE else running_body
            body = await asyncio.to_thread(read, self._chain, key)
        return await asyncio.to_thread(self._pairs.lines, body, key) if body is not None else ()

    async def look_at(self, keys: Iterable[ResourceKey]) -> None:
        """Somebody looks at these resources: they are read every few seconds, until others are named."""
        self._chain.look_at(keys)
