"""The headless reconciler on the embedded platform: once, and until it is told to end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

from reconciler.simulator.demo.matrix import expected_matrix
from reconciler.simulator.serve import DemoProcess
from tests.demo.stories import story

HEADLESS = [sys.executable, "-m", "reconciler.headless.main"]


def test_once_tells_every_verdict_and_ends_with_the_code_of_a_read(demo: DemoProcess) -> None:
    done = subprocess.run(
        [*HEADLESS, "--once"], env=demo.environ, capture_output=True, text=True, timeout=60, check=False
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    told = Counter(line["places"]["cluster"] for line in lines if line["event"] == "verdict")
    expected = Counter(
        cells["cluster"].word if cells["cluster"] else None for cells in expected_matrix(story()).values()
    )
    assert told == expected
    assert lines[-1]["event"] == "summary"
    assert done.returncode == 3
    assert done.stderr == ""


def test_it_runs_until_it_is_told_to_end(demo: DemoProcess) -> None:
    with subprocess.Popen(HEADLESS, env=demo.environ, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if json.loads(line).get("state") == "Drifted":
                break
        running.send_signal(signal.SIGTERM)
        last = json.loads(running.stdout.read().splitlines()[-1])
        assert running.wait(20) == 0
    assert last["event"] == "stopped"


def test_it_loads_no_terminal_library(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "import reconciler.headless.main, reconciler.engine.service, reconciler.headless.report\n"
        "import reconciler.settings.load, reconciler.headless.logs\n"
        "from reconciler.cluster.http import load_httpx\n"
        "load_httpx()\n"
        "reconciler.headless.logs.log_json(sys.stderr)\n"
        "found = {name.partition('.')[0] for name in sys.modules} & {'textual', 'rich', 'gko_tui'}\n"
        "sys.exit(f'loaded: {found}' if found else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
