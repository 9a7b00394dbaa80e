"""What the loop may do about one resource now, or why not: one pure function, asked as often as is useful.

The mode says what kind of thing it may do at all, the windows when; whose object it is and what is not known
stand above both (ENGINE §8). The planner asks the mode once more for each step: two locks, one key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.model.rows import Row
from reconciler.model.verdicts import Place, Verdict
from reconciler.settings.windows import Activity, permission

if TYPE_CHECKING:
    from reconciler.settings.model import Application

FOREIGN = frozenset({"argocd", "flux", "helm"})
"""Tools that apply what they own again by themselves: the cluster hop of their objects is theirs."""
RECHECK_S = 30.0
"""What no row tells (a place that answers again, an end of a suspension) is asked about so often."""
PERSON = "let a person confirm it"
_HEALS: Mapping[Place, frozenset[Verdict]] = {
    Place.CLUSTER: frozenset({Verdict.DRIFTED, Verdict.MISSING}),
    Place.CONTROL_PLANE: frozenset({Verdict.DRIFTED, Verdict.CONFLICT, Verdict.MISSING}),
}
_BY: Mapping[str, frozenset[Activity]] = {
    "observe": frozenset(),
    "propose": frozenset({"heal", "sync", "prune"}),
    "heal": frozenset({"heal"}),
    "sync": frozenset({"heal", "sync", "prune"}),
}
_SHOWN = frozenset({Verdict.UNKNOWN, Verdict.FAILED, Verdict.CONTENDED})
_NOTHING_TO_DO = frozenset({None, Verdict.SYNCED, Verdict.UNMANAGED})


@dataclass(frozen=True, slots=True)
class Decision:
    """What may be done about a resource.

    Attributes:
        activities: by hop, what may be done now; empty for nothing.
        refusals: by hop, why something that could be done is not, in a sentence.
        again_at: when the answer may change by itself, in seconds since the epoch; 0: only with the row.
    """

    activities: Mapping[Place, Activity] = field(default_factory=dict)
    refusals: Mapping[Place, str] = field(default_factory=dict)
    again_at: float = 0.0
    told: str = ""
    """What is worth telling of the refusals: a row says by itself that it is Unknown, Failed or Contended."""

    @property
    def hops(self) -> frozenset[Place]:
        """The hops that something may be written across now."""
        return frozenset(self.activities)


@dataclass(frozen=True, slots=True)
class _No:
    """Why not; `again_at` as in `Decision`, `shown` whether the row says it by itself."""

    why: str
    again_at: float = 0.0
    shown: bool = False


def decide(
    row: Row,
    application: Application,
    *,
    now: float,
    stale: Mapping[Place, str] | None = None,
    suspended: str = "",
) -> Decision:
    """Decide.

    Args:
        row: what is known of the resource.
        application: whose it is, with its mode and windows.
        now: seconds since the epoch.
        stale: places whose answers are too old to act on, with a sentence each.
        suspended: who suspended the application and why; empty where nobody did.
    """
    activities: dict[Place, Activity] = {}
    refusals: dict[Place, str] = {}
    again: list[float] = []
    told: list[str] = []
    for hop, wanted in _wanted(row):
        said = wanted
        if not isinstance(said, _No):
            said = _allowed(said, application, row, hop, now, stale or {}, suspended)
        if isinstance(said, _No):
            refusals[hop] = said.why
            told.extend([] if said.shown else [said.why])
            again.extend([said.again_at] if said.again_at else [])
        else:
            activities[hop] = said
    return Decision(activities, refusals, min(again, default=0.0), "; ".join(dict.fromkeys(told)))


def _wanted(row: Row) -> Iterator[tuple[Place, Activity | _No]]:
    """What would put each hop right, or what nothing can be done about; hops in order are left out."""
    if row.cluster.verdict not in _NOTHING_TO_DO:
        yield Place.CLUSTER, _on_cluster(row)
    if row.control_plane.verdict not in _NOTHING_TO_DO and row.git.verdict is not None:
        said = _at_control_plane(row)
        if said is not None:
            yield Place.CONTROL_PLANE, said


def _on_cluster(row: Row) -> Activity | _No:
    verdict, trace = row.cluster.verdict, row.cluster_trace
    if row.git.verdict is Verdict.FAILED:
        return _No(f"Git is not valid: {_cause(row, Place.GIT)}", shown=True)
    if verdict in _SHOWN:
        return _No(_cause(row, Place.CLUSTER), shown=True)
    if trace is not None and trace.deleting_since:
        return _No("it is being deleted on the cluster")
    if trace is not None and trace.owner in FOREIGN:
        return _No(f"{trace.owner} owns it and applies it: change Git")
    if verdict in _HEALS[Place.CLUSTER]:
        return "heal"
    return "prune" if verdict is Verdict.ORPHAN else "sync"


def _at_control_plane(row: Row) -> Activity | _No | None:
    verdict = row.control_plane.verdict
    if verdict in _HEALS[Place.CONTROL_PLANE]:
        return "heal"
    if verdict is Verdict.DETACHED:
        return _No(f"somebody detached it in the Console; {PERSON}")
    if verdict in _SHOWN:
        return _No(_cause(row, Place.CONTROL_PLANE), shown=True)
    return None  # what is on its way is brought by the writer of that hop


def _allowed(
    activity: Activity,
    application: Application,
    row: Row,
    hop: Place,
    now: float,
    stale: Mapping[Place, str],
    suspended: str,
) -> Activity | _No:
    """What the mode, the windows and people's decisions say of something that could be done."""
    mode, mine = application.mode, activity
    blind = next((stale[place] for place in (Place.CLUSTER, hop) if place in stale), "")
    if mode != "observe" and (blind or suspended):
        return _No(blind or suspended, now + RECHECK_S)
    if activity == "heal" and mode != "heal" and hop is Place.CLUSTER and _is_news(row):
        mine = "sync"
    too_much = _too_much(mine, application)
    if too_much:
        return _No(too_much)
    told = permission(application.windows if mode != "propose" else (), mine, now)
    return mine if told.allowed else _No(told.why, told.again_at or now + 3600.0)


def _is_news(row: Row) -> bool:
    """Whether putting it right brings something new there, which is not healing.

    A resource that is Missing may be one or the other; where Git is followed it counts as new, and healing
    leaves it to the planner, which knows whether it was ever there.
    """
    return row.cluster.verdict is Verdict.MISSING or row.cluster.first_sight


def _too_much(activity: Activity, application: Application) -> str:
    """Why the mode does not let it happen; empty where it does."""
    if application.mode == "observe":
        return f"{application.name} is only observed"
    if activity == "prune" and not application.prune:
        return f"Git no longer defines it, and pruning is off for {application.name}"
    if activity in _BY[application.mode]:
        return ""
    follow = f"set the mode of {application.name} to `sync`, or {PERSON}"
    if activity == "prune":
        return f"healing deletes nothing; {follow}"
    return f"Git has moved on, and healing restores only what was in sync; {follow}"


def _cause(row: Row, place: Place) -> str:
    cell = row.cell(place)
    verdict = cell.verdict.word if cell.verdict is not None else "not judged"
    return (
        f"it is {verdict} at {place.value}: {'; '.join(cell.causes)}" if cell.causes else f"it is {verdict}"
    )
