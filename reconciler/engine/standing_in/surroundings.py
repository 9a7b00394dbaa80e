"""Everything on one cluster that resources and their reconciles look at, and what of it has moved.

Kept by listing (a watch may feed `note` and `gone` instead). Secrets and ConfigMaps are read by name, only
those that somebody asked for, and never kept anywhere but here.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from reconciler.cluster.addresses import Address, address_of
from reconciler.cluster.kinds import ServedKind, served_kinds
from reconciler.cluster.listing import list_kind
from reconciler.engine.standing_in.signatures import Signature, signature_of
from reconciler.model.errors import ClusterError
from reconciler.model.keys import GROUP, ResourceKey, same_kind
from reconciler.rules.apim.references import Unreadable
from reconciler.rules.apim.standing_in.local import LABELS
from reconciler.rules.apim.standing_in.marks import KINDS

if TYPE_CHECKING:
    from reconciler.cluster.client import KubeClient

SOURCES = ("Secret", "ConfigMap")
_AT_ONCE = 8
"""Secrets and ConfigMaps that are read at the same time."""

Values = Mapping[str, str] | Unreadable | None


class Thing(NamedTuple):
    """An object of the cluster, as `waits_for` of a failure names it: `Kind/namespace/name`."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}"

    @classmethod
    def named(cls, text: str) -> Thing | None:
        """Read what `str` gives; None for anything else."""
        parts = text.split("/")
        return cls(*parts) if len(parts) == 3 and all(parts) else None


def thing_of(body: Mapping[str, Any]) -> Thing:
    """The name of an object."""
    metadata = body["metadata"]
    return Thing(str(body["kind"]), str(metadata.get("namespace", "")), str(metadata["name"]))


class Moved(NamedTuple):
    """What moved: things that have to be looked at themselves, and those whose users have to be."""

    own: frozenset[Thing]
    seen_by_users: frozenset[Thing]


