"""Fingerprints of cluster objects, made while their bodies are at hand and kept by (uid, resourceVersion)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from reconciler.engine.fingerprint import Fingerprinter
from reconciler.ledger.digest_cache import DigestCache
from reconciler.rules.schema import Schema

if TYPE_CHECKING:
    from reconciler.cluster.objects import ClusterObject


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
        self._unsaved: dict[bytes, dict[str, tuple[str, bytes]]] = {}

    def arrived(self, found: ClusterObject, body: Mapping[str, Any], schema: Schema) -> None:
        """An object came from its cluster: know its fingerprint while its body is parsed."""
        self._find(found, schema, body)

    def get(self, found: ClusterObject, schema: Schema) -> bytes:
        """The fingerprint of an object under the schema of now; inflates its body if it must."""
        return self._find(found, schema, None)

    def save(self) -> None:
        """Keep what was made since the last call; blocking, for a worker thread."""
        unsaved, self._unsaved = self._unsaved, {}
        for context, entries in unsaved.items():
            self._cache.save(context, [(uid, version, made) for uid, (version, made) in entries.items()])

    def _find(self, found: ClusterObject, schema: Schema, body: Mapping[str, Any] | None) -> bytes:
        context = self._fingerprinter.context(schema)
        stored = self._stored.get(context)
        if stored is None:
            stored = self._stored[context] = self._cache.load(context)
        version, made = stored.get(found.uid, ("", b""))
        if version != found.resource_version:
            made = self._fingerprinter.of(body if body is not None else found.body(), schema)
            stored[found.uid] = (found.resource_version, made)
            self._unsaved.setdefault(context, {})[found.uid] = (found.resource_version, made)
        return made
