"""How long `gko-tui status -o json` takes for a fleet on a real kube-apiserver, cold and warm.

usage: python -m tests.bench.fleet_status [--apis 2000] [--runs 5] [--edits 20] [--plans 5]

Prints one JSON object: whole-process seconds and peak memory, and whether exactly the edited APIs were
found drifted. Needs the real peers; the CRDs are the embedded platform's own.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from tests.fleet.cluster import apply_all, make_namespaces, object_path
from tests.fleet.manifests import NAMESPACES, api, api_text
from tests.fleet.repository import commit_files
from tests.peers.control_plane import KubeControlPlane

CRDS = Path(__file__).parents[2] / "reconciler" / "simulator" / "demo" / "crds"


def main() -> None:
    """Build the fleet, time the command, edit, check what it says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--apis", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--edits", type=int, default=20)
    parser.add_argument("--plans", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, KubeControlPlane("bench") as cluster:
        print(json.dumps(measure(Path(folder), cluster, arguments), indent=2))


def measure(folder: Path, cluster: KubeControlPlane, arguments: argparse.Namespace) -> dict[str, Any]:
    """Everything that is printed."""
    manifests = [api(number) for number in range(arguments.apis)]
    set_up(folder, cluster, manifests)
    environ = environment(folder)
    cold = [timed(folder, environ, fresh=True) for _ in range(arguments.runs)]
    warm = [timed(folder, environ, fresh=False) for _ in range(arguments.runs)]
    expected = edit(cluster, manifests, arguments.edits, arguments.plans)
    after = timed(folder, environ, fresh=False)
    drifted = {
        (one["namespace"], one["name"])
        for one in after["document"]["resources"]
        if one["places"]["cluster"]["verdict"] == "Drifted"
    }
    others = [
        one
        for one in after["document"]["resources"]
        if one["places"]["cluster"]["verdict"] not in ("Drifted", "Synced")
    ]
    return {
        "apis": arguments.apis,
        "cold_s": summary(cold, "seconds"),
        "warm_s": summary(warm, "seconds"),
        "cold_peak_MB": summary(cold, "peak_MB"),
        "warm_peak_MB": summary(warm, "peak_MB"),
        "cold_exit_code": cold[-1]["code"],
        "exactly_the_edited_are_drifted": drifted == expected and not others,
        "drifted": len(drifted),
        "after_edit_exit_code": after["code"],
    }


def set_up(folder: Path, cluster: KubeControlPlane, manifests: list[dict[str, Any]]) -> None:
    """The repository, the objects on the cluster, kubeconfig and configuration."""
    files = {f"apis/{api(n)['metadata']['name']}.yaml": api_text(n) for n in range(len(manifests))}
    commit_files(folder / "repo", files)
    cluster.apply_crds([CRDS])
    client = cluster.client()
    make_namespaces(client, NAMESPACES)
    apply_all(client, manifests)
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


def environment(folder: Path) -> dict[str, str]:
    """The environment of the measured command: state and caches of its own, byte code kept as usual."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "GKO_TUI_STATE": str(folder / "state"), "GKO_TUI_CACHE": str(folder / "cache")}


def timed(folder: Path, environ: dict[str, str], *, fresh: bool) -> dict[str, Any]:
    """Run `gko-tui status -o json` as a whole process."""
    if fresh:
        subprocess.run(["rm", "-rf", environ["GKO_TUI_STATE"], environ["GKO_TUI_CACHE"]], check=True)
    command = [
        sys.executable,
        "-m",
        "gko_tui",
        "--config",
        str(folder / "gko-tui.yaml"),
        "status",
        "-o",
        "json",
    ]
    with (folder / "out.json").open("wb") as out:
        started = time.perf_counter()
        process = subprocess.Popen(command, env=environ, stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    return {
        "seconds": round(seconds, 3),
        "peak_MB": round(_peak_mb(usage), 1),
        "code": process.returncode,
        "document": json.loads((folder / "out.json").read_bytes()),
    }


def edit(
    cluster: KubeControlPlane, manifests: list[dict[str, Any]], edits: int, plans: int
) -> set[tuple[str, str]]:
    """Change a field of some, add a KEY_LESS plan to others, as a person with kubectl does."""
    client = cluster.client()
    touched = set()
    for number in range(edits + plans):
        manifest = manifests[number * 7]
        spec: dict[str, Any] = {"description": "changed by hand"}
        if number >= edits:
            spec = {"plans": {"open": {"name": "open", "security": {"type": "KEY_LESS"}}}}
        client.patch(
            object_path(manifest),
            params={"fieldManager": "kubectl-edit"},
            content=json.dumps({"spec": spec}),
            headers={"Content-Type": "application/merge-patch+json"},
        ).raise_for_status()
        touched.add((manifest["metadata"]["namespace"], manifest["metadata"]["name"]))
    return touched


def summary(runs: list[dict[str, Any]], figure: str) -> dict[str, float]:
    """Minimum, median and maximum of a figure."""
    values = [run[figure] for run in runs]
    return {"min": min(values), "median": statistics.median(values), "max": max(values)}


def _peak_mb(usage: resource.struct_rusage) -> float:
    return usage.ru_maxrss / 1000  # Linux counts in KiB


if __name__ == "__main__":
    main()
