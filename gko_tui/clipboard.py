"""Copying out of a terminal: OSC 52 where it fits, a native tool if asked for, else a file.

OSC 52 reaches the reader's own machine through SSH. Terminals drop long ones without a word, so
what is too long goes into a file; what was done is always said.
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

OSC52_MOST = 74_994
"""Encoded bytes that terminals take in one sequence."""

_NATIVE = (
    ("pbcopy",),
    ("wl-copy",),
    ("xclip", "-selection", "clipboard"),
    ("xsel", "--clipboard", "--input"),
    ("clip.exe",),
)


@dataclass(frozen=True, slots=True)
class Copied:
    """What became of a copy: `ok`, and a sentence that says so."""

    ok: bool
    message: str


def copy_text(
    text: str, what: str, *, environ: Mapping[str, str], folder: Path, write: Callable[[str], None]
) -> Copied:
    """Copy a text.

    Args:
        what: what it is, for the sentence (`the name`).
        environ: GKO_CLIPBOARD (`auto`, `osc52`, `native`, `off`) and TMUX are read.
        folder: where a text goes that is too long for the terminal.
        write: sends a control sequence to the terminal.
    """
    how = environ.get("GKO_CLIPBOARD", "auto").lower()
    if how == "off":
        return Copied(False, "the clipboard is off (GKO_CLIPBOARD=off)")
    if how == "native":
        return _native(text, what)
    encoded = base64.b64encode(text.encode()).decode()
    if len(encoded) > OSC52_MOST and how != "osc52":
        return _to_file(text, what, folder)
    write(f"\x1b]52;c;{encoded}\a")
    hint = "; in tmux it needs: set -g set-clipboard on" if environ.get("TMUX") else ""
    return Copied(True, f"copied {what} through the terminal (OSC 52){hint}")


def _native(text: str, what: str) -> Copied:
    for command in _NATIVE:
        if shutil.which(command[0]):
            try:
                subprocess.run(command, input=text.encode(), check=True, timeout=3)
            except (OSError, subprocess.SubprocessError) as error:
                return Copied(False, f"{command[0]} failed: {error}")
            return Copied(True, f"copied {what} with {command[0]}")
    return Copied(False, "no clipboard tool found; install xclip or wl-copy, or set GKO_CLIPBOARD=osc52")


def _to_file(text: str, what: str, folder: Path) -> Copied:
    target = folder / "clipboard.txt"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        return Copied(False, f"{what} is too long for the terminal, and {target} cannot be written: {error}")
    return Copied(True, f"{what} is too long for the terminal: written to {target}")
