"""How long `gko-tui diff --hop cluster` takes for a fleet in sync, beside `kubectl diff`, in one run.

usage: python -m tests.bench.fleet_diff [--apis 2000] [--runs 5] [--ours-only]

Everything runs on one real kube-apiserver, a kubectl of each kind in the middle of our runs, so that all
meet the same load. A cold run has neither caches nor a ledger; the warm one after it has what that left.
Then one object is changed on each side and one rule flipped, and the next warm run must show exactly these.
Prints one JSON object. Above 2,000 APIs kubectl is left out: it would take many minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.fleet_status import environment, set_up
from tests.fleet.cluster import object_path
from tests.fleet.manifests import api, api_text
from tests.fleet.repository import commit_files
from tests.peers.build import peer_binary
from tests.peers.control_plane import KubeControlPlane

AT_MOST = {"cold": {"kubectl": 40, "server_side": 8}, "warm": {"kubectl": 60, "server_side": 12}}
"""The bars of issue 5: at most this fraction of what kubectl takes."""
LARGE = {"cold_s": 10.0, "warm_s": 5.0, "peak_MB": 400.0}
"""The bars for 10,000 APIs."""
MOST_FOR_KUBECTL = 2000
IN_GIT, ON_CLUSTER, UNDER_RULE = 3, 11, 17
"""The APIs that are changed after the measured runs."""
RULES = """\
rules:
  - rule: versions-of-one
    ignore: spec.version
    reason: the benchmark flips it
    where: {{ name: {name} }}
"""


def main() -> None:
    """Build the fleet, time everything in turns, then change things and look again."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--apis", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=5, help="cold and warm runs of ours, each (default: 5)")
    parser.add_argument("--ours-only", action="store_true", help="leave kubectl out")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, KubeControlPlane("bench") as cluster:
        bench = Bench(Path(folder), cluster, arguments.apis)
        beside = not arguments.ours_only and arguments.apis <= MOST_FOR_KUBECTL
        print(json.dumps(bench.measure(arguments.runs, beside_kubectl=beside), indent=2))


