"""Steps on clusters: content read again from Git and held against the plan, then written.

Whatever a plan's file says, only text that stands in Git at the plan's revision is ever applied.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from reconciler.cluster.addresses import Address, address_of
from reconciler.cluster.applying import ObjectWriter
from reconciler.cluster.rim import Rim
from reconciler.cluster.waiting import wait_for_kind, wait_for_namespace, wait_until_gone
from reconciler.engine.acting.runner import Carried
from reconciler.model.errors import GkoError, UsageError
from reconciler.model.keys import ResourceKey
from reconciler.model.steps import Content, Did, Holds, Outcome, Precondition, Step, Verb

if TYPE_CHECKING:
    from reconciler.cluster.kinds import ServedKind
    from reconciler.cluster.written import Written
    from reconciler.engine.downstream.clients import Clients
    from reconciler.git.source import GitSource

WAIT_S = 30.0
"""How long a namespace, a kind or a deletion is waited for."""


class ClusterHands:
    """Carries out the steps of a plan that act on clusters.

    Args:
        clients: the connections.
        served: what a cluster serves of group gravitee.io.
        sources: name → Git source.
        people: globs of the field managers that are people's tools.
        clock: seconds since the epoch.
        wait_s: how long something that must be there is waited for, in seconds.
    """

    def __init__(
        self,
        clients: Clients,
        served: Callable[[str], Iterable[ServedKind]],
        sources: Mapping[str, GitSource],
        people: Sequence[str],
        clock: Callable[[], float],
        *,
        wait_s: float = WAIT_S,
    ) -> None:
        self._clients = clients
        self._served = served
        self._sources = sources
        self._people = tuple(people)
        self._clock = clock
        self._wait_s = wait_s

    async def carry(self, step: Step, expected: Precondition | None) -> Carried:
        """Carry out one step; raises GkoError where it cannot even begin."""
        client = await self._clients.of(step.key.cluster)
        writer = ObjectWriter(client, self._people)
        await self._wait_for_ground(step, writer)
        address = self._address(step.key)
        written = await self._write(step, writer, address, expected)
        return Carried(self._outcome(step, written), written.seen)

    async def _write(
        self, step: Step, writer: ObjectWriter, address: Address, expected: Precondition | None
    ) -> Written:
        if step.verb in (Verb.CREATE, Verb.UPDATE):
            body = await asyncio.to_thread(self._body, step)
            return await writer.apply(address, body, expected, take_from={one.manager for one in step.takes})
        assert expected is not None, "only a creation begins with nothing"
        if step.verb is Verb.REMOVE:
            return await writer.remove(address, step.removes, expected)
        if step.verb is Verb.MIGRATE_OWNERS:
            return await writer.migrate_owners(address, step.migrates, expected)
        if step.verb is Verb.DELETE:
            return await writer.delete(address, expected)
        if step.verb is Verb.REPLACE:
            return await self._replace(step, writer, address, expected)
        raise UsageError(f"a step {step.verb.value} cannot be carried out on a cluster", subject=step.id)

    async def _replace(
        self, step: Step, writer: ObjectWriter, address: Address, expected: Precondition
    ) -> Written:
        """Delete and create anew; the text is read first, so that nothing is lost for the lack of it."""
        body = await asyncio.to_thread(self._body, step)
        gone = await writer.delete(address, expected)
        if gone.did not in (Did.DELETED, Did.UNCHANGED):
            return gone
        in_the_way = await wait_until_gone(writer, address, expected.uid, Rim(), timeout_s=self._wait_s)
        if in_the_way:
            raise GkoError(in_the_way, subject=step.id, next_step="look at its finalizers")
        return await writer.apply(address, body, None)

    async def _wait_for_ground(self, step: Step, writer: ObjectWriter) -> None:
        """Wait for the namespace to write into and for the kind to be served."""
        for needed in step.preconditions:
            why = ""
            if needed.holds is Holds.NAMESPACE:
                why = await wait_for_namespace(writer, needed.name, Rim(), timeout_s=self._wait_s)
            elif needed.holds is Holds.KIND:
                client = await self._clients.of(step.key.cluster)
                why = await wait_for_kind(client, needed.name, Rim(), timeout_s=self._wait_s)
            if why:
                raise GkoError(why, subject=step.id, next_step="create it, then make a new plan")

    def _address(self, key: ResourceKey) -> Address:
        address = address_of(key, self._served(key.cluster))
        if address is None:
            raise GkoError(
                f"{key.cluster} does not serve {key.kind}",
                subject=str(key),
                next_step="install the operator's CRDs there",
            )
        return address

    def _body(self, step: Step) -> dict[str, Any]:
        """The text that the plan names, as it stands in Git (blocking)."""
        content = step.content
        if content is None:
            raise UsageError("the step names no content", subject=step.id, next_step="make a new plan")
        body = self._read(content)
        metadata = body.get("metadata")
        stated = metadata if isinstance(metadata, dict) else {}
        name, kind = stated.get("name"), body.get("kind")
        if (kind, name) != (step.key.kind, step.key.name):
            raise UsageError(
                f"{content.path} holds {kind}/{name} there, not what the plan says",
                subject=step.id,
                next_step="make a new plan",
            )
        return {**body, "metadata": {**stated, **_namespace(step.key)}}

    def _read(self, content: Content) -> dict[str, Any]:
        source = self._sources.get(content.source)
        if source is None:
            raise UsageError(
                "is no source of this configuration",
                subject=content.source,
                next_step="use the configuration that the plan was made with",
            )
        return source.body_at(content.blob, content.index)

    def _outcome(self, step: Step, written: Written) -> Outcome:
        seen = written.seen
        return Outcome(
            step.id,
            written.did,
            written.message,
            written.next_step,
            at=self._clock(),
            resource_version=seen.resource_version if seen is not None else "",
            generation=seen.generation if seen is not None else 0,
            owners=written.owners,
        )


def _namespace(key: ResourceKey) -> dict[str, str]:
    return {"namespace": key.namespace} if key.namespace else {}
