"""Sources over local repositories, with the few arguments that a test cares about."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from reconciler.git.cache import ParseCache
from reconciler.git.source import GitSource
from reconciler.settings.model import Source
from reconciler.settings.paths import StatePaths


def local_source(
    path: Path,
    *,
    ref: str | None = None,
    cache: ParseCache | None = None,
    environ: Mapping[str, str] | None = None,
) -> GitSource:
    """A source named `apis` over the repository at (or around) a path."""
    paths = StatePaths(path / "unused", path / "unused")
    env = {"PATH": os.environ["PATH"]} if environ is None else environ
    return GitSource(
        Source(name="apis", path=path, ref=ref), paths, cache=cache, environ=env, clock=lambda: 0.0
    )
