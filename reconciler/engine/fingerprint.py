"""Cheap equality: a keyed digest of what is comparable, plus one entry per label and annotation.

Most of a fleet is in sync, so most comparisons must cost a few bytes. A fingerprint is 16 bytes for the
normalised body, then 16 for each label and annotation (8 of the path, 8 of the value). The left side's
entries must all be found on the right: what a cluster adds to metadata is not drift (ENGINE §4.8 speaks of
`spec`). Fingerprints hold no values and may be kept on disk.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from reconciler.rules.comparing import comparable_digest, leaf_digests
from reconciler.rules.normalise import normalise
from reconciler.rules.ruleset import RuleSet
from reconciler.rules.schema import Schema

_BODY = 16
_ENTRY = 16


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
            hashed = hashlib.blake2b(schema.digest + self.ruleset.digest, key=self.key, digest_size=16)
            found = self._contexts[schema.digest] = hashed.digest()
        return found

    def of(self, body: Mapping[str, Any], schema: Schema) -> bytes:
        """The fingerprint of a body under a schema."""
        return self.of_normalised(normalise(dict(body), schema, self.ruleset))

    def of_normalised(self, normalised: dict[str, Any]) -> bytes:
        """The fingerprint of a body that has been normalised already."""
        metadata = normalised.get("metadata")
        entries = leaf_digests({"metadata": metadata}, self.key) if metadata else {}
        body = comparable_digest(normalised, self.key)
        return body + b"".join(path + value for path, value in sorted(entries.items()))


def same(left: bytes, right: bytes) -> bool:
    """Whether the right side is what the left one states, by fingerprints of one context."""
    if left[:_BODY] != right[:_BODY]:
        return False
    return len(left) == _BODY or _entries(left) <= _entries(right)


def _entries(fingerprint: bytes) -> set[bytes]:
    return {fingerprint[at : at + _ENTRY] for at in range(_BODY, len(fingerprint), _ENTRY)}
