"""What a command is given when it runs: its arguments and everything it may touch."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gko_tui.output.console import Console

if TYPE_CHECKING:
    from reconciler.settings.model import Platform
    from reconciler.settings.paths import StatePaths


@dataclass(frozen=True, slots=True)
class Invocation:
    """One run of one command.

    Args:
        arguments: what was typed.
        console: where to write.
        environ: the environment.
        cwd: the current folder.
        clock: seconds since the epoch.
    """

    arguments: argparse.Namespace
    console: Console
    environ: Mapping[str, str]
    cwd: Path
    clock: Callable[[], float]

    def platform(self) -> Platform:
        """The configuration in use.

        Raises:
            ConfigurationError: it is not valid, or there is nothing to read.
        """
        from reconciler.settings.load import find_settings

        named = self.arguments.config
        return find_settings(Path(named) if named else None, self.cwd, self.environ)

    def paths(self) -> StatePaths:
        """The folders of this machine, made where they are not there.

        Raises:
            ConfigurationError: they cannot be made.
        """
        from reconciler.settings.paths import StatePaths

        return StatePaths.default(self.environ)
