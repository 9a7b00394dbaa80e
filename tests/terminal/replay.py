"""A platform without an engine: rows, places and answers that a test decides on.

The terminal cannot tell it from the real one: it publishes into the `Fleet` it is given and answers
the same questions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from reconciler.engine.fleet import Fleet
from reconciler.model.changes import Change, ChangeKind, HopDiff, Ignored, KeyStep, Origin, Redacted
from reconciler.model.errors import ClusterError
from reconciler.model.keys import ResourceKey
from reconciler.model.rows import Cell, ClusterTrace, GitTrace, PlaceState, Problem, Row
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
            _absent(),
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


def _absent() -> object:
    from reconciler.model.changes import ABSENT

    return ABSENT


def platform(clusters: Iterable[str] = CLUSTERS, sources: Iterable[str] = ("platform",)) -> Any:
    """As much of a `Platform` as the terminal looks at."""
    return SimpleNamespace(
        clusters=tuple(SimpleNamespace(name=name, protected=False) for name in clusters),
        sources=tuple(SimpleNamespace(name=name) for name in sources),
    )


def paths(folder: Path) -> Any:
    """Where this machine keeps its state, for one test."""
    return SimpleNamespace(state=folder, cache=folder)


def ready(name: str, place: Place = Place.CLUSTER, detail: str = "v1.36.3") -> PlaceState:
    """A place that is well."""
    return PlaceState(place, name, "ready", "", NOW - 1, None, detail)


def dead(name: str, *, age: float = 41, retry: float = 8) -> PlaceState:
    """A cluster that stopped answering `age` seconds ago and is tried again in `retry` seconds."""
    return PlaceState(
        Place.CLUSTER,
        name,
        "failed",
        f"{name}: no answer within 3 s; check the VPN, then: kubectl --context {name} get --raw /readyz",
        NOW - age,
        NOW + retry,
        "v1.36.3",
    )


@dataclass
class Replay:
    """An engine that says what it was told to.

    `questions` records what it was asked. `answer_diff` may be replaced. `gate`, if set, holds every
    diff back until it is set (from the engine's own loop).
    """

    rows: list[Row] = field(default_factory=story)
    places: list[PlaceState] = field(
        default_factory=lambda: [
            ready("platform", Place.GIT, "main 8f21c0a"),
            *(ready(name) for name in CLUSTERS),
        ]
    )
    problems: tuple[Problem, ...] = ()
    answer_diff: Callable[[Row], HopDiff] = diff_of
    hold_diff: bool = False
    fails_with: Exception | None = None
    questions: list[tuple[str, ResourceKey | None]] = field(default_factory=list)
    fleet: Fleet | None = None
    gate: asyncio.Event | None = None
    loop: asyncio.AbstractEventLoop | None = None

    def __call__(self, fleet: Fleet) -> Replay:
        """Be the factory too."""
        if self.fails_with is not None:
            raise self.fails_with
        self.fleet = fleet
        self.publish()
        return self

    def publish(self) -> None:
        """Publish everything."""
        assert self.fleet is not None
        for place in self.places:
            self.fleet.publish_place(place)
        self.fleet.publish_problems("platform", self.problems)
        self.fleet.publish({row.key: row for row in self.rows})

    def put(self, *rows: Row, removed: Iterable[ResourceKey] = ()) -> None:
        """Publish some rows, now."""
        assert self.fleet is not None
        self.fleet.publish({row.key: row for row in rows}, removed)

    def release(self) -> None:
        """Let held answers go."""
        assert self.loop is not None and self.gate is not None
        self.loop.call_soon_threadsafe(self.gate.set)

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def refresh(self) -> None:
        self.questions.append(("refresh", None))

    async def diff(self, key: ResourceKey, hop: Place = Place.CLUSTER) -> HopDiff:
        if self.hold_diff:
            self.loop = asyncio.get_running_loop()
            self.gate = self.gate or asyncio.Event()
        self.questions.append(("diff", key))
        if self.gate is not None:
            await self.gate.wait()
        row = self.fleet.row(key) if self.fleet else None
        if row is None:
            raise ClusterError("is not known", subject=str(key))
        return self.answer_diff(row)

    async def document(self, key: ResourceKey, place: Place) -> tuple[str, ...]:
        self.questions.append((f"document {place.value}", key))
        return (
            "apiVersion: gravitee.io/v1alpha1",
            f"kind: {key.kind}",
            "metadata:",
            f"  name: {key.name}",
            "spec:",
            "  resources:",
            "    - configuration:",
            "        password: ‹redacted›",
        )

    async def aclose(self) -> None:
        pass
