"""Fingerprints of cluster objects, kept by (uid, resourceVersion).

While a body is at hand, only what it would be without normalising is noted. In a fleet in sync that mostly
equals what Git's side became, and then it is the fingerprint; else the body is normalised when it is
compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from reconciler.engine.fingerprint import Fingerprinter, same
from reconciler.ledger.digest_cache import DigestCache
from reconciler.rules.schema import Schema

if TYPE_CHECKING:
    from reconciler.cluster.objects import ClusterObject

_NONE = ("", b"")


class ActualPrints:
    """The fingerprints of the right side of the cluster hop.

    Args:
        fingerprinter: key and rules.
        cache: what survives restarts.
    """

    def __init__(self, fingerprinter: Fingerprinter, cache: DigestCache) -> None:
        self._fingerprinter = fingerprinter
        self._cache = cache
        self._stored: dict[bytes, dict[str, tuple[str, bytes]]] = {}
        self._as_it_is: dict[str, tuple[str, bytes]] = {}
        self._unsaved: dict[bytes, dict[str, tuple[str, bytes]]] = {}

    def arrived(self, found: ClusterObject, body: Mapping[str, Any], schema: Schema) -> None:
        """An object came from its cluster: note what it is as it stands, while its body is parsed."""
        version, _ = self._of(self._fingerprinter.context(schema)).get(found.uid, _NONE)
        if version != found.resource_version:
            self._as_it_is[found.uid] = (found.resource_version, self._fingerprinter.as_it_is(body))

    def get(self, found: ClusterObject, schema: Schema, others: Iterable[bytes | None] = ()) -> bytes:
        """The fingerprint of an object under the schema of now.

        Args:
            found: the object; its body is inflated only if it equals none of the others as it stands.
            schema: what its cluster serves for the kind.
            others: fingerprints of the other side, as far as they are known.
        """
        context = self._fingerprinter.context(schema)
        stored = self._of(context)
        version, made = stored.get(found.uid, _NONE)
        if version == found.resource_version:
            return made
        version, made = self._as_it_is.pop(found.uid, _NONE)
        usable = version == found.resource_version
        if not (usable and any(other is not None and same(other, made) for other in others)):
            made = self._fingerprinter.of(found.body(), schema)
        stored[found.uid] = (found.resource_version, made)
        self._unsaved.setdefault(context, {})[found.uid] = (found.resource_version, made)
        return made

    def save(self) -> None:
        """Keep what was made since the last call; blocking, for a worker thread."""
        unsaved, self._unsaved = self._unsaved, {}
        for context, entries in unsaved.items():
            self._cache.save(context, [(uid, version, made) for uid, (version, made) in entries.items()])

    def _of(self, context: bytes) -> dict[str, tuple[str, bytes]]:
        stored = self._stored.get(context)
        if stored is None:
            stored = self._stored[context] = self._cache.load(context)
        return stored
