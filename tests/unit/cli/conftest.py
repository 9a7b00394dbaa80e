"""An empty machine to run the command line on."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to be in, with a home of its own and nothing configured."""
    here = tmp_path / "here"
    here.mkdir()
    for name in ("KUBECONFIG", "GKO_TUI_CONFIG", "KUBERNETES_SERVICE_HOST", "NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("GKO_TUI_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("GKO_TUI_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.chdir(here)
    return here
