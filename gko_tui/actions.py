"""Everything a person can do in the terminal, in one table.

Keys, hint line, help, command bar and palette all read it, so they cannot disagree. An action is
carried out by the method `do_<last part of its id>` of the screen it belongs to (or of the app, for
the global ones); a screen says in `unavailable` why one of its actions cannot be done right now.
"""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding

TABLE, TEXT, DETAIL, DIFF, PLAN, GLOBAL = "table", "text", "detail", "diff", "plan", "global"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do.

    Args:
        id: `<context>.<verb>`, stable: remap files name it.
        title: a word or two, for hints and the palette.
        keys: Textual key names; the first is the one that is shown.
        help: one sentence.
        command: its name in the `:` bar, empty where only a key makes sense.
        argument: what the command takes, in words; empty where it takes nothing.
        hint: its rank in the hint line, 1 first; 0 never.
        aliases: other names of the command.
        per_key: the key itself is the argument (`3` looks at the third cluster).
    """

    id: str
    title: str
    keys: tuple[str, ...]
    help: str
    command: str = ""
    argument: str = ""
    hint: int = 0
    aliases: tuple[str, ...] = ()
    per_key: bool = False

    @property
    def context(self) -> str:
        """Where it works: `global`, or the part of a screen."""
        return self.id.partition(".")[0]

    @property
    def verb(self) -> str:
        """The name of the method that does it, without `do_`."""
        return self.id.partition(".")[2]


ACTIONS: tuple[Action, ...] = (
    # --- the table ---------------------------------------------------------------------------
    Action("table.open", "Open", ("enter",), "Open the resource; on its diff where a hop differs.", hint=1),
    Action(
        "table.diff",
        "Diff",
        ("d",),
        "Open the resource on the diff of the first hop that differs.",
        "diff",
        "[RESOURCE]",
        hint=2,
    ),
    Action(
        "table.yaml",
        "YAML",
        ("y",),
        "Open the resource on its documents in every place.",
        "yaml",
        "[RESOURCE]",
        hint=7,
    ),
    Action(
        "table.trace",
        "Trace",
        ("t", "e"),
        "Open the resource on its way through all places, and what happened to it there.",
        "trace",
        "[RESOURCE]",
        hint=6,
        aliases=("events",),
    ),
    Action(
        "table.reconcile",
        "Reconcile",
        ("R",),
        "Make the plan for this resource on every hop, show it; it runs only once it was armed.",
        "reconcile",
        "[RESOURCE]",
        hint=3,
    ),
    Action(
        "table.sync",
        "Plan",
        (),
        "Make the plan for an application, for what the table lists, or for everything.",
        "sync",
        "[APPLICATION…]",
        aliases=("plan",),
    ),
    Action(
        "table.filter",
        "Filter",
        ("slash",),
        "Filter rows: words, regular expressions, !inverse, -f fuzzy, field:value.",
        "filter",
        "[TEXT]",
        hint=4,
    ),
    Action(
        "table.errors",
        "Errors",
        ("exclamation_mark",),
        "Show only rows that are not Synced, or all again.",
        "unhealthy",
        hint=5,
        aliases=("errors",),
    ),
    Action("table.healthy", "Healthy", (), "Show only rows that are Synced.", "healthy"),
    Action("table.all", "All", (), "Show every row again: no filter, every state, every cluster.", "all"),
    Action("table.apis", "APIs", (), "Show the APIs (ApiV4Definition, ApiDefinition).", "apis"),
    Action(
        "table.resources",
        "Resources",
        (),
        "Show resources of every kind, or of one.",
        "resources",
        "[KIND]",
        aliases=("res", "kind"),
    ),
    Action(
        "table.scope",
        "Clusters",
        (),
        "Look at some clusters or control planes only; 0 is all of them, 1 to 9 the first nine.",
        "scope",
        "[CLUSTER…]",
        aliases=("ctx", "clusters"),
    ),
    Action(
        "table.scope_number",
        "Cluster 0–9",
        tuple("0123456789"),
        "Look at all clusters (0) or at one of the first nine.",
        per_key=True,
    ),
    Action(
        "table.sort",
        "Sort",
        (),
        "Sort by a column; a leading - turns it round.",
        "sort",
        "COLUMN",
    ),
    Action("table.sort_name", "Sort by name", ("N",), "Again turns it round, a third time resets."),
    Action("table.sort_age", "Sort by age", ("A",), "By how long the state has lasted, youngest first."),
    Action("table.sort_state", "Sort by state", ("S",), "Worst first."),
    Action("table.sort_namespace", "Sort by namespace", ("P",), "By namespace, then name."),
    Action("table.sort_owner", "Sort by owner", ("O",), "By who changed it last."),
    Action(
        "table.columns",
        "Columns",
        (),
        "Choose the columns, or `default`.",
        "columns",
        "[COLUMN…]",
    ),
    Action("table.down", "Down", ("j", "down"), "One row down."),
    Action("table.up", "Up", ("k", "up"), "One row up."),
    Action("table.top", "Top", ("g", "home"), "The first row."),
    Action("table.bottom", "Bottom", ("G", "end"), "The last row."),
    Action("table.page_down", "Page down", ("ctrl+f", "pagedown"), "One page down."),
    Action("table.page_up", "Page up", ("ctrl+b", "pageup"), "One page up."),
    Action("table.half_down", "Half page down", ("ctrl+d",), "Half a page down; it never deletes."),
    Action("table.half_up", "Half page up", ("ctrl+u",), "Half a page up."),
    Action("table.copy", "Copy name", ("c",), "Copy the name of the resource."),
    Action(
        "table.copy_menu",
        "Copy…",
        ("C",),
        "Copy the name, the resource, its file or the command line.",
        "copy",
    ),
    # --- one resource ------------------------------------------------------------------------
    Action("detail.tab_1", "Hops", ("1",), "The places of this resource, one by one."),
    Action("detail.tab_2", "Diff", ("2", "d"), "What differs on each hop; again for the next hop."),
    Action("detail.tab_3", "YAML", ("3", "y"), "The documents, without secrets."),
    Action("detail.tab_4", "Trace", ("4", "t", "e"), "The way through all places, and what happened there."),
    Action("detail.next_tab", "Next tab", ("tab",), "The next tab."),
    Action("detail.previous_tab", "Previous tab", ("shift+tab",), "The tab before."),
    Action(
        "detail.reconcile",
        "Reconcile",
        ("R",),
        "Make the plan for this resource on every hop, show it; it runs only once it was armed.",
        hint=3,
    ),
    Action("detail.copy", "Copy name", ("c",), "Copy the name of the resource."),
    Action(
        "detail.copy_menu", "Copy…", ("C",), "Copy the name, the resource, this text or the command line."
    ),
    Action("diff.next_hop", "Next hop", ("right_square_bracket",), "The diff of the next hop.", hint=2),
    Action(
        "diff.previous_hop", "Hop before", ("left_square_bracket",), "The diff of the hop before.", hint=8
    ),
    Action(
        "diff.gateway",
        "Pod",
        ("w",),
        "Choose the gateway or pod that is compared; the worst one without a choice.",
        "gateway",
        "[NAME]",
        hint=9,
    ),
    Action("diff.mode", "Mode", ("vertical_line",), "Side by side, unified, or only the fields.", hint=3),
    Action(
        "diff.ignored", "Ignored", ("i",), "Show what was not compared, and the rule that says why.", hint=4
    ),
    Action(
        "diff.ignore_field",
        "Ignore field",
        ("I",),
        "Put a rule down in your rules file that hides one field from now on; it is shown and asked first.",
    ),
    Action("diff.less", "Less context", ("left_curly_bracket",), "Show fewer unchanged lines."),
    Action("diff.more", "More context", ("right_curly_bracket",), "Show more unchanged lines."),
    # --- a plan ------------------------------------------------------------------------------
    Action(
        "plan.arm",
        "Arm",
        ("y",),
        "Type what the plan asks for, then set the trigger: Enter carries the plan out from there.",
        hint=1,
    ),
    Action("plan.run", "Carry out", ("enter",), "Carry out the plan, once it is armed.", hint=1),
    Action("plan.stop", "Stop", ("x",), "Begin no further step; those that were begun are finished.", hint=2),
    Action("plan.again", "New plan", ("R",), "Make the plan anew, from what is known now.", hint=4),
    Action("plan.copy", "Copy id", ("c",), "Copy the plan's id."),
    Action(
        "plan.copy_menu",
        "Copy…",
        ("C",),
        "Copy the command line that does the same, the plan's id, this text, or keep the plan in a file.",
        hint=6,
    ),
    # --- texts -------------------------------------------------------------------------------
    Action("text.search", "Search", ("slash",), "Search in this text.", hint=5),
    Action("text.next", "Next", ("n",), "The next hit of the search, else the next change.", hint=1),
    Action("text.previous", "Previous", ("N",), "The hit or change before."),
    Action("text.down", "Down", ("j", "down"), "One line down."),
    Action("text.up", "Up", ("k", "up"), "One line up."),
    Action("text.left", "Left", ("left", "h"), "To the left."),
    Action("text.right", "Right", ("right", "l"), "To the right."),
    Action("text.top", "Top", ("g", "home"), "The first line."),
    Action("text.bottom", "Bottom", ("G", "end"), "The last line."),
    Action("text.page_down", "Page down", ("ctrl+f", "pagedown", "space"), "One page down."),
    Action("text.page_up", "Page up", ("ctrl+b", "pageup"), "One page up."),
    Action("text.half_down", "Half page down", ("ctrl+d",), "Half a page down."),
    Action("text.half_up", "Half page up", ("ctrl+u",), "Half a page up."),
    # --- everywhere --------------------------------------------------------------------------
    Action("global.command", "Command", ("colon",), "Type a command; Tab completes it.", hint=90),
    Action(
        "global.help",
        "Help",
        ("question_mark", "f1"),
        "The keys that work here, searchable.",
        "help",
        hint=91,
    ),
    Action(
        "global.places",
        "Places",
        ("p",),
        "How well every source, cluster, control plane and gateway can be read, and what to do.",
        "places",
        hint=20,
        aliases=("problems",),
    ),
    Action(
        "global.refresh",
        "Refresh",
        ("ctrl+r",),
        "Read what is on the screen again.",
        "refresh",
    ),
    Action(
        "global.write",
        "Write window",
        (),
        "Let these clusters be written to for a while (15m); a protected one has to be named.",
        "write",
        "[CLUSTER…] [TIME]",
        aliases=("rw",),
    ),
    Action(
        "global.readonly",
        "Read-only",
        (),
        "Close every write window at once.",
        "readonly",
        aliases=("ro",),
    ),
    Action("global.theme", "Theme", (), "Change the colours.", "theme", "NAME"),
    Action("global.palette", "Palette", ("ctrl+p",), "Find an action by its name."),
    Action(
        "global.s",
        "Why s does nothing",
        ("s",),
        "Says what s means elsewhere, and what to press here.",
    ),
    Action("global.back", "Back", ("escape",), "Close what is open: prompt, filter, screen.", hint=7),
    Action(
        "global.quit",
        "Quit",
        ("q",),
        "Back, and out of the program from the table.",
        "quit",
        aliases=("q", "q!"),
    ),
    Action("global.interrupt", "Quit now", ("ctrl+c",), "Copy what is selected, else end the program."),
)

BY_ID = {action.id: action for action in ACTIONS}

CONTEXT_TITLES = {
    TABLE: "Table",
    DETAIL: "One resource",
    DIFF: "Diff",
    PLAN: "Plan",
    TEXT: "Texts",
    GLOBAL: "Everywhere",
}

_KEY_NAMES = {
    "enter": "⏎",
    "escape": "Esc",
    "slash": "/",
    "colon": ":",
    "exclamation_mark": "!",
    "question_mark": "?",
    "vertical_line": "|",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "space": "Space",
    "tab": "Tab",
    "shift+tab": "Shift+Tab",
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "home": "Home",
    "end": "End",
    "up": "Up",
    "down": "Down",
    "left": "Left",
    "right": "Right",
    "f1": "F1",
}


def key_name(key: str, *, ascii_only: bool = False) -> str:
    """A key as people write it: `⏎`, `^r`, `/`."""
    if key == "enter" and ascii_only:
        return "Enter"
    if key.startswith("ctrl+"):
        return f"^{key.removeprefix('ctrl+')}"
    return _KEY_NAMES.get(key, key)


def drawn(text: str, *, ascii_only: bool) -> str:
    """A title or help in the characters that can be drawn; as long as it was."""
    return text.replace("…", "~").replace("–", "-").replace("⏎", "~") if ascii_only else text


def actions_for(*contexts: str) -> tuple[Action, ...]:
    """The actions of these contexts, in the order of the table."""
    return tuple(action for action in ACTIONS if action.context in contexts)


def bindings_for(*contexts: str) -> list[Binding]:
    """Textual bindings of these contexts; each carries its action's id, so that it can be remapped.

    They are looked up before a key is handed to the widget that has the focus: a key that opens the
    prompt is done before the next one is read, and none travels through six queues before it is
    painted. `check_action` of screens and app leaves them alone while something is typed.

    Args:
        contexts: an earlier one wins where two use a key.
    """
    taken: set[str] = set()
    bindings: list[Binding] = []
    for context in contexts:
        for action in actions_for(context):
            keys = [key for key in action.keys if key not in taken]
            taken.update(keys)
            if action.per_key:
                bindings += [_binding(action, key, f"act('{action.id}', '{key}')", key) for key in keys]
            elif keys:
                bindings.append(_binding(action, ",".join(keys), f"act('{action.id}')"))
    return bindings


def _binding(action: Action, keys: str, run: str, part: str = "") -> Binding:
    return Binding(
        keys,
        run,
        action.title,
        show=False,
        tooltip=action.help,
        id=f"{action.id}.{part}" if part else action.id,
        priority=True,
    )


def command_names() -> dict[str, Action]:
    """Every name that the `:` bar knows, aliases included."""
    names: dict[str, Action] = {}
    for action in ACTIONS:
        for name in (action.command, *action.aliases):
            if name:
                names[name] = action
    return names
