"""How long plans take: a pass over a fleet in sync, and a new fleet from Git to the control plane.

usage: python -m tests.bench.acting [--unchanged 10000] [--new 1000]

On one real kube-apiserver, with a simulated control plane, in a process of its own, that answers in 50 ms.
`unchanged`: the loop's plan over a fleet in sync, with everything read before; it must write nothing and try
nothing. `new`: one sync applies everything, and the one that stands in for GKO brings it to the control
plane; how many requests that takes for each API, at either server. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from reconciler.cluster.client import KubeClient
from reconciler.cluster.connection import open_cluster
from reconciler.cluster.events import Events
from reconciler.engine.service import Engine
from reconciler.engine.standing_in.desk import Desk
from reconciler.engine.standing_in.planes import Planes
from reconciler.engine.standing_in.reconciling import StandIn
from reconciler.engine.standing_in.surroundings import Surroundings
from reconciler.model.acting import Orders, PlanRequest
from reconciler.model.plan import Actor
from reconciler.model.steps import Did
from reconciler.settings.load import find_settings
from reconciler.settings.model import Platform
from reconciler.settings.paths import StatePaths
from tests.bench.control_plane_apart import ControlPlaneApart
from tests.bench.fleet_status import CRDS, set_up
from tests.fleet.cluster import apply_all, make_namespaces
from tests.fleet.manifests import NAMESPACES, api, api_text
from tests.fleet.repository import commit_files
from tests.peers.control_plane import KubeControlPlane

AT_MOST = {"pass_s": 1.0, "new_s": 60.0, "api_server_requests_each": 4.0, "apim_writes_each": 1.0}
"""The bars of issue 6 for 10,000 resources and 1,000 new APIs."""


def main() -> None:
    """Both measurements, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--unchanged", type=int, default=10_000)
    parser.add_argument("--new", type=int, default=1_000)
    arguments = parser.parse_args()
    measured: dict[str, Any] = {"bars": AT_MOST}
    for name, count, measure in (
        ("unchanged", arguments.unchanged, unchanged),
        ("new", arguments.new, brought),
    ):
        if count:
            with tempfile.TemporaryDirectory() as folder, KubeControlPlane("bench") as cluster:
                measured[name] = asyncio.run(measure(Path(folder), cluster, count))
    print(json.dumps(measured, indent=2))


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Counts requests to API servers by method, watches and streams aside."""
    seen: Counter[str] = Counter()
    plain = KubeClient.request

    async def request(self: KubeClient, method: str, *arguments: Any, **named: Any) -> dict[str, Any]:
        seen[method] += 1
        return await plain(self, method, *arguments, **named)

    KubeClient.request = request  # type: ignore[method-assign]
    try:
        yield seen
    finally:
        KubeClient.request = plain  # type: ignore[method-assign]


def engine(folder: Path) -> Engine:
    """An engine on the bench's configuration."""
    platform: Platform = find_settings(folder / "gko-tui.yaml", folder, os.environ)
    paths = StatePaths(state=folder / "state", cache=folder / "cache")
    return Engine(platform, paths, environ=dict(os.environ), clock=time.time)


async def unchanged(folder: Path, cluster: KubeControlPlane, count: int) -> dict[str, Any]:
    """The loop's plan over a fleet in sync."""
    set_up(folder, cluster, [api(number) for number in range(count)])
    made = engine(folder)
    try:
        await made.observe_once()
        seconds: list[float] = []
        with counted() as seen:
            for _ in range(3):
                began = time.perf_counter()
                plan = await made.plan(PlanRequest(actor=Actor.LOOP, tried=False))
                seconds.append(round(time.perf_counter() - began, 3))
    finally:
        await made.aclose()
    return {"resources": count, "pass_s": seconds, "writes": plan.writes, "requests": dict(seen)}


async def brought(folder: Path, cluster: KubeControlPlane, count: int) -> dict[str, Any]:
    """New APIs, from Git to the control plane."""
    with ControlPlaneApart() as apim:
        _prepare(folder, cluster, apim.url, count)
        return await _brought(folder, apim, count)


async def _brought(folder: Path, apim: ControlPlaneApart, count: int) -> dict[str, Any]:
    made = engine(folder)
    try:
        await made.observe_once()
        apim.methods()
        with counted() as seen:
            began = time.perf_counter()
            plan = await made.plan(PlanRequest(tried=False))
            planned = time.perf_counter() - began
            carried = await made.apply(plan, Orders())
            applied = time.perf_counter() - began
            requests = seen.total()
            worked = await _worked(folder)
            whole = time.perf_counter() - began
    finally:
        await made.aclose()
    did, sent = Counter(outcome.did for outcome in carried.outcomes), apim.methods()
    return {
        "apis": count,
        "applied": did[Did.CREATED],
        "accepted": worked,
        "planned_s": round(planned, 1),
        "applied_s": round(applied, 1),
        "new_s": round(whole, 1),
        "api_server_requests_each": round(seen.total() / count, 2),
        "of_these_until_applied": requests,
        "api_server_requests": dict(seen),
        "apim_writes_each": round(sent["PUT"] / count, 2),
        "apim_requests": dict(sent),
    }


def _prepare(folder: Path, cluster: KubeControlPlane, apim: str, count: int) -> None:
    """Namespaces and a context on the cluster; the APIs in Git only."""
    commit_files(folder / "repo", {f"apis/{n}.yaml": api_text(n) for n in range(count)})
    cluster.apply_crds([CRDS])
    client = cluster.client()
    make_namespaces(client, NAMESPACES)
    login = {"credentials": {"username": "admin", "password": "admin"}}
    where = {"baseUrl": apim, "organizationId": "DEFAULT", "environmentId": "DEFAULT", "auth": login}
    context = {
        "apiVersion": "gravitee.io/v1alpha1",
        "kind": "ManagementContext",
        "metadata": {"name": "dev-ctx", "namespace": "default"},
        "spec": where,
    }
    apply_all(client, [context])
    cluster.kubeconfig(folder / "kubeconfig", context="bench")
    (folder / "gko-tui.yaml").write_text(
        yaml.safe_dump(
            {
                "sources": [{"name": "repo", "path": "repo", "ref": "main"}],
                "clusters": [{"name": "bench", "kubeconfig": "kubeconfig", "context": "bench"}],
                "applications": [{"name": "apis", "source": "repo", "folder": "apis", "clusters": ["bench"]}],
            }
        )
    )


async def _worked(folder: Path) -> int:
    """Stand in for GKO until nothing waits; how many resources were accepted."""
    spec = find_settings(folder / "gko-tui.yaml", folder, os.environ).clusters[0]
    client = await open_cluster(spec, environ=dict(os.environ))
    here = Surroundings(client, spec.name)
    planes = Planes(here)
    stand_in = StandIn(here, planes, Events(client, time.time), time.time, b"a key of this benchmark")
    desk = Desk(stand_in, clock=time.time, random=lambda: 0.5)
    try:
        await desk.look()
        done = await desk.settle()
    finally:
        await planes.aclose()
        await client.aclose()
    return sum(work.told is not None and work.told.accepted for work in done)


if __name__ == "__main__":
    main()
