"""A thing's state as it is kept: compressed JSON, and a digest that tells whether two are equal.

Ten thousand bodies as dicts would cost hundreds of megabytes. Bodies may hold secrets (endpoints' passwords,
properties): they stay in memory and are in no repr.
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass, field
from typing import Any

import orjson

_DICTIONARY_BYTES = 16_384
_dictionaries: dict[str, bytes] = {}
"""Kind → the first body of that kind: states of a kind are alike, so what they share is kept once."""
_LEVEL = 1


@dataclass(frozen=True, slots=True)
class PackedState:
    """What a control plane holds of one thing.

    `digest` is equal for equal bodies, of this process only: it must not leave the machine's memory.
    """

    kind: str
    digest: bytes = field(repr=False)
    packed: bytes = field(repr=False)

    def body(self) -> dict[str, Any]:
        """Return the whole body, as APIM gave it (a new dict each time)."""
        inflater = zlib.decompressobj(zdict=_dictionaries[self.kind])
        body: dict[str, Any] = orjson.loads(inflater.decompress(self.packed) + inflater.flush())
        return body


def pack(kind: str, body: dict[str, Any]) -> PackedState:
    """Keep a body that was read.

    Args:
        kind: the kind of the thing.
        body: as APIM gave it.

    Raises:
        ValueError: it is nested deeper than anything that APIM holds.
    """
    digest = digest_of(body)
    data = orjson.dumps(body)
    # `setdefault` is atomic: whichever thread comes first decides the dictionary, once and for all.
    dictionary = _dictionaries.setdefault(kind, data[-_DICTIONARY_BYTES:])
    deflater = zlib.compressobj(_LEVEL, zdict=dictionary)
    packed = deflater.compress(data) + deflater.flush()
    return PackedState(kind, digest, packed)


def digest_of(body: object) -> bytes:
    """Eight bytes that are equal for equal JSON.

    Raises:
        ValueError: it is nested too deeply (more than some 250 levels).
    """
    try:
        canonical = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        raise ValueError("nested too deeply") from None
    return hashlib.blake2b(canonical, digest_size=8).digest()
