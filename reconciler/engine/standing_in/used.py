"""What resources leave on things that they use: marks on Secrets and ConfigMaps, counts on APIs.

GKO adds and takes away one at a time and loses count when it is interrupted (DOMAIN §2.5, §10.7-8). Here each
is the whole truth, made from all objects of the cluster.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from reconciler.cluster.finalizers import write_marks
from reconciler.cluster.status_writing import write_status
from reconciler.engine.standing_in.surroundings import Surroundings, Thing
from reconciler.rules.apim.references import Resource, name_of, spec_of, status_of, text_at
from reconciler.rules.apim.standing_in.marks import (
    SECRET_REF,
    is_ingress_template,
    secret_of_context,
    source_marked,
    template_sources,
)
from reconciler.rules.apim.standing_in.status import subscriptions_on, with_subscriptions


class Used:
    """Who uses what on one cluster, as far as it leaves marks.

    Args:
        surroundings: the cluster.
    """

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._sources: dict[Thing, frozenset[Thing]] = {}
        self._marked: set[Thing] = set()
        self._counting = asyncio.Lock()

    async def note(self, thing: Thing, obj: Resource) -> None:
        """A resource was tried: mark what it uses now, and free what it used before.

        Raises:
            ClusterError: a mark could not be written.
        """
        now = sources_of(obj)
        before = self._sources.get(thing, frozenset()) | _once_named(obj)
        self._sources[thing] = now
        for source in sorted(before ^ now | (now - self._marked)):
            await self._mark(source, without=None)

    async def forget(self, thing: Thing, obj: Resource) -> None:
        """A resource goes: free what it used, as far as nobody else uses it.

        Raises:
            ClusterError: a mark could not be taken off.
        """
        used = self._sources.pop(thing, frozenset()) | sources_of(obj) | _once_named(obj)
        for source in sorted(used):
            await self._mark(source, without=thing)

    async def count_subscriptions(self, obj: Resource) -> None:
        """Write to the API and the application of a Subscription how many subscriptions they carry.

        Raises:
            ClusterError: a status could not be written.
        """
        if text_at(obj, "kind") != "Subscription":
            return
        async with self._counting:
            for field, kind in (("api", "ApiV4Definition"), ("application", "Application")):
                ref = spec_of(obj).get(field)
                if not isinstance(ref, Mapping) or not text_at(ref, "name"):
                    continue
                stated = (text_at(ref, "kind") or kind) if field == "api" else kind
                thing = Thing(stated, text_at(ref, "namespace") or name_of(obj)[0], text_at(ref, "name"))
                await self._count(thing)

    async def _count(self, thing: Thing) -> None:
        here = self._surroundings
        body, every = here.get(thing), here.every("Subscription")
        if body is None:
            return
        address = here.address(thing._replace(kind=str(body["kind"])))
        status = with_subscriptions(status_of(body), subscriptions_on(body, every))
        if address is None or status == status_of(body):
            return
        written = await write_status(here.client, address, body, status)
        if written.body is not None:
            here.note({**written.body, "apiVersion": address.api_version, "kind": address.kind})

    async def _mark(self, source: Thing, without: Thing | None) -> None:
        here = self._surroundings
        address = here.address(source)
        found = await here.fresh(source)
        if address is None or found is None:
            self._marked.discard(source)
            return
        users = [
            body
            for body in here.every()
            if without is None or (body["kind"], *name_of(body)) != tuple(without)
        ]

        def wanted(body: Mapping[str, Any]) -> Mapping[str, Any]:
            typed = {**body, "apiVersion": address.api_version, "kind": address.kind}
            metadata = source_marked(typed, users)
            if not body["metadata"].get("deletionTimestamp"):
                return metadata
            # An object under deletion takes no new finalizers.
            have = body["metadata"].get("finalizers") or []
            return {
                **metadata,
                "finalizers": [one for one in metadata.get("finalizers") or () if one in have],
            }

        await write_marks(here.client, address, found, wanted)
        self._marked.add(source)


def sources_of(obj: Resource) -> frozenset[Thing]:
    """The Secrets and ConfigMaps that are marked for a resource's sake."""
    if is_ingress_template(obj):
        return frozenset()
    found = {Thing(*source) for source in template_sources(obj)}
    secret = secret_of_context(obj) if text_at(obj, "kind") == "ManagementContext" else None
    return frozenset(found | ({Thing(*secret)} if secret is not None else set()))


def _once_named(obj: Resource) -> frozenset[Thing]:
    """The Secret that a context named when it was last accepted, by whoever stood here before us."""
    metadata = obj.get("metadata")
    notes = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    named = notes.get(SECRET_REF) if isinstance(notes, Mapping) else None
    parts = named.split("/") if isinstance(named, str) else []
    return frozenset({Thing("Secret", *parts)}) if len(parts) == 2 and all(parts) else frozenset()
