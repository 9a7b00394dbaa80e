"""What the demo's tests share: its story, told from one fixed instant."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

from reconciler.simulator.demo.catalogue import folders
from reconciler.simulator.demo.changes import COMMITS
from reconciler.simulator.demo.timeline import Timeline, play

NOW = datetime(2030, 5, 14, 9, 30, tzinfo=UTC).timestamp()


@cache
def story(now: float = NOW) -> Timeline:
    """The demo's timeline."""
    return play(folders(), COMMITS, now)
