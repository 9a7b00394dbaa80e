"""What is expected of an API beside what every pod reports: a verdict per pod, folded to one per gateway.

Pure. What counts as "on its way" is judged by when a pod was read, not by the time now: a pod that was last
read before the deployment had time to arrive cannot accuse anyone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reconciler.gateways.definitions import definition_changes
from reconciler.gateways.facts import DeployedApi, NodeFacts, SyncFacts
from reconciler.gateways.sharding import takes
from reconciler.model.changes import Change
from reconciler.model.rows import Cell
from reconciler.model.verdicts import Verdict

DELAY_S = 15.0
"""A gateway polls every 5 s (DOMAIN §5), deploys, and is itself polled every 5 s."""
SAME_INSTANT_S = 2.0
"""An API's `deployedAt` and its publish event's instant were seen up to a second apart."""
KUBERNETES = "KUBERNETES"
_CAUSES = 4


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the pods should run of one API, from the newest publish or stop event, or from its ConfigMap.

    `revision` is the event's deployment number, or the ConfigMap's resourceVersion where `sync_from` is
    KUBERNETES; empty where it is not known. `published_at` and `read_at` are seconds since the epoch: when
    it was published or stopped, and when we read that. `definition` None: not known, so not compared.
    `environments` and `organizations` are all names (id, HRID) of the one it is in.
    """

    api_id: str
    revision: str = ""
    published_at: float = 0.0
    read_at: float = 0.0
    started: bool = True
    definition: Mapping[str, Any] | None = field(default=None, repr=False)
    tags: tuple[str, ...] = ()
    environments: frozenset[str] = frozenset()
    organizations: frozenset[str] = frozenset()
    sync_from: str = "MANAGEMENT"


@dataclass(frozen=True, slots=True)
class PodView:
    """What was last read of one pod.

    `listed` None: it was never read. `listed_at` and the values of `read_at` are seconds since the epoch.
    `tags` are the gateway's sharding tags, from the node itself or from elsewhere; None: not known.
    `problem` says why it cannot be read now; what was read before still counts.
    """

    gateway: str
    pod: str
    facts: NodeFacts | None = None
    tags: tuple[str, ...] | None = None
    listed: frozenset[str] | None = None
    listed_at: float = 0.0
    deployed: Mapping[str, DeployedApi] = field(default_factory=dict)
    read_at: Mapping[str, float] = field(default_factory=dict)
    sync: SyncFacts | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class PodVerdict:
    """What one pod makes of one API. `verdict` None: that hop does not exist there.

    `observed_at` is when the evidence was read, seconds since the epoch; 0 for never.
    """

    gateway: str
    pod: str
    verdict: Verdict | None
    cause: str = ""
    observed_at: float = 0.0
    revision: str = ""
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Folded:
    """The worst of several, and how many are in sync. `verdict` None: the hop exists on none of them."""

    name: str
    verdict: Verdict | None
    synced: int = 0
    total: int = 0
    causes: tuple[str, ...] = ()
    observed_at: float = 0.0
    pods: tuple[PodVerdict, ...] = ()

    @property
    def text(self) -> str:
        """`2/3`: how many of those that should run it are in sync; empty where that is one or none."""
        return f"{self.synced}/{self.total}" if self.total > 1 else ""


Compare = Callable[[Mapping[str, Any], DeployedApi, tuple[str, ...] | None], tuple[Change, ...]]
"""Compares a published definition with a deployed one; an engine puts a cache in front of it."""


def comparing(key: bytes) -> Compare:
    """Make the plain comparison, for redaction with this key."""

    def compare(
        published: Mapping[str, Any], deployed: DeployedApi, tags: tuple[str, ...] | None
    ) -> tuple[Change, ...]:
        return definition_changes(published, deployed.definition(), tags=tags, key=key)

    return compare


