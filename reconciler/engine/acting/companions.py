"""What stands in an application's folder beside its resources: Secrets, ConfigMaps, namespaces, CRDs.

They are of Kubernetes, not of group gravitee.io: no row shows them, and only a plan reads them, one by one
and with the user's own rights. Namespaces and CRDs are created where they are missing and otherwise left to
those who look after the cluster.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reconciler.cluster.addresses import address_of
from reconciler.engine.desired import Definition, Desired, git_trace, place
from reconciler.engine.downstream.clients import Clients, is_absent
from reconciler.engine.planning.gathering import compared, found_from, wanted_from
from reconciler.engine.planning.manifests import as_stored
from reconciler.engine.planning.subjects import Subject, Wanted
from reconciler.model.errors import GkoError
from reconciler.model.keys import ResourceKey
from reconciler.rules.schema import Schema

if TYPE_CHECKING:
    from reconciler.engine.desired import Rendered
    from reconciler.engine.pairs import Pairs

_COMPARED = frozenset({"Secret", "ConfigMap"})
_ONLY_CREATED = frozenset({"Namespace", "CustomResourceDefinition"})
COMPANIONS = _COMPARED | _ONLY_CREATED
_GROUPS = {"CustomResourceDefinition": "apiextensions.k8s.io"}
AT_A_TIME = 8
NO_SCHEMA = Schema({})


def companions_of(rendered: Rendered) -> dict[ResourceKey, Desired]:
    """What an application brings along beside its resources, by key, on each of its clusters."""
    found: dict[ResourceKey, Desired] = {}
    if rendered.rendering is None:
        return found
    for document in rendered.rendering.documents:
        named = document.key
        if named.kind not in COMPANIONS or named.group != _GROUPS.get(named.kind, ""):
            continue
        one = Definition(rendered.application.name, rendered.rendering.source, document)
        touch = rendered.touches.get((document.path, document.index))
        for placed in place(named.kind, named.namespace, named.name, rendered.application):
            key = placed._replace(namespace="") if named.kind in _ONLY_CREATED else placed
            have = found.get(key)
            definitions = (*have.definitions, one) if have is not None else (one,)
            found[key] = Desired(definitions, git_trace(one.source, document, touch))
    return found


async def companion_subjects(
    wanted: Iterable[tuple[ResourceKey, Desired | None, str]],
    clients: Clients,
    pairs: Pairs,
    digest_key: bytes,
) -> list[Subject]:
    """Read them on their clusters and compare.

    Args:
        wanted: each with what Git says of it (None: it left Git) and the 40-hex revision that was rendered.
        clients: the clusters.
        pairs: reads what Git holds.
        digest_key: this machine's, for what is redacted.
    """
    gate = asyncio.Semaphore(AT_A_TIME)

    async def subject(key: ResourceKey, desired: Desired | None, revision: str) -> Subject:
        one: Wanted | None = None
        try:
            if desired is not None:
                one = wanted_from(desired, revision, None)
                body = as_stored(await asyncio.to_thread(pairs.read, desired.first))
                one = replace(one, body=body)
            async with gate:
                found = await _read(clients, key)
        except GkoError as error:
            return Subject(key, one, None, unreadable=error.sentence())
        there = found_from(found) if found is not None else None
        if there is not None and key.kind in _ONLY_CREATED:
            return Subject(key, one, there)
        return compared(key, one, there, NO_SCHEMA, digest_key=digest_key)

    return list(await asyncio.gather(*(subject(*one) for one in wanted)))


async def _read(clients: Clients, key: ResourceKey) -> dict[str, Any] | None:
    client = await clients.of(key.cluster)
    address = address_of(key, ())
    assert address is not None  # all these kinds are Kubernetes' own
    try:
        return await client.get(address.path)
    except GkoError as error:
        if is_absent(error):
            return None
        raise
