"""The rows that the terminal's tests show, and what differs on the hop of a drifted one."""

from __future__ import annotations

from reconciler.model.changes import ABSENT, Change, ChangeKind, HopDiff, Ignored, KeyStep, Origin, Redacted
from reconciler.model.keys import ResourceKey
from reconciler.model.rows import Cell, ClusterTrace, GitTrace, Row
from reconciler.model.verdicts import Place, Verdict

NOW = 1_790_000_000.0
"""The frozen clock of the terminal's tests: 2026-09-21 14:13:20 UTC."""

CLUSTERS = ("prod-eu", "prod-us", "stage")


def row(
    name: str = "payments-api",
    *,
    namespace: str = "pay",
    cluster: str = "prod-eu",
    kind: str = "ApiV4Definition",
    verdict: Verdict = Verdict.SYNCED,
    git: Verdict | None = Verdict.SYNCED,
    since: float = NOW - 300,
    causes: tuple[str, ...] = (),
    author: str = "ana",
    manager: str = "gko-tui",
    revision: str = "8f21c0a",
    labels: tuple[tuple[str, str], ...] = (),
    version: int = 0,
    changes: int = 0,
) -> Row:
    """A row with the usual story behind it; say only what matters to the test."""
    trace = None
    if git is not None:
        trace = GitTrace(
            "platform",
            f"apis/{namespace}/{name}.yaml",
            1,
            (revision * 6)[:40],
            author,
            NOW - 7200,
            "raise the rate limit",
        )
    on_cluster = None
    if verdict is not Verdict.MISSING:
        on_cluster = ClusterTrace("uid-1", "4711", 14, manager, NOW - 320)
    return Row(
        ResourceKey(cluster, kind, namespace, name),
        "team-" + namespace,
        Cell(git, since, NOW - 3),
        Cell(verdict, since, NOW - 3, causes, change_count=changes),
        git_trace=trace,
        cluster_trace=on_cluster,
        labels=labels,
        version=version,
    )


def story() -> list[Row]:
    """About twenty rows with every verdict that the two first places can give."""
    rows = [
        row(
            verdict=Verdict.DRIFTED,
            manager="kubectl-edit",
            changes=2,
            causes=("2 fields changed by kubectl-edit",),
        ),
        row(cluster="prod-us", since=NOW - 86400),
        row(
            "orders-v2",
            namespace="shop",
            verdict=Verdict.FAILED,
            since=NOW - 1320,
            revision="91bb2e0",
            author="ben",
            causes=("the API server refused it: spec.type is immutable",),
        ),
        row(
            "catalog",
            namespace="shop",
            cluster="stage",
            verdict=Verdict.AHEAD,
            since=NOW - 2,
            revision="0aa91d2",
        ),
        row("checkout", namespace="shop", verdict=Verdict.MISSING, since=NOW - 4000, author="ben"),
        row("checkout", namespace="shop", cluster="prod-us", since=NOW - 90000, author="ben"),
        row(
            "old-search",
            namespace="shop",
            git=None,
            verdict=Verdict.ORPHAN,
            manager="kubectl-create",
            causes=("removed from Git by 41d09be (ben, 3d ago)",),
        ),
        row("legacy-billing", namespace="pay", kind="ApiDefinition", verdict=Verdict.CONFLICT, changes=1),
        row("web-shop", namespace="shop", kind="Application", verdict=Verdict.DRIFTED, manager="Lens"),
        row("team-pay", namespace="pay", kind="Group"),
    ]
    for number in range(14):
        rows.append(
            row(
                f"service-{number:02}",
                namespace="core",
                cluster=CLUSTERS[number % 3],
                since=NOW - 3600 * number,
                author=("ana", "ben", "ci")[number % 3],
                labels=(("team", "core"),),
            )
        )
    return rows


def diff_of(row: Row) -> HopDiff:
    """What differs on the cluster hop of a drifted row: an edit, an added plan, a secret."""
    yaml = ["spec:", "  name: payments", "  plans:"]
    for plan in range(8):
        yaml += [f"    plan-{plan}:", "      security:", "        type: API_KEY", f"      name: Plan {plan}"]
    right = list(yaml)
    right[right.index("    plan-3:") + 2] = "        type: KEY_LESS"
    right += ["    open:", "      security:", "        type: KEY_LESS"]
    changes = (
        Change(
            ("spec", "plans", KeyStep("plan-3"), "security", "type"),
            ChangeKind.CHANGED,
            "API_KEY",
            "KEY_LESS",
            Origin.RIGHT,
            "kubectl-edit",
            NOW - 320,
        ),
        Change(
            ("spec", "plans", KeyStep("open")),
            ChangeKind.ADDED,
            ABSENT,
            {"security": {"type": "KEY_LESS"}},
            Origin.RIGHT,
            "kubectl-edit",
            NOW - 320,
        ),
        Change(
            ("spec", "resources", 0, "configuration", "password"),
            ChangeKind.CHANGED,
            Redacted(b"a"),
            Redacted(b"b"),
            Origin.LEFT,
        ),
    )
    return HopDiff(
        Place.CLUSTER,
        "Git",
        f"cluster {row.key.cluster}",
        row.cluster.verdict,
        row.cluster.causes,
        changes,
        (
            Ignored(("metadata", "generation"), "server-set"),
            Ignored(("spec", "definitionVersion"), "schema default"),
        ),
        tuple(yaml),
        tuple(right),
    )
