"""Keeping up with a control plane in real time: a simulated APIM with a real one's costs, over loopback.

usage: python -m tests.bench.control_plane_round [--apis 1000] [--seconds 180]

Prints one JSON object. `fill_requests`: what it took until every state was read and every publication known,
of which `definitions` were told with their definition. `moved_s`: from an edit that moves a timestamp until
the sink is told, and how much of that is beyond the poll in which it happened. `plans_found`: of the plans
edited by hand (nothing tells of them), how many the deep round found within the time, and `round_s`, how long
a whole round takes at the pace that was measured. `requests_per_s` is the average after the first filling.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import resource
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise

from reconciler.control_plane.places import Login, Target
from reconciler.control_plane.refs import StateRef
from reconciler.control_plane.transport import open_control_plane
from reconciler.control_plane.watching import ControlPlaneObserver
from reconciler.rules.identity import part_id, resource_id
from reconciler.simulator.apim import Apim, ApimServer, Costs
from tests.integration.control_plane.waking import Waking
from tests.unit.control_plane.bodies import put_apis

_LIST = ("GET", "/management/v2/organizations/DEFAULT/environments/DEFAULT/apis")
_BETWEEN_POLLS_S = 5.0
_PLANS = 12
_PAUSE_S = (5.0, 20.0)


class TimedServer(ApimServer):
    """Notes when each request came."""

    def __init__(self, apim: Apim) -> None:
        super().__init__(apim, costs=Costs.real())
        self.came: list[tuple[float, str, str]] = []

    def seconds_of(self, method: str, path: str) -> float:
        self.came.append((time.time(), method, path))
        return super().seconds_of(method, path)

    def lists(self) -> list[float]:
        """When each reading of the list began: its pages come one upon the other."""
        pages = [at for at, method, path in self.came if (method, path) == _LIST]
        return [at for before, at in pairwise([0.0, *pages]) if at - before > _BETWEEN_POLLS_S]


@contextmanager
def served(apim: Apim) -> Iterator[TimedServer]:
    """Serve from a thread of its own, so that the observer's loop is only the observer's."""
    server, ready, loop = TimedServer(apim), threading.Event(), asyncio.new_event_loop()

    def serve() -> None:
        loop.run_until_complete(server.start())
        ready.set()
        loop.run_forever()
        loop.run_until_complete(server.stop())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    ready.wait()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


async def measure(count: int, seconds: float) -> dict[str, object]:
    """Fill, then edit by hand for some time."""
    apim = Apim(time.time)
    refs = put_apis(apim, *(f"shop-api-{number:05}" for number in range(count)))
    dice = random.Random(4)

    async def admin() -> Login:
        return Login(username="admin", password="admin")

    with served(apim) as server:
        target = Target("bench", server.url, "DEFAULT", "DEFAULT", logins=(admin,))
        client = open_control_plane(target, environ={})
        told, observer = Waking(), ControlPlaneObserver(client)
        observer.expect(refs)
        begun = time.time()
        watching = asyncio.create_task(observer.run(told))
        known = asyncio.create_task(reached(told, lambda: len(told.deployments) == count))
        ready = await reached(told, lambda: told.phase == "ready")
        published = await known
        filled, cpu = time.time(), time.process_time()
        requests, definitions = (
            len(server.came),
            sum(event is not None and event.whole for event in told.deployments.values()),
        )
        edited = {ref: edit_plan(apim, ref) for ref in dice.sample(refs, _PLANS)}
        moved: list[tuple[float, float]] = []
        while time.time() - filled < seconds:
            await asyncio.sleep(dice.uniform(*_PAUSE_S))
            ref = dice.choice(refs)
            note = f"moved {len(moved)}"
            with apim.lock:
                apim.edit_api("DEFAULT", id_of(ref), description=note)
            at = time.time()
            await told.until(partial(described, told, ref, note), 180.0)
            moved.append((at, time.time()))
        ended = time.time()
        share = (time.process_time() - cpu) / (ended - filled)
        found = [seen - at for ref, at in edited.items() if (seen := plan_seen_at(told, ref, at)) is not None]
        deep = sum(sum(at > filled for at in told.read_at[ref]) for ref in refs)
        asked = sum(at > filled for at, _, _ in server.came)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await client.aclose()
    took = [seen - at for at, seen in moved]
    return {
        "apis": count,
        "states_read_s": round(ready - begun, 1),
        "publications_known_s": round(published - begun, 1),
        "fill_requests": requests,
        "definitions": definitions,
        "observed_s": round(ended - filled, 1),
        "moves": len(moved),
        "moved_s": {"median": round(sorted(took)[len(took) // 2], 2), "max": round(max(took), 2)},
        "beyond_a_poll_s": round(max(beyond(server.lists(), at, seen) for at, seen in moved), 2),
        "plans_found": f"{len(found)}/{_PLANS}",
        "slowest_plan_s": round(max(found, default=0.0), 1),
        "round_s": round(count / (deep / (ended - filled))),
        "requests_per_s": round(asked / (ended - filled), 2),
        "cpu_percent_with_server": round(100 * share, 1),
        "max_rss_mb_with_server": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


async def reached(told: Waking, holds: Callable[[], object]) -> float:
    """When something came true, in seconds since the epoch."""
    await told.until(holds, 600.0)
    return time.time()


def id_of(ref: StateRef) -> str:
    """Its id."""
    return resource_id("DEFAULT", "DEFAULT", ref.hrid)


def edit_plan(apim: Apim, ref: StateRef) -> float:
    """Rename a plan by hand; when that was."""
    with apim.lock:
        plan = part_id("DEFAULT", "DEFAULT", ref.hrid, "free")
        apim.edit_plan("DEFAULT", id_of(ref), plan, name="by hand")
    return time.time()


def described(told: Waking, ref: StateRef, note: str) -> bool:
    """Whether the sink was told of this description."""
    return told.body(ref).get("description") == note


def plan_seen_at(told: Waking, ref: StateRef, at: float) -> float | None:
    """When it was first read after that instant; None if it was not."""
    return min((seen for seen in told.read_at[ref] if seen > at), default=None)


def beyond(lists: list[float], at: float, seen: float) -> float:
    """How much longer it took than the poll lasted in which it happened."""
    before = max((begun for begun in lists if begun <= at), default=at)
    after = min((begun for begun in lists if begun > at), default=seen)
    return (seen - at) - (after - before)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--apis", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=180.0)
    arguments = parser.parse_args()
    print(json.dumps(asyncio.run(measure(arguments.apis, arguments.seconds)), indent=2))


if __name__ == "__main__":
    main()
