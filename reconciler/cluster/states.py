"""How well a cluster and its kinds can be read, in words: one place for all of these sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from reconciler.model.keys import GROUP
from reconciler.model.rows import PlaceState
from reconciler.model.verdicts import Place

if TYPE_CHECKING:
    from reconciler.cluster.kinds import ServedKind
    from reconciler.cluster.sink import ClusterSink
    from reconciler.model.errors import GkoError

NOT_INSTALLED = (
    f"the cluster serves no kind of {GROUP}; install the custom resource definitions of the "
    "Gravitee Kubernetes Operator, or correct the cluster's context"
)
_NAMED = 3


class ClusterStates:
    """Keeps the state of each kind of one cluster, and tells the sink what changes.

    Args:
        cluster: the cluster's name.
        sink: who is told.
        clock: seconds since the epoch.
    """

    def __init__(self, cluster: str, sink: ClusterSink, clock: Callable[[], float]) -> None:
        self._cluster = cluster
        self._sink = sink
        self._clock = clock
        self._kinds: dict[str, PlaceState] = {}
        self._away: set[str] = set()
        self._version = ""
        self._told: tuple[str, str, str] | None = None

    def connecting(self) -> None:
        """Nothing is known yet."""
        self._tell_cluster("waiting", "connecting")

    def serves(self, kinds: Sequence[ServedKind], version: str) -> None:
        """The cluster answers, and serves these kinds."""
        self._version = version
        names = {kind.kind for kind in kinds}
        self._away &= names
        self._kinds = {
            name: self._kinds.get(name) or self._state(name, "waiting", "is being listed") for name in names
        }
        self._summarise()

    def kind_ready(self, kind: str) -> None:
        """A kind has been listed whole."""
        self._away.discard(kind)
        self._set(kind, "ready")

    def kind_partial(self, kind: str, message: str) -> None:
        """A kind can be read, but not as it should be."""
        self._away.discard(kind)
        self._set(kind, "partial", message)

    def kind_failed(self, kind: str, error: GkoError, *, retry_at: float | None = None) -> None:
        """A kind cannot be read."""
        if getattr(error, "status", None) is None:
            self._away.add(kind)
        else:
            self._away.discard(kind)
        self._set(kind, "failed", error.sentence(), retry_at)

    def failed(self, error: GkoError, *, retry_at: float | None = None) -> None:
        """The whole cluster cannot be read."""
        self._tell_cluster("failed", error.sentence(), retry_at)

    # ---------------------------------------------------------------------------------------

    def _set(self, kind: str, phase: str, message: str = "", retry_at: float | None = None) -> None:
        state = self._state(kind, phase, message, retry_at)
        self._kinds[kind] = state
        self._sink.state(self._cluster, kind, state)
        self._summarise()

    def _state(self, kind: str, phase: str, message: str, retry_at: float | None = None) -> PlaceState:
        name = f"{self._cluster}/{kind}"
        return PlaceState(Place.CLUSTER, name, phase, message, self._clock(), retry_at, kind=kind)

    def _summarise(self) -> None:
        phase, message = summary(self._kinds)
        if phase == "partial" and self._away and self._away == set(self._kinds):
            phase = "failed"  # nothing answers any more: that is the cluster's state, not its kinds'
        self._tell_cluster(phase, message)

    def _tell_cluster(self, phase: str, message: str, retry_at: float | None = None) -> None:
        told = (phase, message, self._version)
        if told == self._told and retry_at is None:
            return
        self._told = told
        state = PlaceState(
            Place.CLUSTER, self._cluster, phase, message, self._clock(), retry_at, self._version
        )
        self._sink.state(self._cluster, None, state)


def summary(kinds: Mapping[str, PlaceState]) -> tuple[str, str]:
    """Fold the states of a cluster's kinds into one phase and message."""
    if not kinds:
        return "partial", NOT_INSTALLED
    for phases, ends in ((("failed",), "cannot be read"), (("partial",), "can be read in part")):
        names = sorted(name for name, state in kinds.items() if state.phase in phases)
        if names:
            more = f" and {len(names) - _NAMED} more kinds" if len(names) > _NAMED else ""
            return "partial", f"{', '.join(names[:_NAMED])}{more} {ends}: {kinds[names[0]].message}"
    waiting = sum(state.phase == "waiting" for state in kinds.values())
    return ("waiting", f"listing {waiting} of {len(kinds)} kinds") if waiting else ("ready", "")
