"""Open the terminal on the replay's story, in a real terminal: `python -m tests.terminal.open_replay`."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from gko_tui.opening import run_terminal
from tests.terminal.replay import NOW, Replay, dead, paths, platform, row


def main(arguments: list[str]) -> int:
    """Open it; `--dead` lets one cluster be silent, `--hostile` names resources
    as an attacker would, `--ascii` and `--theme NAME` do as in the program."""
    replay = Replay()
    if "--dead" in arguments:
        replay.places[2] = dead("prod-us")
    if "--hostile" in arguments:
        replay.rows = [row("[bold red]x[/]"), row("a\x1b]0;owned\x07b"), row("user\u202egnp")]
    theme = arguments[arguments.index("--theme") + 1] if "--theme" in arguments else None
    with tempfile.TemporaryDirectory() as folder:
        return run_terminal(
            platform(),
            paths(Path(folder)),
            environ=os.environ,
            clock=lambda: NOW,
            engine_factory=replay,
            ascii="--ascii" in arguments,
            theme=theme,
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
