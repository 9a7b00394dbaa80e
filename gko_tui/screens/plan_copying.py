"""What of a plan can be copied, and keeping it in a file that `gko-tui apply` takes."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from gko_tui.view.lines import safe
from reconciler.model.errors import GkoError

if TYPE_CHECKING:
    from gko_tui.app import GkoApp
    from reconciler.model.plan import Plan

_FILE = "keep it in a file"


def copy_plan_menu(app: GkoApp, plan: Plan | None, name: str, line: str, text: str) -> None:
    """Ask what of a plan to copy.

    Args:
        plan: None while there is none; name: its short id.
        line: the command line that does the same; text: what is on the screen.
    """
    from gko_tui.screens.choice import Choice

    choices = {"the command line": line}
    if plan is not None:
        choices["the plan's id"] = name
        choices["this text (plan)"] = text
    options = [
        (what, f"{what}   {safe(value.strip().splitlines()[0][:40])}") for what, value in choices.items()
    ]
    if plan is not None:
        options.append((_FILE, f"{_FILE}, and copy the gko-tui apply that takes it"))

    def chosen(what: str | None) -> None:
        if what == _FILE and plan is not None:
            _keep(app, plan, name)
        elif what is not None:
            app.copy(choices[what], what)

    app.push_screen(Choice("Copy", options), chosen)


def _begin(text: str) -> str:
    return safe(text.strip().splitlines()[0][:40])


def _keep(app: GkoApp, plan: Plan, name: str) -> None:
    from gko_tui.commands.plan_file import write_plan

    path = app.paths.state / f"{name}.plan"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_plan(plan, path)
    except (GkoError, OSError) as error:
        app.say(error.sentence() if isinstance(error, GkoError) else str(error), severity="error")
        return
    app.copy(f"gko-tui apply {shlex.quote(str(path))}", "the command line")
