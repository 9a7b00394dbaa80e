"""Every command of the command line, in one table: the parser, the help and the docs all read it.

Plain data: nothing here imports a handler, so that `--help` and a typo cost nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

HOP_NAMES = ("cluster", "control-plane", "gateway")
"""The hops, each by the place on its right."""
FORMATS = ("table", "json", "yaml")
DOCUMENTS = ("status", "change", "diff", "trace", "explain", "plan", "outcome", "doctor", "operators")
"""What `info --schema` knows."""


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument or option.

    Args:
        flags: its names; one without dashes is positional.
        help: one sentence without a full stop.
        options: what argparse is told besides (metavar, nargs, choices, type…).
    """

    flags: tuple[str, ...]
    help: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Command:
    """One verb.

    Args:
        name: as it is typed; `config check` is the verb `check` of the group `config`.
        summary: one sentence.
        handler: `module:function`, imported when the command runs; called with an `Invocation`.
        arguments: its own arguments, after the global ones.
        examples: command lines worth knowing.
    """

    name: str
    summary: str
    handler: str
    arguments: tuple[Argument, ...] = ()
    examples: tuple[str, ...] = ()


GLOBAL = (
    Argument(("--config",), "the gko-tui.yaml to use", {"metavar": "FILE"}),
    Argument(
        ("--debug",), "log to the state folder and standard error; show tracebacks", {"action": "store_true"}
    ),
    Argument(("--ascii",), "draw with ASCII characters only", {"action": "store_true"}),
    Argument(("--no-color",), "no colours (NO_COLOR does the same)", {"action": "store_true"}),
    Argument(("--plain",), "never open the terminal; print lines instead", {"action": "store_true"}),
)
"""Options of every command, written before or after it."""

ON_SCREEN = (
    Argument(("--theme",), "the terminal's colours", {"metavar": "NAME"}),
    Argument(("--no-mouse",), "leave the mouse to the terminal emulator", {"action": "store_true"}),
    Argument(
        ("--read-only",), "write nothing from the terminal, whatever is typed", {"action": "store_true"}
    ),
    Argument(("--reduced-motion",), "nothing flashes or slides", {"action": "store_true"}),
)
"""Options of whatever opens the terminal: no command at all, and `demo`."""

OUTPUT = Argument(
    ("-o", "--output"),
    "how to write: table, json or yaml",
    {"choices": FORMATS, "default": "table", "metavar": "FORMAT"},
)

SELECTORS = (
    Argument(
        ("--cluster",),
        "only these clusters (names or globs; may be repeated, or separated by commas)",
        {"action": "append", "metavar": "NAME"},
    ),
    Argument(("-n", "--namespace"), "only these namespaces", {"action": "append", "metavar": "NAME"}),
    Argument(("--kind",), "only these kinds, in any case or plural", {"action": "append", "metavar": "KIND"}),
    Argument(
        ("-l", "--selector"),
        "only resources with these labels: a=b,c!=d,e in (f,g),!h",
        {"metavar": "LABELS"},
    ),
    Argument(("--application",), "only these applications", {"action": "append", "metavar": "NAME"}),
    Argument(
        ("--control-plane",),
        "only what these control planes hold or should hold",
        {"action": "append", "metavar": "NAME"},
    ),
    Argument(
        ("-f", "--filter"),
        "only what the terminal's filter finds: sync:drifted, gateway:behind, origin:console, owner:ana",
        {"metavar": "TEXT"},
    ),
)

READING = (
    OUTPUT,
    *SELECTORS,
    Argument(
        ("--timeout",), "give up on a place's answer after SECONDS", {"type": float, "metavar": "SECONDS"}
    ),
    Argument(
        ("--allow-unknown",),
        "what could not be read does not count in the exit code",
        {"action": "store_true"},
    ),
)

WATCH = Argument(("--watch", "-w"), "stay, and print what changes as it changes", {"action": "store_true"})

ONLY_HOPS = Argument(
    ("--hop",),
    "let only these hops count in the exit code (may be repeated)",
    {"action": "append", "choices": HOP_NAMES, "metavar": "HOP"},
)

RESOURCES = Argument(
    ("resources",),
    "[CLUSTER:]KIND/[NAMESPACE/]NAME or a NAME, with * and ?",
    {"nargs": "*", "metavar": "RESOURCE"},
)

ACROSS = Argument(
    ("--hop",),
    "write across these hops only, by the place on their right: cluster, control-plane (may be repeated)",
    {"action": "append", "dest": "hops", "choices": HOP_NAMES[:2], "metavar": "HOP"},
)

WAIT = Argument(
    ("--wait",), "end with waiting until the gateways run what was changed", {"action": "store_true"}
)

CONFIRMING = (
    Argument(
        ("--confirm",),
        "type what the plan asks for: deletions, take-overs, protected clusters (may be repeated)",
        {"action": "append", "metavar": "PHRASE"},
    ),
    Argument(
        ("--within",),
        "give the places SECONDS to show what was done (60); later is exit code 2",
        {"type": float, "default": 60.0, "metavar": "SECONDS"},
    ),
)

