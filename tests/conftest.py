"""What every test shares: peers that are real, a machine of their own, no colours from outside."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A busy machine makes generating inputs slow; that says nothing of what is tested.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that starts the tests in the background lets them, and every program they start, ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = ["tests.peers.fixtures"]


@pytest.fixture(autouse=True)
def _own_machine(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test touches the ledger, the caches, the kubeconfig or the settings of the person who runs it."""
    home: Path = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("GKO_TUI_STATE", str(home / "state"))
    monkeypatch.setenv("GKO_TUI_CACHE", str(home / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("KUBECONFIG", str(home / "kubeconfig"))
    for name in ("GKO_TUI_CONFIG", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
