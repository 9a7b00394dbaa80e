"""Loads httpx without what its own command line needs.

`import httpx` also imports its command line where click is installed, and with it Rich and Pygments: 0.1 s
and a terminal library in a process that may have no terminal. httpx copes with that part being absent.
"""

from __future__ import annotations

import sys
from types import ModuleType


def load_httpx() -> ModuleType:
    """Import httpx (about 0.1 s the first time) and return it."""
    if "httpx" in sys.modules:
        return sys.modules["httpx"]
    blocked: dict[str, ModuleType | None] = sys.modules  # type: ignore[assignment]
    blocked["httpx._main"] = None  # the documented way to make an import fail
    try:
        import httpx
    finally:
        sys.modules.pop("httpx._main", None)
    return httpx
