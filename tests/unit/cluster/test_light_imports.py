"""What the terminal needs before its first paint must not wait for HTTP, YAML or Kubernetes packages."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"httpx", "httpcore", "anyio", "yaml", "kubernetes", "ssl", "pydantic", "rich"}


@pytest.mark.parametrize(
    "module", ["objects", "kinds", "listing", "sink", "watching", "connection", "access"]
)
def test_importing_a_module_of_the_room_loads_nothing_heavy(module: str) -> None:
    code = f"import sys, reconciler.cluster.{module}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in run.stdout.split()}
    asyncio_itself_loads = {"ssl"}
    assert not loaded & (HEAVY - asyncio_itself_loads)
