"""A served platform that may be written to, and the program on it as a process, at a terminal or not."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

from reconciler.settings.model import Platform
from tests.integration.chain.scene import Scene
from tests.pty.driver import Terminal
from tests.unit.cli.schemas import validate

T = TypeVar("T")
PATIENCE_S = 60


@dataclass(frozen=True)
class Done:
    """How a process ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Its one document, which is what its schema says."""
        found: dict[str, Any] = json.loads(self.out)
        validate(found)
        return found


class Acting(Scene):
    """A scene whose application may create namespaces and prune."""

    def __init__(self, folder: Path, **more: Any) -> None:
        super().__init__(folder, gateways=False)
        self.protected = False
        self.more = more

    def platform(self) -> Platform:
        made = super().platform().model_dump(exclude={"path"}, exclude_none=True)
        made["applications"][0].update(prune=True, create_namespaces=True, namespace="pay")
        made["clusters"][0].update(protected=self.protected, **self.more)
        return Platform.model_validate(made)

    def configure(self) -> None:
        """Write gko-tui.yaml as it should be now."""
        platform = json.loads(self.platform().model_dump_json(exclude_none=True))
        (self.folder / "gko-tui.yaml").write_text(yaml.safe_dump(platform))

    # --- the program -----------------------------------------------------------------------

    def environ(self) -> dict[str, str]:
        """A machine with nothing but this platform configured."""
        left_out = ("GKO_TUI", "XDG", "NO_COLOR", "COLUMNS")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
        return {
            **kept,
            "GKO_TUI_CONFIG": str(self.folder / "gko-tui.yaml"),
            "GKO_TUI_STATE": str(self.folder / "state"),
            "GKO_TUI_CACHE": str(self.folder / "cache"),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
        }

    async def start_program(self, *arguments: str) -> asyncio.subprocess.Process:
        """The program with pipes and nobody to answer."""
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "gko_tui",
            *arguments,
            env=self.environ(),
            cwd=self.folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def gko_tui(self, *arguments: str) -> Done:
        """Run it to its end."""
        process = await self.start_program(*arguments)
        async with asyncio.timeout(PATIENCE_S):
            out, err = await process.communicate()
        return Done(process.returncode or 0, out.decode(), err.decode())

    async def at_terminal(self, drive: Callable[[Terminal], T], *arguments: str) -> T:
        """Run it on a terminal, with a person who does what `drive` does."""

        def run() -> T:
            command = [sys.executable, "-m", "gko_tui", *arguments]
            with Terminal(command, size=(120, 40), environ=self.environ(), cwd=self.folder) as terminal:
                return drive(terminal)

        return await asyncio.to_thread(run)


async def seen(process: asyncio.subprocess.Process, text: str) -> str:
    """Read what a process writes until a line holds this text; gives all lines so far."""
    assert process.stdout is not None
    lines = ""
    async with asyncio.timeout(PATIENCE_S):
        while text not in lines:
            line = await process.stdout.readline()
            assert line, f"the program ended without {text!r}:\n{lines}"
            lines += line.decode()
    return lines


async def rest(process: asyncio.subprocess.Process) -> Done:
    """What a process writes from now on, and how it ends."""
    async with asyncio.timeout(PATIENCE_S):
        out, err = await process.communicate()
    return Done(process.returncode or 0, out.decode(), err.decode())
