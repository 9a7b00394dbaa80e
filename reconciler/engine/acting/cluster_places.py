"""The clusters as carrying out sees them: writers, addresses, and each step's content read again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from reconciler.cluster.addresses import Address, address_of
from reconciler.cluster.applying import ObjectWriter
from reconciler.engine.acting.companions import NO_SCHEMA
from reconciler.engine.desired import Desired
from reconciler.engine.planning.manifests import to_apply
from reconciler.model.errors import ClusterError, GkoError
from reconciler.model.keys import ResourceKey
from reconciler.model.steps import Step

if TYPE_CHECKING:
    from reconciler.engine.actual import ClusterContent
    from reconciler.engine.downstream.clients import Clients
    from reconciler.engine.pairs import Pairs


class StalePlan(GkoError):
    """A plan was made from something that is no longer so."""


class ClusterPlaces:
    """The clusters that a plan writes to.

    Args:
        contents: what was read of each cluster.
        desired: what Git wants now, Secrets and namespaces included.
        pairs: reads a document of Git.
        people: globs of the field managers that are people's tools.
    """

    def __init__(
        self,
        contents: Mapping[str, ClusterContent],
        desired: Callable[[ResourceKey], Desired | None],
        pairs: Pairs,
        people: Iterable[str],
    ) -> None:
        self._contents = contents
        self._desired = desired
        self._pairs = pairs
        self._people = tuple(people)
        self._writers: dict[str, ObjectWriter] = {}
        self._failures: dict[str, GkoError] = {}

    async def open(self, names: Iterable[str], clients: Clients) -> None:
        """Connect to clusters; one that cannot be reached fails at its steps."""
        for name in names:
            try:
                self._writers[name] = ObjectWriter(await clients.of(name), self._people)
            except GkoError as error:
                self._failures[name] = error

    def writer(self, cluster: str) -> ObjectWriter:
        """The writer of a cluster.

        Raises:
            GkoError: it cannot be reached.
        """
        found = self._writers.get(cluster)
        if found is None:
            raise self._failures.get(cluster) or ClusterError("was not opened", subject=cluster)
        return found

    def address(self, key: ResourceKey) -> Address | None:
        """Where an object stands; None where its cluster does not serve the kind."""
        content = self._contents.get(key.cluster)
        served = [state.served for state in content.kinds.values()] if content is not None else []
        return address_of(key, served)

    async def configuration(self, step: Step) -> Mapping[str, Any]:
        """What a step applies, from Git as it is now.

        Raises:
            StalePlan: Git says something else of the resource than the plan was made from.
            GkoError: it cannot be read.
        """
        key, content = step.key, step.content
        if content is None:  # a namespace that nothing defines
            return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": key.name}}
        desired = self._desired(key)
        document = desired.first.document if desired is not None else None
        if document is None or (document.path, document.blob, document.index) != (
            content.path,
            content.blob,
            content.index,
        ):
            raise StalePlan(
                "Git says something else of it than when the plan was made",
                subject=str(key),
                next_step="make a new plan",
            )
        assert desired is not None
        body = self._pairs.read(desired.first)
        cluster = self._contents.get(key.cluster)
        schema = cluster.schema(key.kind) if cluster is not None else NO_SCHEMA
        return to_apply(body, key, step.application, schema)
