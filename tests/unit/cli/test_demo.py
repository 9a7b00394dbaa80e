"""The commands on the embedded platform, as processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.schemas import validate

pytestmark = pytest.mark.slow


def start(line: list[str], environ: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "gko_tui", *line],
        env=dict(environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("home")
    return {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "GKO_TUI_STATE": str(folder / "state"),
        "GKO_TUI_CACHE": str(folder / "cache"),
    }


@pytest.fixture(scope="module")
def served(home: dict[str, str]) -> Iterator[dict[str, str]]:
    """The environment that a served demo tells its user to set."""
    process = start(["demo", "--serve"], home)
    assert process.stdout is not None
    told = [process.stdout.readline() for _ in range(4)]
    assert all(line.startswith("export ") for line in told), process.stderr.read() if process.stderr else ""
    named = dict(line.removeprefix("export ").strip().split("=", 1) for line in told)
    yield {**home, **named}
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert not Path(named["GKO_TUI_CONFIG"]).exists()  # then: its temporary folder is gone


def document(line: list[str], environ: Mapping[str, str], code: int) -> dict[str, Any]:
    process = start([*line, "-o", "json"], environ)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    found: dict[str, Any] = json.loads(out)
    validate(found)
    return found


def test_every_document_of_real_input_fits_its_schema(served: dict[str, str]) -> None:
    found = document(["status"], served, 3)
    assert found["summary"]["Synced"] > 100 and found["summary"]["Drifted"] > 0
    assert all(
        cell["causes"]
        for resource in found["resources"]
        for cell in resource["places"].values()
        if cell["verdict"] not in (None, "Synced")
    )
    diffs = document(["diff"], served, 3)["diffs"]
    assert {change["manager"] for one in diffs for change in one["changes"]} & {
        "kubectl-edit",
        "kubectl-patch",
    }
    assert document(["doctor", "--timeout", "1"], served, 5)["checks"]


def test_one_cluster_can_be_read_without_waiting_for_the_dead_one(served: dict[str, str]) -> None:
    found = document(["status", "--cluster", "stage"], served, 3)
    assert {resource["cluster"] for resource in found["resources"]} == {"stage"}
    clusters = {place["name"].split("/")[0] for place in found["places"] if place["place"] == "cluster"}
    assert clusters == {"stage"}


def test_watching_ends_quietly_with_ctrl_c(served: dict[str, str]) -> None:
    process = start(["status", "--cluster", "stage", "--watch", "-o", "json"], served)
    assert process.stdout is not None
    validate(json.loads(process.stdout.readline()))  # when: the first answer has come
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "")


def test_without_a_terminal_the_demo_is_its_table(home: dict[str, str]) -> None:
    process = start(["demo"], home)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3, err
    assert "Drifted" in out and "cluster prod-eu: ready" in out
