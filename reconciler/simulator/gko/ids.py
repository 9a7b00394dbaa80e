"""Ids that GKO makes itself, for what APIM does not derive from an HRID.

The real operator takes them from an xxh3 hash, this one from MD5: they are as long and as stable, and nothing
but equality is ever asked of them.
"""

from __future__ import annotations

import hashlib
import uuid


def own_id(*parts: str) -> str:
    """An id that follows from these texts."""
    return str(uuid.UUID(bytes=hashlib.md5("".join(parts).encode(), usedforsecurity=False).digest()))
