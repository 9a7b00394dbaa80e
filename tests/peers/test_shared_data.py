"""Finding the reference data, and saying why there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.peers.shared_data import absence_reason, shared_folder


def test_the_environment_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("GKO_TUI_SHARED", str(tmp_path))

    assert shared_folder() == tmp_path


def test_a_folder_without_data_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GKO_TUI_SHARED", str(tmp_path))

    assert shared_folder() is None
    assert "GKO_TUI_SHARED names a folder without data/" in absence_reason()


def test_the_data_holds_the_crds(shared_data: Path, gravitee_crds: Path) -> None:
    assert gravitee_crds.parent == shared_data
    assert (gravitee_crds / "gravitee.io_apiv4definitions.yaml").is_file()