def judge_pod(
    expected: Expectation | None,
    api_id: str,
    view: PodView,
    compare: Compare,
    *,
    delay_s: float = DELAY_S,
) -> PodVerdict:
    """Say what one pod makes of one API.

    Args:
        expected: what it should run; None where the control plane does not have that API.
        api_id: the API.
        view: what the pod was read to say.
        compare: compares definitions.
        delay_s: seconds within which a deployment may be on its way.
    """
    if view.listed is None:
        why = view.problem or "has not been read yet"
        return PodVerdict(view.gateway, view.pod, Verdict.UNKNOWN, why)
    present = api_id in view.listed
    deployed = view.deployed.get(api_id) if present else None
    at = view.read_at.get(api_id, 0.0) if deployed is not None else view.listed_at
    verdict, cause, changes = _judge(expected, view, present, deployed, at, compare, delay_s)
    if view.problem and cause:
        cause = f"{cause} (when last read; now: {view.problem})"
    elif view.problem and verdict is not None:
        cause = f"was in sync when last read; now: {view.problem}"
    revision = deployed.revision if deployed is not None else ""
    return PodVerdict(view.gateway, view.pod, verdict, cause, at, revision, changes)


_Found = tuple[Verdict | None, str, tuple[Change, ...]]


def _judge(
    expected: Expectation | None,
    view: PodView,
    present: bool,
    deployed: DeployedApi | None,
    at: float,
    compare: Compare,
    delay_s: float,
) -> _Found:
    if expected is None:
        return (
            (Verdict.ORPHAN, "runs here, but the control plane does not have it", ()) if present else _none()
        )
    waiting = at < expected.published_at + delay_s
    if view.problem and at < expected.published_at:
        return Verdict.UNKNOWN, f"was not read since the last deployment: {view.problem}", ()
    kept_off = _kept_off(expected, view)
    if kept_off or not expected.started:
        return _unwanted(kept_off, present, waiting)
    if not present:
        return _absent(expected, view, waiting)
    if deployed is None:
        return Verdict.UNKNOWN, "is deployed, but how was not read yet", ()
    return _running(expected, view, deployed, waiting, at, compare)


def _unwanted(kept_off: str, present: bool, waiting: bool) -> _Found:
    """Judge an API that should not run there: kept off by tags, or stopped (absent is how that looks)."""
    if not present:
        return _none() if kept_off else (Verdict.SYNCED, "", ())
    if kept_off:
        return _late(waiting, f"runs here although {kept_off}", "is still to leave")
    return _late(waiting, "still runs although it is stopped", "is being stopped")


def _running(
    expected: Expectation,
    view: PodView,
    deployed: DeployedApi,
    waiting: bool,
    at: float,
    compare: Compare,
) -> _Found:
    """Judge a deployed API that should run: its revision first, then its definition."""
    age = _age(expected, deployed)
    if age:
        return _another_revision(expected, view, deployed, age, waiting, at)
    if not deployed.enabled:
        return _late(waiting, "is deployed but not enabled", "is being enabled")
    if expected.definition is None:
        known = bool(expected.revision)
        return (Verdict.SYNCED, "", ()) if known else (Verdict.UNKNOWN, "what was published is not known", ())
    changes = compare(expected.definition, deployed, tags_of(view))
    if not changes:
        return Verdict.SYNCED, "", ()
    return Verdict.DRIFTED, "runs another definition than was published under that revision", changes


def _another_revision(
    expected: Expectation, view: PodView, deployed: DeployedApi, age: int, waiting: bool, at: float
) -> _Found:
    if age < 0:
        cause = f"runs revision {deployed.revision or '?'}, not {expected.revision or 'the newest'}"
        return _late(waiting, f"{cause}{_sync_trouble(view, expected)}", cause)
    cause = f"runs revision {deployed.revision}, newer than {expected.revision} at the control plane"
    if expected.read_at <= at:  # a deployment since the control plane was read
        return Verdict.AHEAD, f"{cause} when that was last read", ()
    return Verdict.DRIFTED, cause, ()


def _absent(expected: Expectation, view: PodView, waiting: bool) -> _Found:
    tags = tags_of(view)
    if takes(tags, expected.tags) is None:
        wanted = ", ".join(expected.tags)
        what = f"is not there; whether its tags ({wanted}) keep it off is not known"
        return Verdict.UNKNOWN, f"{what}: set `tags` of this gateway", ()
    if waiting:
        return Verdict.AHEAD, "is not there yet", ()
    return Verdict.MISSING, f"is not deployed{_sync_trouble(view, expected)}", ()


