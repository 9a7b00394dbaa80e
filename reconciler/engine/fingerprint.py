"""Cheap equality: a keyed digest of what is comparable, plus one entry per label and annotation.

Most of a fleet is in sync, so most comparisons must cost a few bytes. A fingerprint is 16 bytes for the
normalised body, then 17 for each label and annotation: 8 of the path, 8 of the value, and whether it counts
where the other side does not state it. A tool's own mark does not; what anybody else added does (ENGINE
§4.8). Fingerprints hold no values and may be kept on disk.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from reconciler.rules.comparing import comparable_digest, metadata_digests
from reconciler.rules.normalise import normalise, shaped
from reconciler.rules.ruleset import RuleSet
from reconciler.rules.schema import Schema

_BODY = 16
_PATH = 8
_ENTRY = 17
_COUNTS, _MARK = b"\x01", b"\x00"
_FORMAT = b"2"
"""Fingerprints of another layout are of another context, so that none that was kept is ever compared."""


class Fingerprinter:
    """Makes fingerprints under one key and one rule set.

    Args:
        key: this machine's digest key, 32 bytes.
        ruleset: the rules of normalisation.
    """

    def __init__(self, key: bytes, ruleset: RuleSet) -> None:
        self.key = key
        self.ruleset = ruleset
        self._contexts: dict[bytes, bytes] = {}

    def context(self, schema: Schema) -> bytes:
        """What decides a fingerprint besides the body: schema, rules and key, as 16 bytes."""
        found = self._contexts.get(schema.digest)
        if found is None:
            named = schema.digest + self.ruleset.digest + _FORMAT
            hashed = hashlib.blake2b(named, key=self.key, digest_size=16)
            found = self._contexts[schema.digest] = hashed.digest()
        return found

    def of(self, body: Mapping[str, Any], schema: Schema) -> bytes:
        """The fingerprint of a body under a schema."""
        return self.of_normalised(normalise(dict(body), schema, self.ruleset))

    def as_it_is(self, body: Mapping[str, Any]) -> bytes:
        """The fingerprint that a body has if it needs no normalising; a tenth of the work."""
        return self.of_normalised(shaped(dict(body), self.ruleset))

    def of_normalised(self, normalised: dict[str, Any]) -> bytes:
        """The fingerprint of a body that has been normalised already."""
        entries, counting = metadata_digests(normalised, self.key)
        return comparable_digest(normalised, self.key) + b"".join(
            path + value + (_COUNTS if path in counting else _MARK) for path, value in sorted(entries.items())
        )


def same(left: bytes, right: bytes) -> bool:
    """Whether two sides are equal in all that counts, by fingerprints of one context."""
    if left == right:
        return True
    if left[:_BODY] != right[:_BODY]:
        return False
    mine, theirs = _entries(left), _entries(right)
    return all(_agree(mine.get(path), theirs.get(path)) for path in mine.keys() | theirs.keys())


def _agree(mine: bytes | None, theirs: bytes | None) -> bool:
    """Whether the entries of one path agree: the values, or that one side has a mark that counts nowhere."""
    if mine is not None and theirs is not None:
        return mine[:-1] == theirs[:-1]
    return (mine or theirs or _MARK)[-1:] == _MARK


def _entries(fingerprint: bytes) -> dict[bytes, bytes]:
    """Value and whether it counts, by path."""
    return {
        fingerprint[at : at + _PATH]: fingerprint[at + _PATH : at + _ENTRY]
        for at in range(_BODY, len(fingerprint), _ENTRY)
    }
