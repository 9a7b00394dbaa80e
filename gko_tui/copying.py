"""What of a resource can be copied, and saying what became of it."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING

from gko_tui.clipboard import copy_text

if TYPE_CHECKING:
    from gko_tui.app import GkoApp
    from reconciler.model.keys import ResourceKey


def copy(app: GkoApp, text: str, what: str, write: Callable[[str], None]) -> None:
    """Copy a text through `write` (to the terminal) and say what became of it."""
    copied = copy_text(text, what, environ=app.environ, folder=app.paths.state, write=write)
    app.say(copied.message, severity="information" if copied.ok else "warning")


def copy_menu(
    app: GkoApp, key: ResourceKey, *, text: str = "", text_name: str = "", command: str = "get"
) -> None:
    """Ask what of a resource to copy.

    Args:
        text: what is on the screen, if that may be copied too; text_name: what it is.
        command: the verb and options that print the same.
    """
    from gko_tui.screens.choice import Choice

    row = app.bridge.store.rows.get(key)
    choices = {
        "the name": key.name,
        "the resource": str(key),
        "the command line": f"gko-tui {command} {shlex.quote(str(key))}",
    }
    trace = row.control_plane_trace if row is not None else None
    if trace is not None:
        choices["the id at the control plane"] = trace.id
        choices["the HRID"] = trace.hrid
    if row is not None and row.git_trace is not None:
        choices["the file and line"] = f"{row.git_trace.path}:{row.git_trace.line}"
        choices["the commit"] = row.git_trace.revision
    if text.strip():
        choices[f"this text ({text_name})"] = text
    options = [
        (what, f"{what}   {value.strip().splitlines()[0][:40]}") for what, value in choices.items() if value
    ]

    def chosen(what: str | None) -> None:
        if what is not None:
            app.copy(choices[what], what)

    app.push_screen(Choice("Copy", options), chosen)
