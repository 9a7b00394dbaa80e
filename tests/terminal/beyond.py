"""The same rows with a control plane and gateways behind them, and what those answer."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.changes import Change, ChangeKind, HopDiff, Ignored, KeyStep, Origin
from reconciler.model.keys import ResourceKey
from reconciler.model.rows import NO_HOP, Cell, ControlPlaneTrace, PlaceState, Row
from reconciler.model.trace import Happening, Station, Trace
from reconciler.model.verdicts import Place, Verdict
from tests.terminal.story import CLUSTERS, NOW, row


def beyond_diff(row: Row, hop: Place, gateway: str) -> HopDiff:
    """What differs beyond the cluster: a plan was opened in the Console, a pod runs an older revision."""
    cell = row.cell(hop)
    if hop is Place.GATEWAY:
        pod = gateway or "eu-gw/eu-gw-7d9f-c"
        old = pod == "eu-gw/eu-gw-7d9f-c" and cell.verdict is Verdict.DRIFTED
        definition = ("name: payments", "plans:", "  - security: API_KEY")
        return HopDiff(
            hop,
            "published revision 8",
            f"{pod} revision {7 if old else 8}",
            Verdict.DRIFTED if old else Verdict.SYNCED,
            ("runs revision 7, not 8",) if old else (),
            left_lines=definition,
            right_lines=(*definition[:2], "  - security: KEY_LESS") if old else definition,
        )
    changed = Change(
        ("spec", "plans", KeyStep("gold"), "validation"),
        ChangeKind.CHANGED,
        "MANUAL",
        "AUTO",
        Origin.RIGHT,
        "tom@example.org",
        NOW - 600,
    )
    drifted = cell.verdict is Verdict.DRIFTED
    lines = ("spec:", "  plans:", "    gold:", "      validation: MANUAL")
    return HopDiff(
        hop,
        f"Cluster {row.key.cluster}",
        "Control plane apim-eu",
        cell.verdict,
        cell.causes,
        (changed,) if drifted else (),
        (Ignored(("spec", "lifecycleState"), "set by the control plane"),),
        lines,
        (*lines[:3], "      validation: AUTO") if drifted else lines,
    )


def trace_of(row: Row) -> Trace:
    """The way of a row: every place that has it, three pods, and the last few things that were done."""
    stations = [
        Station(Place.GIT, "platform", row.git, (("revision", "8f21c0a"), ("author", "ana"))),
        Station(Place.CLUSTER, row.key.cluster, row.cluster, (("generation", "14"),)),
    ]
    happenings = [
        Happening(
            NOW - 320, Place.CLUSTER, row.key.cluster, "kubectl-edit", "wrote the spec (generation 14)"
        ),
        Happening(NOW - 7200, Place.GIT, "platform", "ana", "commit 8f21c0a: raise the rate limit"),
    ]
    if row.control_plane.verdict is not None:
        facts = (("id", "2fa83b07"), ("origin", "KUBERNETES"), ("revision", "8"))
        stations.append(Station(Place.CONTROL_PLANE, "apim-eu", row.control_plane, facts))
        opened = Happening(
            NOW - 600, Place.CONTROL_PLANE, "apim-eu", "tom@example.org", "PLAN_UPDATED Gold: /validation"
        )
        happenings.insert(1, opened)
    if row.gateway.verdict is not None:
        for letter in "abc":
            behind = letter == "c" and row.gateway.verdict is Verdict.DRIFTED
            verdict = Verdict.DRIFTED if behind else Verdict.SYNCED
            causes = ("runs revision 7, not 8",) if behind else ()
            stations.append(
                Station(
                    Place.GATEWAY,
                    f"eu-gw/eu-gw-7d9f-{letter}",
                    Cell(verdict, 0.0, NOW - 2, causes),
                    (("revision", "7" if behind else "8"),),
                )
            )
    return Trace(row.key, tuple(stations), tuple(happenings))


def beyond(
    found: Row,
    *,
    control: Verdict = Verdict.SYNCED,
    gateway: Verdict | None = Verdict.SYNCED,
    causes: tuple[str, ...] = (),
    changes: int = 0,
) -> Row:
    """The same row with the two places beyond the cluster; the causes are of the one that is not Synced."""
    at_gateway = control is Verdict.SYNCED
    count = ""
    if gateway is not None:
        count = "3/3" if gateway is Verdict.SYNCED else "2/3"
    return replace(
        found,
        control_plane=Cell(control, NOW - 600, NOW - 3, () if at_gateway else causes, change_count=changes),
        gateway=Cell(gateway, NOW - 540, NOW - 3, causes if at_gateway else ()) if gateway else NO_HOP,
        control_plane_trace=ControlPlaneTrace(
            "apim-eu",
            "2fa83b07-7d26-3661-a4ad-224aee29e78a",
            f"{found.key.namespace}-{found.key.name}",
            "KUBERNETES",
            "",
            "STARTED",
            NOW - 86400 * 30,
            NOW - 600,
            NOW - 7100,
        ),
        gateway_count=count,
    )


def console_made(name: str = "Flag Trial") -> Row:
    """An API that somebody made in the Console: only the control plane and the gateways have it."""
    return Row(
        ResourceKey("apim-eu", "ApiV4Definition", "", name),
        control_plane=Cell(
            Verdict.UNMANAGED,
            NOW - 86400 * 3,
            NOW - 3,
            ("made in the Console by lea",),
        ),
        gateway=Cell(Verdict.SYNCED, NOW - 86400 * 3, NOW - 3),
        control_plane_trace=ControlPlaneTrace(
            "apim-eu",
            "0da16431",
            "",
            "MANAGEMENT",
            "lea",
            "STARTED",
            NOW - 86400 * 3,
            NOW - 86400 * 3,
            NOW - 86400 * 3,
        ),
        gateway_count="3/3",
    )


def chain_story() -> list[Row]:
    """Rows that break beyond the cluster: a plan opened in the Console, a pod behind, one nobody declared."""
    return [
        beyond(
            row("payments-api"),
            control=Verdict.DRIFTED,
            causes=("spec.plans[gold].validation differs",),
            changes=1,
        ),
        beyond(
            row("orders-v2", namespace="shop"),
            gateway=Verdict.DRIFTED,
            causes=("2/3 in sync", "eu-gw/eu-gw-7d9f-c runs revision 7, not 8"),
        ),
        beyond(row("catalog", namespace="shop", cluster="prod-us")),
        beyond(row("web-shop", namespace="shop", kind="Application"), gateway=None),
        console_made(),
    ]


CHAIN_PLACES = [
    PlaceState(Place.GIT, "platform", "ready", "", NOW - 1, None, "main 8f21c0a"),
    *(PlaceState(Place.CLUSTER, name, "ready", "", NOW - 1, None, "v1.36.3") for name in CLUSTERS),
    PlaceState(Place.CONTROL_PLANE, "apim-eu", "ready", "", NOW - 1, None, "APIM 4.12"),
    PlaceState(Place.GATEWAY, "eu-gw", "ready", "", NOW - 1, None, "4.12.14"),
]
"""Every place of the chain, all well."""
