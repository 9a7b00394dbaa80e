"""An object of a cluster as it is kept: its identity, a summary, and its body as compressed bytes.

Ten thousand bodies as dicts would cost hundreds of megabytes; packed they cost about one kilobyte each.
"""

from __future__ import annotations

import sys
import zlib
from dataclasses import dataclass
from typing import Any

import orjson

from reconciler.cluster.trace import trace_of
from reconciler.model.keys import ResourceKey
from reconciler.model.rows import ClusterTrace

_DICTIONARY_BYTES = 16_384
_dictionaries: dict[str, bytes] = {}
"""Kind → the first body of that kind: its objects are alike, so what they share is kept once."""

SMALL = 1
"""How hard to pack what stays: level 6 saves a fifth of the bytes and takes three times as long."""
QUICK = 0
"""How hard to pack what is read once and let go: not at all, it stays as JSON."""
_JSON = b"{"
"""What JSON begins with, and no packed body does (RFC 1950: a method other than deflate)."""


@dataclass(frozen=True, slots=True)
class ClusterObject:
    """One custom resource as a cluster holds it. `packed` is its whole body; `body()` unpacks it."""

    key: ResourceKey
    uid: str
    resource_version: str
    generation: int
    labels: tuple[tuple[str, str], ...]
    trace: ClusterTrace
    packed: bytes

    def body(self) -> dict[str, Any]:
        """Return the whole object, as the cluster gave it (a new dict each time)."""
        if self.packed.startswith(_JSON):
            plain: dict[str, Any] = orjson.loads(self.packed)
            return plain
        inflater = zlib.decompressobj(zdict=_dictionaries[self.key.kind])
        body: dict[str, Any] = orjson.loads(inflater.decompress(self.packed) + inflater.flush())
        return body


def key_of(cluster: str, kind: str, item: dict[str, Any]) -> ResourceKey:
    """Return the key of an object of that kind on that cluster."""
    metadata = item["metadata"]
    return ResourceKey(
        sys.intern(cluster), kind, sys.intern(metadata.get("namespace", "")), sys.intern(metadata["name"])
    )


def pack(cluster: str, kind: str, item: dict[str, Any], *, level: int = SMALL) -> ClusterObject:
    """Keep an object of a listing or a watch event.

    Args:
        cluster: the cluster's name in the configuration.
        kind: the object's kind (items of a listing need not state it).
        item: the object, with at least `metadata.name`.
        level: `SMALL` or `QUICK`.
    """
    metadata = item["metadata"]
    trace = trace_of(metadata)
    return ClusterObject(
        key=key_of(cluster, kind, item),
        uid=trace.uid,
        resource_version=trace.resource_version,
        generation=trace.generation,
        labels=tuple(
            sorted((sys.intern(k), sys.intern(v)) for k, v in (metadata.get("labels") or {}).items())
        ),
        trace=trace,
        packed=_packed(kind, orjson.dumps(item), level),
    )


def _packed(kind: str, data: bytes, level: int) -> bytes:
    if level == QUICK:
        return data
    # `setdefault` is atomic: whichever thread comes first decides the dictionary, once and for all.
    dictionary = _dictionaries.setdefault(kind, data[-_DICTIONARY_BYTES:])
    deflater = zlib.compressobj(level, zdict=dictionary)
    return deflater.compress(data) + deflater.flush()
