"""Giving memory back after a large pass: thousands of bodies were parsed and let go.

The allocator keeps freed pages for later; a dashboard that runs for days on an SRE's machine should not.
"""

from __future__ import annotations

import ctypes
import gc
import sys

LARGE_PASS = 1_000
"""Rows changed by one pass from which giving back is worth some milliseconds."""


def give_back(changed: int) -> None:
    """Return freed pages to the system after a pass that changed many rows (glibc only)."""
    if changed < LARGE_PASS or not sys.platform.startswith("linux"):
        return
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
