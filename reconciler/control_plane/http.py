"""Loads httpx without its command line, which would bring a terminal library into the engine.

The rooms beside this one have the same few lines; rooms beside one another do not import each other.
"""

from __future__ import annotations

import sys
from types import ModuleType


def load_httpx() -> None:
    """Import httpx (about 0.1 s the first time) with the optional part `httpx._main` taken for absent."""
    if "httpx" in sys.modules:
        return
    modules: dict[str, ModuleType | None] = sys.modules  # type: ignore[assignment]
    modules["httpx._main"] = None
    try:
        import httpx  # noqa: F401
    finally:
        sys.modules.pop("httpx._main", None)
