"""Nothing slow is loaded before the first paint: the engine's thread loads it afterwards."""

from __future__ import annotations

import subprocess
import sys

SLOW = ("httpx", "pygit2", "pydantic", "kubernetes", "aiohttp", "deepdiff", "structlog", "orjson", "sqlite3")


def loaded_by(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_the_terminal_loads_no_network_git_or_parser_library() -> None:
    loaded = loaded_by("import gko_tui.opening")
    assert loaded & set(SLOW) == set()


def test_what_is_looked_at_is_decided_without_a_terminal_library() -> None:
    loaded = loaded_by(
        "import gko_tui.view.listing, gko_tui.view.filtering, gko_tui.view.columns, gko_tui.view.commands, "
        "gko_tui.view.aligning, gko_tui.view.store, gko_tui.view.words"
    )
    assert "textual" not in loaded
    assert "rich" not in loaded
