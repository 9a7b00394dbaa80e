"""How soon drift is healed: fields edited and added on the cluster, APIs and plans edited in the Console.

usage: python -m tests.bench.healing [--apis 500] [--drifted 50]

The whole platform is in this process, over loopback; the engine and its healer run as `gko-reconciler` runs
them, in mode `heal`. Half of the drift is made on the cluster (edits, and plans that were added), half at the
control plane (descriptions, and plans whose edits move no instant). Prints one JSON object: seconds from the
edit until the engine's row shows it and until it is as before, how many writes each drifted place took, and
what else was written.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.engine.fleet import Fleet
from reconciler.model.keys import ResourceKey
from reconciler.model.verdicts import Verdict
from tests.integration.acting.failing import FailingApim
from tests.integration.chain.scene import API, CLUSTER, api, sent
from tests.integration.healing.scene import Healing, healing

AT_MOST_BEYOND_S = 2.0
"""The bar: within the interval of its place, and so much more."""
_LOOK_S = 0.02
_GIVE_UP_S = 900.0


class Counted(Healing):
    """A scene whose control plane counts what would change something."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, gateways=False)
        self.server = self.failing = FailingApim(self.apim)


@dataclass
class Drift:
    """One drifted place, and when what happened to it (seconds of a running clock)."""

    name: str
    place: str
    is_back: Callable[[], bool]
    made: float = 0.0
    seen: float = 0.0
    healed: float = 0.0


def main() -> None:
    """Measure once."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--apis", type=int, default=500)
    parser.add_argument("--drifted", type=int, default=50)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(asyncio.run(measured(Path(folder), arguments.apis, arguments.drifted)), indent=2))


async def measured(folder: Path, count: int, drifted: int) -> dict[str, Any]:
    """Make the drift, and follow it until all of it is healed."""
    scene = Counted(folder)
    await scene.start()
    scene.cluster.add_namespace("pay")
    names = [f"api-{at:04}" for at in range(count)]
    try:
        await scene.bring(*map(api, names))
        for name in names:
            accepted(scene, name)
            scene.apim.put_api("DEFAULT", sent(api(name)))
        async with healing(scene) as (engine, _, told):
            await until_in_sync(engine.fleet, count)
            versions, before = scene.versions(), len(scene.failing.puts)
            drifts = [
                made(scene, name, at) for at, name in enumerate(names[:: max(1, count // drifted)][:drifted])
            ]
            await followed(engine.fleet, drifts)
            after = scene.versions()
            wrote = Counter(scene.failing.puts[before:])
            done = Counter(str(facts["resource"]) for facts in told.of("done"))
    finally:
        await scene.stop()
    touched = {drift.name for drift in drifts if drift.place == "cluster"}
    return {
        "apis": count,
        **{place: figures([one for one in drifts if one.place == place]) for place in PLACES},
        "bar_beyond_interval_s": AT_MOST_BEYOND_S,
        "writes_of_the_loop_per_resource": dict(Counter(done.values())),
        "puts_per_drifted_api": dict(Counter(wrote.values())),
        "others_touched_on_the_cluster": sum(
            versions[name] != after[name] for name in names if name not in touched
        ),
    }


PLACES = ("cluster", "control plane, shown by its list", "control plane, shown by a deep round")


def made(scene: Counted, name: str, at: int) -> Drift:
    """Make one drift; every second one on the cluster, the others in turn at the control plane."""
    if at % 2 == 0:
        before = scene.spec(name)
        more = {"extra": {"name": "Extra", "security": {"type": "KEY_LESS"}}}
        changed = {"description": "by hand"} if at % 4 else {"plans": {**before["plans"], **more}}
        drift = Drift(name, PLACES[0], lambda: scene.spec(name) == before, time.monotonic())
        scene.edit(name, **changed)
        return drift
    own = scene.apim.api("DEFAULT", scene.id_of(name))
    if at % 4 == 1:
        drift = Drift(name, PLACES[1], lambda: own.raw.get("description") == "Takes money", time.monotonic())
        scene.apim.edit_api("DEFAULT", own.id, description="by hand")
        return drift
    plan = next(iter(own.plans.values()))
    drift = Drift(name, PLACES[2], lambda: plan_of(scene, name) != "by hand", time.monotonic())
    scene.apim.edit_plan("DEFAULT", own.id, plan.id, description="by hand")
    return drift


def plan_of(scene: Counted, name: str) -> Any:
    """The description of an API's plan at the control plane."""
    own = scene.apim.api("DEFAULT", scene.id_of(name))
    return next(iter(own.plans.values())).body.get("description")


def accepted(scene: Counted, name: str) -> None:
    """GKO has brought it."""
    body = scene.cluster.get(API, "pay", name)
    assert body is not None
    condition = {
        "type": "Accepted",
        "status": "True",
        "reason": "Accepted",
        "message": "",
        "observedGeneration": body["metadata"]["generation"],
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    status = {"conditions": [condition], "processingStatus": "Completed"}
    scene.cluster.update({**body, "status": status}, manager="manager", subresource="status")


async def until_in_sync(fleet: Fleet, count: int) -> None:
    """Wait until every API was read at every place."""
    end = time.monotonic() + _GIVE_UP_S
    while True:
        rows = [row for key, row in fleet.rows().items() if key.kind == API]
        well = [
            row for row in rows if row.state is Verdict.SYNCED and row.control_plane.verdict is Verdict.SYNCED
        ]
        if len(well) == count:
            return
        assert time.monotonic() < end, Counter((row.state, row.control_plane.causes) for row in rows)
        await asyncio.sleep(0.2)


async def followed(fleet: Fleet, drifts: list[Drift]) -> None:
    """Note when each drift is seen, and when it is as before."""
    end = time.monotonic() + _GIVE_UP_S
    while any(not drift.healed for drift in drifts) and time.monotonic() < end:
        now = time.monotonic()
        for drift in drifts:
            if not drift.healed and drift.is_back():
                drift.healed, drift.seen = now, drift.seen or now
            elif not drift.seen:
                row = fleet.row(ResourceKey(CLUSTER, API, "pay", drift.name))
                if row is not None and row.state is not Verdict.SYNCED:
                    drift.seen = now
        await asyncio.sleep(_LOOK_S)


def figures(drifts: list[Drift]) -> dict[str, Any]:
    """Seconds until it was seen, and from then on until it was healed."""
    healed = [drift for drift in drifts if drift.healed]
    return {
        "drifted": len(drifts),
        "healed": len(healed),
        "seen_after_s": _spread([drift.seen - drift.made for drift in healed]),
        "healed_after_seen_s": _spread([drift.healed - drift.seen for drift in healed]),
        "healed_after_s": _spread([drift.healed - drift.made for drift in healed]),
    }


def _spread(seconds: list[float]) -> dict[str, float]:
    if not seconds:
        return {}
    shown = {"min": min(seconds), "median": statistics.median(seconds), "max": max(seconds)}
    return {name: round(value, 2) for name, value in shown.items()}


if __name__ == "__main__":
    main()
