"""Comparing two places: the cheap equality, the differences, and the verdict with its directions.

This is the face of the comparing modules; the engine imports from here.
"""

from __future__ import annotations

from typing import Any

from reconciler.rules.differing import differences
from reconciler.rules.digests import (
    LeafDigests,
    comparable_digest,
    leaf_digests,
    metadata_digests,
    pack_leaves,
    unpack_leaves,
)
from reconciler.rules.ignoring import Subject
from reconciler.rules.judging import Judgement, judge
from reconciler.rules.metadata import compared_sides

__all__ = [
    "Judgement",
    "LeafDigests",
    "Subject",
    "comparable_digest",
    "compared_sides",
    "differences",
    "judge",
    "leaf_digests",
    "metadata_digests",
    "pack_leaves",
    "stated_metadata",
    "unpack_leaves",
]


def stated_metadata(normalised: dict[str, Any]) -> dict[str, Any]:
    """The labels and annotations that a document states: all that is compared of its metadata."""
    metadata = normalised.get("metadata")
    return metadata if isinstance(metadata, dict) else {}
