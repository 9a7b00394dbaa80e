"""One row of the fleet: a resource, its four cells, who touched it last. Immutable: a change is a new row."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reconciler.model.keys import ResourceKey
from reconciler.model.verdicts import Place, Verdict


@dataclass(frozen=True, slots=True)
class Cell:
    """What one hop says of a resource.

    `verdict` None means that the hop does not exist (drawn `·`). Instants are seconds since the
    epoch: `since` when the verdict was first seen, `observed_at` when it was last confirmed.
    A verdict other than Synced names at least one cause.
    """

    verdict: Verdict | None
    since: float = 0.0
    observed_at: float = 0.0
    causes: tuple[str, ...] = ()
    first_sight: bool = False
    change_count: int = 0


NO_HOP = Cell(None)


@dataclass(frozen=True, slots=True)
class GitTrace:
    """Where a resource is defined in Git and who touched it last.

    `revision` is the 40-hex commit that last changed the document, `committed_at` its time.
    """

    source: str
    path: str
    line: int
    revision: str = ""
    author: str = ""
    committed_at: float = 0.0
    subject: str = ""


@dataclass(frozen=True, slots=True)
class ClusterTrace:
    """What a cluster object says of itself; `changed_at` and `manager` are of its last spec write."""

    uid: str
    resource_version: str
    generation: int = 0
    manager: str = ""
    changed_at: float = 0.0
    owner: str = ""
    """`argocd`, `flux`, `helm`, `gko-tui` or empty: the tool whose tracking mark it carries."""
    deleting_since: float = 0.0
    """When its deletion was asked for, if a finalizer still holds it; 0 if it is not being deleted."""


@dataclass(frozen=True, slots=True)
class ControlPlaneTrace:
    """What a control plane says of a resource: which one it is, its ids there, its origin and instants.

    `origin` is APIM's word: `KUBERNETES`, or `MANAGEMENT` for what the Console made; empty where the
    control plane has nothing. Instants are seconds since the epoch, 0 where it does not tell them.
    """

    control_plane: str
    id: str = ""
    hrid: str = ""
    origin: str = ""
    owner: str = ""
    state: str = ""
    created_at: float = 0.0
    updated_at: float = 0.0
    deployed_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Row:
    """One resource on one cluster; one that only a control plane has stands under that one's name."""

    key: ResourceKey
    application: str = ""
    git: Cell = NO_HOP
    cluster: Cell = NO_HOP
    control_plane: Cell = NO_HOP
    gateway: Cell = NO_HOP
    git_trace: GitTrace | None = None
    cluster_trace: ClusterTrace | None = None
    control_plane_trace: ControlPlaneTrace | None = None
    gateway_count: str = ""
    """`2/3`: so many gateways (or pods of the only one) run what they should; empty without the hop."""
    labels: tuple[tuple[str, str], ...] = ()
    version: int = 0
    """Grows with every change of the row, so that what was drawn of it can be kept."""

    @property
    def cells(self) -> tuple[Cell, Cell, Cell, Cell]:
        """The strip G K C W."""
        return (self.git, self.cluster, self.control_plane, self.gateway)

    @property
    def state(self) -> Verdict:
        """The worst verdict of the strip; Unknown where nothing is known."""
        verdicts = [cell.verdict for cell in self.cells if cell.verdict is not None]
        return max(verdicts, key=lambda verdict: verdict.rank, default=Verdict.UNKNOWN)

    @property
    def break_at(self) -> int:
        """Index (0–3) of the leftmost cell that is not Synced, or 4: cells right of it are dimmed."""
        for index, cell in enumerate(self.cells):
            if cell.verdict not in (None, Verdict.SYNCED):
                return index
        return 4

    @property
    def state_cell(self) -> Cell:
        """The leftmost cell that carries the state."""
        state = self.state
        return next((cell for cell in self.cells if cell.verdict is state), NO_HOP)

    def cell(self, place: Place) -> Cell:
        """The cell of one place."""
        if place is Place.CLUSTER:
            return self.cluster
        if place is Place.GIT:
            return self.git
        return self.control_plane if place is Place.CONTROL_PLANE else self.gateway

    def bumped(self, **changes: object) -> Row:
        """A copy with these fields changed and the next version number."""
        return replace(self, version=self.version + 1, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class PlaceState:
    """How well one place can be read: a cluster, a source, one kind on a cluster.

    `phase` is `waiting`, `ready`, `partial` (something in it cannot be read) or `failed`.
    `message` says why and what to do next; `retry_at` when the next try comes (seconds since the epoch).
    """

    place: Place
    name: str
    phase: str
    message: str = ""
    observed_at: float = 0.0
    retry_at: float | None = None
    detail: str = ""
    """A short fact for people: the head revision of a source, the version of a cluster."""
    kind: str = ""
    """Where this is not a whole cluster but one kind on it, named `cluster/kind`: the kind."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a place that could not be read, with where it is and what to do.

    `where` is `path:line` for files; `resource` the key it concerns, as far as that is known.
    """

    place: Place
    name: str
    where: str
    message: str
    next_step: str = ""
    resource: str = ""
    severity: str = "error"
    """`error` (something is unread) or `warning`."""