LEASE_NAMESPACE = Argument(
    ("--lease-namespace",),
    "the namespace of the operator's lease, where a cluster has several operators",
    {"metavar": "NAME"},
)
CLUSTER = Argument(("cluster",), "a configured cluster", {"metavar": "CLUSTER"})
NAMED = Argument(
    ("--confirm",), "the cluster's name, where nobody can type it", {"action": "append", "metavar": "NAME"}
)

YES = Argument(
    ("--yes", "-y"),
    "answer the plain question where nobody can; deletions, take-overs and protected clusters are still "
    "asked for, and where nobody can type nothing is written: exit code 4",
    {"action": "store_true"},
)

COMMANDS: tuple[Command, ...] = (
    Command(
        "status",
        "Say of every resource whether each place still is what the one before it says.",
        "gko_tui.commands.status:status",
        (ONLY_HOPS, *READING, WATCH),
        ("gko-tui status", "gko-tui status --cluster 'prod-*' -o json", "gko-tui status --watch"),
    ),
    Command(
        "get",
        "List resources with their verdicts and every cause.",
        "gko_tui.commands.status:get",
        (RESOURCES, ONLY_HOPS, *READING, WATCH),
        ("gko-tui get payments-api", "gko-tui get 'prod-eu:ApiV4Definition/pay/*' -o yaml"),
    ),
    Command(
        "diff",
        "Show what differs on a hop, field by field, and who changed it.",
        "gko_tui.commands.diff:run",
        (
            RESOURCES,
            Argument(
                ("--hop",),
                "one hop, by the place on its right: cluster, control-plane, gateway; or all",
                {"choices": ("all", *HOP_NAMES), "default": "all", "metavar": "HOP"},
            ),
            Argument(
                ("--gateway",),
                "compare this gateway or pod, not the worst one",
                {"default": "", "metavar": "NAME[/POD]"},
            ),
            *READING,
        ),
        (
            "gko-tui diff",
            "gko-tui diff ApiV4Definition/pay/payments-api -o json",
            "gko-tui diff git:main~3..control-plane payments-api",
            "gko-tui diff --hop control-plane -f origin:kubernetes",
        ),
    ),
    Command(
        "trace",
        "Show the way of an API through all places, and who did what to it there, newest first.",
        "gko_tui.commands.trace:run",
        (
            Argument(RESOURCES.flags, RESOURCES.help, {"nargs": "+", "metavar": "RESOURCE"}),
            *READING,
        ),
        ("gko-tui trace payments-api", "gko-tui trace prod-eu:ApiV4Definition/pay/payments-api -o json"),
    ),
    Command(
        "plan",
        "Show what would be written, where, in which order and why; the places are asked to try it.",
        "gko_tui.commands.plan:run",
        (
            RESOURCES,
            ACROSS,
            WAIT,
            Argument(("--out",), "keep the plan for gko-tui apply", {"metavar": "FILE"}),
            *READING,
        ),
        (
            "gko-tui plan",
            "gko-tui plan --application payments --out payments.plan",
            "gko-tui plan 'prod-eu:ApiV4Definition/pay/*' --hop cluster -o json",
            "gko-tui plan; echo $?   # 0 nothing to do, 2 changes, 4 blocked, 5 not all was read, 1 error",
        ),
    ),
    Command(
        "apply",
        "Carry out a plan that was kept: each precondition is checked again, what moved stops its branch.",
        "gko_tui.commands.apply:run",
        (
            Argument(("file",), "what gko-tui plan --out wrote", {"metavar": "FILE"}),
            *CONFIRMING,
            OUTPUT,
            READING[-2],
        ),
        (
            "gko-tui apply payments.plan",
            "gko-tui apply payments.plan --confirm 'delete 2'",
            "gko-tui apply payments.plan; echo $?   # 0 done, 1 failed or stopped, 2 not seen yet, 4 blocked",
        ),
    ),
    Command(
        "sync",
        "Bring clusters and control planes in line with Git: shows the plan, asks, carries it out.",
        "gko_tui.commands.sync:run",
        (RESOURCES, ACROSS, WAIT, YES, *CONFIRMING, *READING),
        (
            "gko-tui sync",
            "gko-tui sync --application payments --yes",
            "gko-tui sync --yes --confirm 'take 1' --confirm prod-eu",
            "gko-tui sync --yes; echo $?   # 0 done, 1 failed or stopped, 2 not seen yet, 4 not confirmed",
        ),
    ),
    Command(
        "reconcile",
        "Bring one resource in line at every place, and wait until its gateways run it.",
        "gko_tui.commands.reconcile:run",
        (
            Argument(("resource",), RESOURCES.help, {"metavar": "RESOURCE"}),
            YES,
            *CONFIRMING,
            *READING,
        ),
        (
            "gko-tui reconcile payments-api",
            "gko-tui reconcile prod-eu:ApiV4Definition/pay/payments-api --yes",
        ),
    ),
    Command(
        "delete",
        "Delete resources from their clusters, once their number was typed.",
        "gko_tui.commands.acting_delete:run",
        (
            Argument(RESOURCES.flags, RESOURCES.help, {"nargs": "+", "metavar": "RESOURCE"}),
            YES,
            *CONFIRMING,
            *READING,
        ),
        ("gko-tui delete prod-eu:ApiV4Definition/pay/old --confirm 'delete 1' --yes",),
    ),
    Command(
        "operator show",
        "Say who writes to the control planes, GKO or gko-tui, and what speaks against taking over.",
        "gko_tui.commands.operator:show",
        (
            Argument(("clusters",), "configured clusters; all if none", {"nargs": "*", "metavar": "CLUSTER"}),
            OUTPUT,
        ),
        ("gko-tui operator show", "gko-tui operator show prod-eu -o json"),
    ),
    Command(
        "operator take-over",
        "Decide that gko-reconciler stands in for GKO on a cluster; refused while only GKO serves something.",
        "gko_tui.commands.operator:take",
        (
            CLUSTER,
            Argument(("--reason",), "why, for whoever looks later", {"metavar": "TEXT"}),
            LEASE_NAMESPACE,
            NAMED,
        ),
        ("gko-tui operator take-over prod-eu --reason 'GKO never looks again'",),
    ),
    Command(
        "operator hand-back",
        "Hand a cluster back to GKO, and wait until the lease is let go.",
        "gko_tui.commands.operator:give",
        (
            CLUSTER,
            LEASE_NAMESPACE,
            Argument(
                ("--uninstall",),
                "there is no GKO: take gko-tui's finalizers off everything instead",
                {"action": "store_true"},
            ),
            NAMED,
            Argument(
                ("--within",),
                "wait SECONDS for the lease (60); later is exit code 2",
                {"type": float, "default": 60.0, "metavar": "SECONDS"},
            ),
        ),
        ("gko-tui operator hand-back prod-eu", "gko-tui operator hand-back prod-eu --uninstall"),
    ),
    Command(
        "doctor",
        "Check what can be reached, and which rights are there or missing, per place and verb.",
        "gko_tui.commands.doctor:run",
        (OUTPUT, READING[-2]),
    ),
    Command(
        "info",
        "Show versions, folders and the configuration in use.",
        "gko_tui.commands.info:run",
        (
            OUTPUT,
            Argument(
                ("--schema",),
                f"print the JSON Schema of a document: {', '.join(DOCUMENTS)}",
                {"choices": DOCUMENTS, "metavar": "NAME"},
            ),
        ),
        ("gko-tui info", "gko-tui info --schema status"),
    ),
    Command(
        "explain",
        "Say why a verdict is what it is: every rule that fired and what it hid; or what a verdict means.",
        "gko_tui.commands.explain:run",
        (
            Argument(
                ("subject",), "a resource, or a verdict such as Drifted", {"metavar": "RESOURCE|VERDICT"}
            ),
            Argument(
                ("path",),
                "only what lies at this path: spec.plans[gold], /spec/plans/gold",
                {"nargs": "?", "metavar": "PATH"},
            ),
            *READING,
        ),
        ("gko-tui explain payments-api spec.plans", "gko-tui explain Drifted"),
    ),
    Command(
        "rules test",
        "Run the tests that stand in rules files.",
        "gko_tui.commands.rules:test",
        (
            Argument(
                ("files",), "rules files; .gko-tui/rules.yaml if none", {"nargs": "*", "metavar": "FILE"}
            ),
            OUTPUT,
        ),
        ("gko-tui rules test", "gko-tui rules test .gko-tui/rules.yaml"),
    ),
    Command(
        "config check",
        "Validate gko-tui.yaml and name every error with its line.",
        "gko_tui.commands.config:check",
        (Argument(("file",), "the file; left out: the one that would be used", {"nargs": "?"}), OUTPUT),
    ),
    Command(
        "config example",
        "Print a commented gko-tui.yaml.",
        "gko_tui.commands.config:example",
        (),
        ("gko-tui config example > gko-tui.yaml",),
    ),
    Command(
        "demo",
        "Start an embedded platform with incidents to find, and open the terminal on it.",
        "gko_tui.commands.demo:run",
        (
            Argument(
                ("--serve",),
                "only serve: print kubeconfig and configuration, and stay up",
                {"action": "store_true"},
            ),
            Argument(
                ("--folder",),
                "keep the demo's files here; left out: a folder that goes with it",
                {"metavar": "DIR"},
            ),
            Argument(
                ("--scale",),
                "so many generated APIs more",
                {"type": int, "default": 0, "metavar": "NUMBER"},
            ),
            OUTPUT,
            *ON_SCREEN,
        ),
        ("gko-tui demo", "gko-tui demo --serve"),
    ),
)