def _age(expected: Expectation, deployed: DeployedApi) -> int:
    """Whether the pod runs an older (-1), a newer (1) or the expected deployment (0)."""
    if expected.revision and deployed.revision and expected.revision != deployed.revision:
        if expected.sync_from == KUBERNETES:
            return -1  # resourceVersions are not to be ordered; what was read of the cluster counts
        try:
            return -1 if int(deployed.revision) < int(expected.revision) else 1
        except ValueError:
            return -1
    if expected.sync_from == KUBERNETES or not expected.published_at or deployed.deployed_at is None:
        return 0
    late = deployed.deployed_at - expected.published_at
    return 0 if abs(late) <= SAME_INSTANT_S else -1 if late < 0 else 1


def _kept_off(expected: Expectation, view: PodView) -> str:
    """Why this gateway does not take the API; empty where it does, or may."""
    facts = view.facts
    if facts is not None:
        for own, names, word in (
            (facts.environments, expected.environments, "environments"),
            (facts.organizations, expected.organizations, "organizations"),
        ):
            if own and names and not {name.casefold() for name in own} & {name.casefold() for name in names}:
                return f"this gateway takes only the {word} {', '.join(own)}"
    if takes(tags_of(view), expected.tags) is False:
        return f"its tags ({', '.join(expected.tags)}) are not for this gateway"
    return ""


def tags_of(view: PodView) -> tuple[str, ...] | None:
    """The sharding tags of a pod's gateway; None: not known."""
    if view.tags is not None:
        return view.tags
    return view.facts.tags if view.facts is not None else None


def _late(waiting: bool, drift: str, moving: str) -> _Found:
    return (Verdict.AHEAD, f"{moving}: on its way", ()) if waiting else (Verdict.DRIFTED, drift, ())


def _none() -> _Found:
    return None, "", ()


def _sync_trouble(view: PodView, expected: Expectation) -> str:
    sync = view.sync
    if sync is None:
        return ""
    if not sync.initial_done:
        return "; the gateway has not finished its first synchronisation"
    recent = sync.failing or (sync.last_error_at or 0.0) >= expected.published_at
    if sync.last_error and recent:
        return f"; its synchronisation fails: {sync.last_error}"
    return ""


def fold(name: str, pods: Iterable[PodVerdict]) -> Folded:
    """Fold the pods of one gateway into the worst verdict; pods without that hop do not count."""
    verdicts = tuple(pods)
    counted = [pod for pod in verdicts if pod.verdict is not None]
    worst = _worst(pod.verdict for pod in counted)
    blamed = [pod for pod in counted if pod.verdict is worst and pod.cause]
    return Folded(
        name,
        worst,
        sum(pod.verdict is Verdict.SYNCED for pod in counted),
        len(counted),
        tuple(f"{_label(pod.gateway, pod.pod)} {pod.cause}" for pod in blamed[:_CAUSES]),
        min((pod.observed_at for pod in counted), default=0.0),
        verdicts,
    )


def fold_gateways(gateways: Sequence[Folded]) -> Folded:
    """Fold several gateways into the worst; one alone, or the only one concerned, speaks for itself."""
    counted = [gateway for gateway in gateways if gateway.verdict is not None]
    pods = tuple(pod for gateway in gateways for pod in gateway.pods)
    if len(counted) == 1:
        one = counted[0]
        return Folded(one.name, one.verdict, one.synced, one.total, one.causes, one.observed_at, pods)
    worst = _worst(gateway.verdict for gateway in counted)
    return Folded(
        ", ".join(gateway.name for gateway in counted),
        worst,
        sum(gateway.verdict is Verdict.SYNCED for gateway in counted),
        len(counted),
        tuple(cause for gateway in counted if gateway.verdict is worst for cause in gateway.causes)[:_CAUSES],
        min((gateway.observed_at for gateway in counted), default=0.0),
        pods,
    )


def cell_of(folded: Folded, *, since: float = 0.0) -> Cell:
    """Make the W cell of a row; the count stands first among the causes where not all are in sync."""
    causes = folded.causes
    if folded.text and folded.synced < folded.total:
        causes = (f"{folded.text} in sync", *causes)
    changes = sum(len(pod.changes) for pod in folded.pods)
    return Cell(folded.verdict, since, folded.observed_at, causes, change_count=changes)


def _worst(verdicts: Iterable[Verdict | None]) -> Verdict | None:
    found = [verdict for verdict in verdicts if verdict is not None]
    return max(found, key=lambda verdict: verdict.rank, default=None)


def _label(gateway: str, pod: str) -> str:
    return f"{gateway}/{pod}" if pod else gateway
