"""How much memory the terminal's process takes on a live fleet, engine included, on a real kube-apiserver.

usage: python -m tests.bench.terminal_memory [--apis 10000]

Prints one JSON object for a first start and one for a second: seconds until every row is judged, resident
memory then and after half a minute, in MB. Needs the real peers.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.fleet_status import environment, set_up
from tests.fleet.manifests import api
from tests.peers.control_plane import KubeControlPlane
from tests.pty.driver import Terminal


def main() -> None:
    """Open the terminal twice on one fleet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--apis", type=int, default=10_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, KubeControlPlane("bench") as cluster:
        folder = Path(name)
        set_up(folder, cluster, [api(number) for number in range(arguments.apis)])
        for start in ("first", "second"):
            print(json.dumps({"start": start, **measure(folder, arguments.apis)}), flush=True)


def measure(folder: Path, apis: int) -> dict[str, float]:
    """Figures of one start."""
    command = [sys.executable, "-m", "gko_tui", "--config", str(folder / "gko-tui.yaml")]
    began = time.perf_counter()
    with Terminal(command, size=(200, 60), environ=environment(folder), timeout_s=120) as terminal:
        terminal.wait_for(f"= {apis}")
        judged = time.perf_counter() - began
        then = terminal.process.memory_info().rss / 1e6
        until = time.perf_counter() + 30
        while time.perf_counter() < until:
            terminal.read(0.5)
        rested = terminal.process.memory_info().rss / 1e6
    return {"judged_s": round(judged, 1), "rss_MB": round(then, 1), "rss_after_30_s_MB": round(rested, 1)}


if __name__ == "__main__":
    main()
