"""Open the terminal on a made-up fleet that keeps changing: `python -m tests.bench.synthetic ROWS CHANGES`.

The engine is replaced by one that publishes ROWS rows and then CHANGES changed rows a second.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from gko_tui.opening import run_terminal
from reconciler.engine.fleet import Fleet
from reconciler.model.changes import HopDiff
from reconciler.model.keys import ResourceKey
from reconciler.model.rows import Cell, ClusterTrace, GitTrace, PlaceState, Row
from reconciler.model.verdicts import Place, Verdict

CLUSTERS = tuple(f"cluster-{number}" for number in range(5))
_ROUND_S = 0.02
_VERDICTS = (Verdict.SYNCED, Verdict.SYNCED, Verdict.SYNCED, Verdict.DRIFTED, Verdict.AHEAD, Verdict.FAILED)


def make_row(number: int, verdict: Verdict, now: float) -> Row:
    """Row number so-and-so."""
    key = ResourceKey(CLUSTERS[number % 5], "ApiV4Definition", f"team-{number % 40}", f"api-{number:05}")
    return Row(
        key,
        f"team-{number % 40}",
        Cell(Verdict.SYNCED, now, now),
        Cell(verdict, now, now),
        git_trace=GitTrace("platform", f"apis/{number}.yaml", 1, f"{number:040x}", "ana", now - number),
        cluster_trace=ClusterTrace(f"uid-{number}", str(number), 1, "gko-tui", now),
        version=int(now * 1000),
    )


class Churn:
    """An engine that only publishes."""

    def __init__(self, fleet: Fleet, rows: int, changes: int) -> None:
        self._fleet, self._rows, self._changes = fleet, rows, changes

    async def run(self) -> None:
        now = time.time()
        self._fleet.publish_place(PlaceState(Place.GIT, "platform", "ready", observed_at=now))
        for cluster in CLUSTERS:
            self._fleet.publish_place(PlaceState(Place.CLUSTER, cluster, "ready", observed_at=now))
        rows = [make_row(number, Verdict.SYNCED, now) for number in range(self._rows)]
        self._fleet.publish({row.key: row for row in rows})
        del rows
        dice = random.Random(7)
        due = 0.0
        while True:
            await asyncio.sleep(_ROUND_S)
            due += self._changes * _ROUND_S
            now = time.time()
            some = [
                make_row(dice.randrange(self._rows), dice.choice(_VERDICTS), now) for _ in range(int(due))
            ]
            due -= int(due)
            self._fleet.publish({row.key: row for row in some})

    async def refresh(self) -> None:
        pass

    async def diff(self, key: ResourceKey, hop: Place = Place.CLUSTER) -> HopDiff:
        return HopDiff(hop, "Git", key.cluster, Verdict.SYNCED, ())

    async def document(self, key: ResourceKey, place: Place) -> tuple[str, ...]:
        return (f"name: {key.name}", f"place: {place.value}")

    async def aclose(self) -> None:
        pass


def main(rows: int, changes: int) -> int:
    """Open the terminal on it."""
    named: Any = SimpleNamespace(
        clusters=tuple(SimpleNamespace(name=name) for name in CLUSTERS),
        sources=(SimpleNamespace(name="platform"),),
    )
    with tempfile.TemporaryDirectory() as folder:
        where: Any = SimpleNamespace(state=Path(folder), cache=Path(folder))
        return run_terminal(
            named,
            where,
            environ=os.environ,
            engine_factory=lambda fleet: Churn(fleet, rows, changes),
        )


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
