"""How an incident is made: what somebody did, where and when; and what merely follows from something else."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.keys import ResourceKey
from reconciler.model.verdicts import Place, Verdict
from reconciler.simulator.demo.manifests import Spec

# --- on the way from Git to the clusters -------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ClusterEdit:
    """Somebody wrote a value into the object (ABSENT: took it away), hours ago, with a tool."""

    hours: float
    manager: str
    at: str
    value: object


@dataclass(frozen=True, slots=True)
class ClusterDelete:
    """Somebody deleted the object, hours ago."""

    hours: float


@dataclass(frozen=True, slots=True)
class ClusterCreate:
    """Somebody made an object that was never in Git, hours ago, with a tool."""

    hours: float
    manager: str
    body: Spec


@dataclass(frozen=True, slots=True)
class NotYetSynced:
    """The commit of this id has not reached the cluster."""

    commit: str


@dataclass(frozen=True, slots=True)
class NotPruned:
    """The commit of this id took it out of Git; the cluster kept it."""

    commit: str


@dataclass(frozen=True, slots=True)
class RefusedByGitOps:
    """The commit of this id left Git in a state that no tool applies."""

    commit: str


@dataclass(frozen=True, slots=True)
class KindForbidden:
    """The reader may not list this resource (its plural) on the cluster."""

    plural: str


@dataclass(frozen=True, slots=True)
class ClusterSilent:
    """The cluster accepts connections and never answers."""


# --- at the control plane, by hand --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlanEdited:
    """Somebody changed a plan in the Console, hours ago; nothing was deployed, no timestamp moved."""

    hours: float
    user: str
    plan: str
    changes: Spec


@dataclass(frozen=True, slots=True)
class ApiEdited:
    """Somebody changed an API in the Console, hours ago, and deployed it.

    `at` is a dotted path in the API's body, numbers for places in lists.
    """

    hours: float
    user: str
    at: str
    value: object
    label: str = ""


@dataclass(frozen=True, slots=True)
class StoppedInConsole:
    """Somebody stopped the API in the Console, hours ago."""

    hours: float
    user: str


@dataclass(frozen=True, slots=True)
class Detached:
    """Somebody broke the glass, hours ago: the API is the Console's until the next PUT."""

    hours: float
    user: str


@dataclass(frozen=True, slots=True)
class MadeInConsole:
    """Somebody made an API in the Console, days ago: published, started, with an open plan."""

    days: float
    owner: str
    title: str
    about: str
    path: str
    target: str


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """An API that GKO once sent, days ago; its resource went without GKO hearing of it."""

    days: float
    namespace: str
    name: str
    spec: Spec


@dataclass(frozen=True, slots=True)
class RefusedByApim:
    """APIM does not take what the resource says, as long as `because` stands in its way (an incident)."""

    because: str


@dataclass(frozen=True, slots=True)
class TwoWriters:
    """Two clusters write one HRID into one environment, with different content."""


# --- on gateways ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PodBehind:
    """One pod of a gateway still runs the deployment before the last."""

    pod: str


# --- what nobody made ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FollowsFrom:
    """Another incident (its id) is the reason."""

    incident: str


@dataclass(frozen=True, slots=True)
class ByDesign:
    """Nothing is wrong: the hop does not exist there."""


Making = (
    ClusterEdit
    | ClusterDelete
    | ClusterCreate
    | NotYetSynced
    | NotPruned
    | RefusedByGitOps
    | KindForbidden
    | ClusterSilent
    | PlanEdited
    | ApiEdited
    | StoppedInConsole
    | Detached
    | MadeInConsole
    | LeftBehind
    | RefusedByApim
    | TwoWriters
    | PodBehind
    | FollowsFrom
    | ByDesign
)


@dataclass(frozen=True, slots=True)
class Incident:
    """Something to find.

    `keys` are the resources whose cell of `place` must show `verdict` (None: `·`, no such hop); they are
    empty where a whole kind on `cluster`, or the whole cluster, is concerned. `also` tells what other cells
    of the same rows must show on its account. `docs` says why, for whoever judges the judging. Whatever no
    incident names is Synced, or has no hop.
    """

    id: str
    title: str
    place: Place
    verdict: Verdict | None
    made: Making
    keys: tuple[ResourceKey, ...] = ()
    cluster: str = ""
    kind: str = ""
    also: tuple[tuple[Place, Verdict | None], ...] = ()
    docs: str = ""
