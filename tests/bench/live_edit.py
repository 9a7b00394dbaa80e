"""How long after an edit with kubectl's means an open terminal shows it, on a real kube-apiserver.

usage: python -m tests.bench.live_edit [--apis 2000] [--edits 20]

Prints one JSON object: milliseconds from the API server's answer to the edit (its watch event is sent no
earlier) until the row is drawn as Drifted. Needs the real peers.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.fleet_status import environment, set_up
from tests.fleet.cluster import object_path
from tests.fleet.manifests import api
from tests.peers.control_plane import KubeControlPlane
from tests.pty.driver import Terminal


def main() -> None:
    """Open the terminal on a fleet in sync, edit the rows that it shows, one by one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--apis", type=int, default=2000)
    parser.add_argument("--edits", type=int, default=20)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, KubeControlPlane("bench") as cluster:
        folder = Path(name)
        manifests = [api(number) for number in range(arguments.apis)]
        set_up(folder, cluster, manifests)
        client = cluster.client()
        command = [sys.executable, "-m", "gko_tui", "--config", str(folder / "gko-tui.yaml")]
        latencies: list[float] = []
        with Terminal(command, size=(200, 60), environ=environment(folder), timeout_s=60) as terminal:
            terminal.wait_for(f"= {arguments.apis}")
            for manifest in manifests[: arguments.edits]:
                shown = manifest["metadata"]["name"]
                client.patch(
                    object_path(manifest),
                    params={"fieldManager": "kubectl-edit"},
                    content=json.dumps({"spec": {"description": "edited live"}}),
                    headers={"Content-Type": "application/merge-patch+json"},
                ).raise_for_status()
                began = time.perf_counter()
                terminal.wait_until(
                    lambda name=shown: any("Drifted" in line for line in terminal.lines if name in line),  # type: ignore[misc]
                    f"{shown} drawn as Drifted",
                )
                latencies.append((time.perf_counter() - began) * 1000)
    latencies.sort()
    print(
        json.dumps(
            {
                "apis": arguments.apis,
                "edits": len(latencies),
                "p50_ms": round(statistics.median(latencies)),
                "p95_ms": round(latencies[int(len(latencies) * 0.95) - 1]),
                "max_ms": round(latencies[-1]),
            }
        )
    )


if __name__ == "__main__":
    main()
