"""Running demos for the tests beside this file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from reconciler.simulator.serve import DemoProcess, start_in_subprocess

GkoTui = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoProcess]:
    """A running demo, as `gko-tui demo` starts it; one for all tests of a module."""
    process = start_in_subprocess()
    yield process
    process.stop()


@pytest.fixture(scope="module")
def gko_tui(demo: DemoProcess) -> GkoTui:
    """Give `gko_tui(*arguments)`: runs the command on the demo, as in another shell."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "gko_tui", *arguments]
        environ = {**os.environ, **demo.environ}
        return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)

    return run


@pytest.fixture(scope="module")
def first_status(gko_tui: GkoTui) -> dict[str, Any]:
    """What `gko-tui status -o json` says of the demo at first sight."""
    done = gko_tui("status", "-o", "json")
    assert done.returncode == 3, done.stderr  # drift is worse than what could not be read
    found: dict[str, Any] = json.loads(done.stdout)
    return found
