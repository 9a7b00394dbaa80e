"""The folders of this machine and the key in them."""

from __future__ import annotations

import stat
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from reconciler.model.errors import ConfigurationError
from reconciler.settings.paths import StatePaths, digest_key


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def paths_in(folder: Path) -> StatePaths:
    return StatePaths(folder / "state", folder / "cache")


def test_the_variables_name_the_folders_which_are_private(tmp_path: Path) -> None:
    environ = {"GKO_TUI_STATE": str(tmp_path / "s" / "t"), "GKO_TUI_CACHE": str(tmp_path / "c")}
    paths = StatePaths.default(environ)
    assert (paths.state, paths.cache) == (tmp_path / "s" / "t", tmp_path / "c")
    assert mode(paths.state) == mode(paths.cache) == 0o700


def test_locating_makes_nothing(tmp_path: Path) -> None:
    StatePaths.locate({"GKO_TUI_STATE": str(tmp_path / "s"), "GKO_TUI_CACHE": str(tmp_path / "c")})
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_names_the_variable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match=r"cannot be made .*; set GKO_TUI_STATE to a folder"):
        StatePaths.default({"GKO_TUI_STATE": str(tmp_path / "file" / "s"), "GKO_TUI_CACHE": str(tmp_path)})


def test_the_key_is_made_once_and_private(tmp_path: Path) -> None:
    paths = paths_in(tmp_path)
    key = digest_key(paths)
    assert len(key) == 32 and digest_key(paths) == key
    assert mode(paths.state / "digest.key") == 0o600
    assert [file.name for file in paths.state.iterdir()] == ["digest.key"]
    assert digest_key(paths_in(tmp_path / "other")) != key


def test_processes_that_start_together_get_one_key(tmp_path: Path) -> None:
    with ProcessPoolExecutor(4) as pool:
        keys = set(pool.map(digest_key, [paths_in(tmp_path)] * 12))
    assert len(keys) == 1


def test_a_key_that_others_could_read_is_made_private_again(tmp_path: Path) -> None:
    paths = paths_in(tmp_path)
    digest_key(paths)
    (paths.state / "digest.key").chmod(0o644)
    digest_key(paths)
    assert mode(paths.state / "digest.key") == 0o600


def test_a_damaged_key_is_an_error_not_a_weak_key(tmp_path: Path) -> None:
    paths = paths_in(tmp_path)
    paths.prepare()
    (paths.state / "digest.key").write_bytes(b"short")
    with pytest.raises(ConfigurationError, match=r"is damaged \(5 bytes, 32 expected\); delete it"):
        digest_key(paths)