class Bench:
    """A fleet in a repository and the same one on a cluster.

    Args:
        folder: for the repository, kubeconfig, configuration, state and caches.
        cluster: a running control plane without these APIs.
        apis: how many.
    """

    def __init__(self, folder: Path, cluster: KubeControlPlane, apis: int) -> None:
        self.folder = folder
        self.cluster = cluster
        self.manifests = [api(number) for number in range(apis)]
        self.environ = environment(folder)
        set_up(folder, cluster, self.manifests)

    def measure(self, runs: int, *, beside_kubectl: bool) -> dict[str, Any]:
        """Everything that is printed."""
        kubectl: dict[str, dict[str, Any]] = {}
        turns: dict[str, list[dict[str, Any]]] = {"cold": [], "warm": []}
        for turn in range(runs):
            turns["cold"].append(self.ours(fresh=True))
            turns["warm"].append(self.ours(fresh=False))
            if beside_kubectl and turn == runs // 3:
                # Without force, ownership conflicts make it try each object four times: that is not its best.
                kubectl["server_side"] = self.kubectl("--server-side", "--force-conflicts")
            if beside_kubectl and turn == 2 * runs // 3:
                kubectl["kubectl"] = self.kubectl()
        measured: dict[str, Any] = {"apis": len(self.manifests)}
        for name, made in turns.items():
            measured[name] = {
                "seconds": summary(made, "seconds"),
                "cpu_s": summary(made, "cpu_s"),
                "peak_MB": summary(made, "peak_MB"),
                "load": [run["load"] for run in made],
                "nothing_differs": all(run["code"] == 0 and not run["verdicts"] for run in made),
            }
            for other, theirs in kubectl.items():
                ratio = theirs["seconds"] / measured[name]["seconds"]["median"]
                measured[name][f"times_faster_than_{other}"] = round(ratio, 1)
                measured[name][f"wanted_than_{other}"] = AT_MOST[name][other]
        measured["kubectl"] = kubectl
        measured["after_changes"] = self.changed()
        if not beside_kubectl:
            measured["bars_of_10000"] = LARGE
        return measured

    def ours(self, *, fresh: bool) -> dict[str, Any]:
        """One run of `gko-tui diff --hop cluster -o json` as a whole process."""
        if fresh:
            folders = [self.environ["GKO_TUI_STATE"], self.environ["GKO_TUI_CACHE"]]
            subprocess.run(["rm", "-rf", *folders], check=True)
        config = str(self.folder / "gko-tui.yaml")
        arguments = ["--config", config, "diff", "--hop", "cluster", "-o", "json"]
        run = self._timed([sys.executable, "-m", "gko_tui", *arguments])
        document = json.loads((self.folder / "out").read_bytes())
        return {**run, "verdicts": {one["name"]: one["verdict"] for one in document["diffs"]}}

    def kubectl(self, *options: str) -> dict[str, Any]:
        """One run of `kubectl diff -f DIR`."""
        config = f"--kubeconfig={self.folder / 'kubeconfig'}"
        files = str(self.folder / "repo" / "apis")
        run = self._timed([str(peer_binary("kubectl")), config, "diff", *options, "-f", files])
        return {**run, "lines": (self.folder / "out").read_bytes().count(b"\n")}

    def changed(self) -> dict[str, Any]:
        """Flip a rule and change an object on each side: does the next warm run show just that?

        The rule hides a difference that the cold run has shown, so the object that it is about may appear
        no more; then it is taken away, and the object must be back.
        """
        self._edit(UNDER_RULE, {"version": "by hand"})
        names = {number: self.manifests[number]["metadata"]["name"] for number in (IN_GIT, ON_CLUSTER)}
        ruled = self.manifests[UNDER_RULE]["metadata"]["name"]
        before = self.ours(fresh=True)["verdicts"]
        self._edit(ON_CLUSTER, {"description": "changed by hand"})
        self._commit(RULES.format(name=ruled))
        hidden = self.ours(fresh=False)
        self._commit("")
        shown = self.ours(fresh=False)
        moved = {names[IN_GIT]: "Ahead", names[ON_CLUSTER]: "Drifted"}
        return {
            "cold_run_shows_what_the_rule_is_about": before == {ruled: "Drifted"},
            "warm_run_shows_both_edits_and_obeys_the_rule": hidden["verdicts"] == moved,
            "warm_run_shows_it_without_the_rule": shown["verdicts"] == {**moved, ruled: "Drifted"},
            "warm_s": [hidden["seconds"], shown["seconds"]],
            "verdicts": shown["verdicts"],
        }

    def _edit(self, number: int, spec: dict[str, str]) -> None:
        self.cluster.client().patch(
            object_path(self.manifests[number]),
            params={"fieldManager": "kubectl-edit"},
            content=json.dumps({"spec": spec}),
            headers={"Content-Type": "application/merge-patch+json"},
        ).raise_for_status()

    def _commit(self, rules: str) -> None:
        """The fleet with one changed description, and these rules if any."""
        changed = api(IN_GIT)
        changed["spec"]["description"] = "changed in Git"
        files = {f"apis/{one['metadata']['name']}.yaml": api_text(n) for n, one in enumerate(self.manifests)}
        # JSON is YAML, too
        files[f"apis/{changed['metadata']['name']}.yaml"] = json.dumps(changed, indent=2)
        if rules:
            files[".gko-tui/rules.yaml"] = rules
        commit_files(self.folder / "repo", files, message="Change one API", at=int(time.time()))

    def _timed(self, command: list[str]) -> dict[str, Any]:
        load = os.getloadavg()[0]
        with (self.folder / "out").open("wb") as out, (self.folder / "err").open("wb") as err:
            started = time.perf_counter()
            process = subprocess.Popen(command, env=self.environ, stdout=out, stderr=err)
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        return {
            "seconds": round(seconds, 3),
            "cpu_s": round(usage.ru_utime + usage.ru_stime, 2),
            "peak_MB": round(usage.ru_maxrss / 1000, 1),  # Linux counts in KiB
            "load": round(load, 1),
            "code": process.returncode,
            "said": (self.folder / "err").read_bytes()[:200].decode(errors="replace"),
        }


def summary(runs: list[dict[str, Any]], figure: str) -> dict[str, float]:
    """Minimum, median and maximum of a figure."""
    values = [run[figure] for run in runs]
    return {"min": min(values), "median": statistics.median(values), "max": max(values)}


if __name__ == "__main__":
    main()
