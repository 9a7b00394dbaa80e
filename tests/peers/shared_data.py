"""Where the reference data lies: CRDs, examples, recordings that tests read and the project does not hold."""

from __future__ import annotations

import os
from pathlib import Path

_REPOSITORY = Path(__file__).resolve().parents[2]


def shared_folder() -> Path | None:
    """Return the references folder, or None: `$GKO_TUI_SHARED`, or else `shared` beside the repository."""
    named = os.environ.get("GKO_TUI_SHARED")
    folder = Path(named).expanduser().absolute() if named else _REPOSITORY.parent / "shared"
    return folder if (folder / "data").is_dir() else None


def absence_reason() -> str:
    """Return why a test that needs the folder is skipped."""
    if os.environ.get("GKO_TUI_SHARED"):
        return "no reference data: GKO_TUI_SHARED names a folder without data/ in it"
    return "no reference data: no folder `shared` beside the repository, and GKO_TUI_SHARED is not set"