class Surroundings:
    """One cluster.

    Args:
        client: the connection.
        cluster: its name in the configuration.
    """

    def __init__(self, client: KubeClient, cluster: str) -> None:
        self.client = client
        self.cluster = cluster
        self._served: tuple[ServedKind, ...] = ()
        self._bodies: dict[Thing, dict[str, Any]] = {}
        self._signatures: dict[Thing, Signature] = {}
        self._values: dict[Thing, Values] = {}
        self._config_maps: dict[Thing, dict[str, Any]] = {}

    # --- what is there ---------------------------------------------------------------------

    def get(self, thing: Thing) -> dict[str, Any] | None:
        """An object as it was last seen; kinds may be written as references write them."""
        found = self._bodies.get(thing)
        if found is None:
            kind = next((one.kind for one in self._served if same_kind(one.kind, thing.kind)), thing.kind)
            found = self._bodies.get(thing._replace(kind=kind))
        return found

    def every(self, *kinds: str) -> Iterator[dict[str, Any]]:
        """All objects of some kinds; of all kinds that are stood in for where none is named."""
        for thing, body in list(self._bodies.items()):
            if not kinds or thing.kind in kinds:
                yield body

    def unserved_by_us(self) -> tuple[ServedKind, ...]:
        """Kinds of the group that the cluster serves and nobody here knows: shown, never touched."""
        return tuple(kind for kind in self._served if kind.kind not in KINDS)

    def address(self, thing: Thing) -> Address | None:
        """Where an object stands; None where the cluster does not serve the kind."""
        return address_of(ResourceKey(self.cluster, *thing), self._served)

    def values(self, thing: Thing) -> Values:
        """A Secret's or ConfigMap's data as it was last read; KeyError where it never was."""
        return self._values[thing]

    def config_map(self, api: Thing) -> dict[str, Any] | None:
        """The ConfigMap of an API's name that is marked as one of the local mode."""
        return self._config_maps.get(api._replace(kind="ConfigMap"))

    def note_config_map(self, api: Thing, body: Mapping[str, Any] | None) -> None:
        """The ConfigMap of an API was just written so; None: it is gone."""
        thing = api._replace(kind="ConfigMap")
        if body is None:
            self._config_maps.pop(thing, None)
        else:
            self._config_maps[thing] = dict(body)

    # --- reading ---------------------------------------------------------------------------

    async def refresh(self) -> Moved:
        """List every kind that is stood in for, and read the Secrets and ConfigMaps that are in use again.

        Raises:
            ClusterError: a kind could not be listed whole: then nothing is taken over, for an object that is
                missing in half a list is not gone.
        """
        self._served = await served_kinds(self.client, GROUP)
        known = [kind for kind in self._served if kind.kind in KINDS]
        listed = await asyncio.gather(*map(self._listed, known))
        now = {thing_of(body): body for bodies in listed for body in bodies}
        moved = Moved(frozenset(), frozenset())
        for thing in self._bodies.keys() - now.keys():
            moved = _joined(moved, self.gone(thing))
        for body in now.values():
            moved = _joined(moved, self.note(body))
        changed = await self.read(self._values)
        return Moved(moved.own | await self._config_maps_moved(), moved.seen_by_users | changed)

    def note(self, body: dict[str, Any]) -> Moved:
        """An object is so now; what of it is news."""
        thing = thing_of(body)
        before, after = self._signatures.get(thing), signature_of(body)
        self._bodies[thing], self._signatures[thing] = body, after
        only = frozenset({thing})
        none: frozenset[Thing] = frozenset()
        if before is None:
            return Moved(only, only)
        return Moved(
            only if before.own != after.own else none,
            only if before.for_users != after.for_users else none,
        )

    def gone(self, thing: Thing) -> Moved:
        """An object is gone."""
        self._signatures.pop(thing, None)
        there = self._bodies.pop(thing, None) is not None
        only = frozenset({thing}) if there else frozenset()
        return Moved(only, only)

    async def read(self, things: Iterable[Thing]) -> frozenset[Thing]:
        """Read Secrets and ConfigMaps; those that came out differently than before."""
        slots = asyncio.Semaphore(_AT_ONCE)

        async def one(thing: Thing) -> bool:
            async with slots:
                values = await self._read_values(thing)
            before = self._values.get(thing, Unreadable(""))
            self._values[thing] = values
            return before != values

        names = tuple(things)
        moved = await asyncio.gather(*map(one, names))
        return frozenset(name for name, changed in zip(names, moved, strict=True) if changed)

    async def fresh(self, thing: Thing) -> dict[str, Any] | None:
        """An object as it is now; None where there is none.

        Raises:
            ClusterError: it cannot be read.
        """
        address = self.address(thing)
        if address is None:
            return None
        try:
            body = await self.client.get(address.path)
        except ClusterError as error:
            if error.status == 404:
                return None
            raise
        return {**body, "apiVersion": address.api_version, "kind": address.kind}

    def forget_values(self, used: Iterable[Thing]) -> None:
        """Keep only the Secrets and ConfigMaps that somebody still uses."""
        kept = set(used)
        self._values = {thing: values for thing, values in self._values.items() if thing in kept}

    # ---------------------------------------------------------------------------------------

    async def _listed(self, kind: ServedKind) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        async for page in list_kind(self.client, kind):
            if page.restarted:
                found.clear()
            found += page.items
        stated = {"apiVersion": f"{GROUP}/{kind.version}", "kind": kind.kind}
        return [{**item, **stated} for item in found]

    async def _config_maps_moved(self) -> frozenset[Thing]:
        """List the ConfigMaps of the local mode; the APIs whose ConfigMap is not what it was."""
        selector = ",".join(f"{name}={value}" for name, value in sorted(LABELS.items()))
        try:
            body = await self.client.get("/api/v1/configmaps", labelSelector=selector)
        except ClusterError:
            return frozenset()  # without that right, what an API writes itself is all that is known
        items = [item for item in body.get("items") or () if isinstance(item, dict)]
        now = {thing_of({**item, "kind": "ConfigMap"}): item for item in items}
        before, self._config_maps = self._config_maps, now
        other = {
            thing
            for thing in before.keys() | now.keys()
            if before.get(thing, {}).get("data") != now.get(thing, {}).get("data")
        }
        apis = {thing._replace(kind=kind) for thing in other for kind in ("ApiV4Definition", "ApiDefinition")}
        return frozenset(apis & self._bodies.keys())

    async def _read_values(self, thing: Thing) -> Values:
        try:
            body = await self.fresh(thing)
        except ClusterError as error:
            return Unreadable(error.sentence())
        if body is None:
            return None
        if thing.kind == "Secret":
            return _texts(body.get("data"))
        data = body.get("data")
        return {str(k): v for k, v in data.items() if isinstance(v, str)} if isinstance(data, dict) else {}


def _joined(one: Moved, other: Moved) -> Moved:
    return Moved(one.own | other.own, one.seen_by_users | other.seen_by_users)


def _texts(data: object) -> dict[str, str]:
    """The values of a Secret as text; what is no text is of no use to a body."""
    found: dict[str, str] = {}
    for key, value in data.items() if isinstance(data, dict) else ():
        try:
            found[str(key)] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, ValueError, TypeError):
            continue
    return found
