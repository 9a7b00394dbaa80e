"""What a line of the `:` bar does, and what it could become."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from textual.app import SystemCommand

from gko_tui.actions import ACTIONS, TABLE, command_names
from gko_tui.theme import load_themes
from gko_tui.view.columns import COLUMNS
from gko_tui.view.commands import Command, completions, parse_command
from gko_tui.view.listing import SORT_KEYS
from reconciler.model.errors import GkoError, UsageError

if TYPE_CHECKING:
    from gko_tui.app import GkoApp

_MOST_COMPLETIONS = 50
_OF_WHAT_IS_LISTED = ("table.sync", "table.reconcile")
"""They are about the rows that the table lists once the rest of the line was done."""
_NOT_IN_PALETTE = ("global.s", "global.palette", "global.back", "global.interrupt")


def run_command(app: GkoApp, text: str) -> None:
    """Do a line, or say why it cannot be done."""
    try:
        command = parse_command(text, command_names())
        if command is not None:
            _run(app, command)
    except GkoError as error:
        app.say(error.sentence(), severity="error")


def _run(app: GkoApp, command: Command) -> None:
    action = command_names()[command.name]
    optional = not action.argument or action.argument.startswith("[")
    if not optional and not command.arguments:
        raise UsageError(
            "says too little",
            subject=f":{command.name}",
            next_step=f"write :{command.name} {action.argument}",
        )
    narrows = command.clusters is not None or command.filter is not None
    if action.context == TABLE or narrows:
        app.back_to_table()
    if command.name == "filter" and command.filter is not None:
        app.table_screen.set_filter(command.filter)
        return
    if narrows and action.id in _OF_WHAT_IS_LISTED:
        app.table_screen.run_command(command)
        narrows = False
    app.act(action.id, " ".join(command.arguments))
    if narrows:
        app.table_screen.run_command(command)


def palette_commands(app: GkoApp, contexts: tuple[str, ...]) -> Iterator[SystemCommand]:
    """The actions of these contexts that need nothing more, and the themes, for the palette."""
    for action in ACTIONS:
        needs_more = action.per_key or (action.argument and not action.argument.startswith("["))
        if action.context in contexts and not needs_more and action.id not in _NOT_IN_PALETTE:
            yield SystemCommand(action.title, action.help, lambda chosen=action.id: app.act(chosen))
    for name in load_themes():
        yield SystemCommand(f"Theme {name}", "Change the colours.", lambda name=name: app.do_theme(name))


def complete(app: GkoApp, text: str) -> list[str]:
    """What a line could become, the best first."""
    clusters = list(app.cluster_names())
    applications = [one.name for one in app.platform.applications]
    arguments: dict[str, list[str]] = {
        "@": clusters,
        "scope": clusters,
        "write": clusters,
        "sync": applications,
        "plan": applications,
        "theme": sorted(app.available_themes, key=lambda name: (not name.startswith("gko-"), name)),
        "sort": list(SORT_KEYS),
        "columns": [*COLUMNS, "default"],
    }
    head, _, last = text.partition(" ")
    rows = app.bridge.store.rows
    if head == "resources":
        arguments[head] = sorted({key.kind for key in rows})
    elif head in ("diff", "yaml", "trace", "reconcile"):
        arguments[head] = sorted({key.name for key in rows if key.name.startswith(last)})[:_MOST_COMPLETIONS]
    names = sorted(action.command for action in ACTIONS if action.command)
    return completions(text, names, arguments)
