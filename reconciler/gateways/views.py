"""Keeps what gateways tell, pod by pod, in the form in which it is judged: a sink for an engine to use."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.gateways.folding import PodView

if TYPE_CHECKING:
    from reconciler.gateways.facts import DeployedApi, Health, NodeFacts, SyncFacts
    from reconciler.model.rows import PlaceState


@dataclass(slots=True)
class _Pod:
    facts: NodeFacts | None = None
    sync: SyncFacts | None = None
    listed: frozenset[str] | None = None
    listed_at: float = 0.0
    deployed: dict[str, DeployedApi] = field(default_factory=dict)
    read_at: dict[str, float] = field(default_factory=dict)
    problem: str = ""


class GatewayViews:
    """A `GatewaySink` that remembers.

    Args:
        on_state: told every state of a gateway or pod.
        tags_of: a gateway's sharding tags as they are configured; None for not configured.

    Attributes:
        announced_tags: the tags that a node (by its id) announced to a control plane; None for not known.
        answers_otherwise: told a gateway of which other pods than before answer, or in another way: what it
            makes of every API must be judged again, also of those that no pod lists.
    """

    def __init__(
        self,
        on_state: Callable[[PlaceState], None] = lambda _state: None,
        *,
        tags_of: Callable[[str], tuple[str, ...] | None] = lambda _gateway: None,
    ) -> None:
        self._on_state = on_state
        self._tags_of = tags_of
        self._gateways: dict[str, dict[str, _Pod]] = {}
        self._trouble: dict[str, str] = {}
        self._changed: set[str] = set()
        self.announced_tags: Callable[[str], tuple[str, ...] | None] = lambda _node: None
        self.answers_otherwise: Callable[[str], None] = lambda _gateway: None

    def gateways(self) -> Collection[str]:
        """The names of the gateways that have told anything."""
        return tuple(self._gateways.keys() | self._trouble.keys())

    def of(self, gateway: str) -> tuple[PodView, ...]:
        """The pods of a gateway; one view without a name where none could be found, saying why.

        The views share what is kept here: judge them before the event loop runs on.
        """
        pods = self._gateways.get(gateway) or {"": _Pod()}
        return tuple(self._view(gateway, name, pod) for name, pod in sorted(pods.items()))

    def nodes(self, gateway: str) -> tuple[NodeFacts, ...]:
        """What the pods of a gateway told of themselves; those that were never read are left out."""
        pods = tuple(self._gateways.get(gateway, {}).values())
        return tuple(pod.facts for pod in pods if pod.facts is not None)

    def drain(self) -> set[str]:
        """The ids of the APIs of which something was told since the last call, to be judged again.

        What is confirmed unchanged is not among them: only the instants in `of` have moved.
        """
        changed, self._changed = self._changed, set()
        return changed

    # -- the sink ---------------------------------------------------------------------------

    def pods(self, gateway: str, pods: frozenset[str]) -> None:
        """The gateway has exactly these pods."""
        known = self._gateways.setdefault(gateway, {})
        before = set(known)
        for name in known.keys() - pods:
            self._touch(known.pop(name))
        for name in pods - known.keys():
            known[name] = _Pod()
            for other in known.values():
                self._touch(other)
        if known.keys() != before:
            self.answers_otherwise(gateway)

    def node(
        self, gateway: str, pod: str, facts: NodeFacts, health: Health | None, sync: SyncFacts | None
    ) -> None:
        """What the pod says of itself."""
        del health  # is part of the pod's state
        entry = self._entry(gateway, pod)
        before = entry.facts
        if before is not None and before.id != facts.id:
            self._touch(entry)
            entry.listed, entry.deployed, entry.read_at = None, {}, {}
        entry.facts, entry.sync = facts, sync
        if before != facts:
            self._touch(entry)
            self.answers_otherwise(gateway)

    def listed(self, gateway: str, pod: str, api_ids: frozenset[str], at: float) -> None:
        """The pod has exactly these APIs."""
        entry = self._entry(gateway, pod)
        before = entry.listed or frozenset()
        self._changed |= api_ids ^ before
        anew = entry.listed is None or bool(entry.problem)
        entry.listed, entry.listed_at, entry.problem = api_ids, at, ""
        if anew:
            self._touch(entry)
            self.answers_otherwise(gateway)
        for api_id in entry.deployed.keys() - api_ids:
            del entry.deployed[api_id]
            entry.read_at.pop(api_id, None)

    def api(self, gateway: str, pod: str, api: DeployedApi, at: float) -> None:
        """How one API is deployed on a pod."""
        entry = self._entry(gateway, pod)
        before = entry.deployed.get(api.id)
        entry.read_at[api.id] = at
        if before is None or before.digest != api.digest:
            entry.deployed[api.id] = api
            self._changed.add(api.id)

    def state(self, gateway: str, pod: str | None, state: PlaceState) -> None:
        """How well a pod, or the whole gateway, can be read."""
        problem = state.message if state.phase == "failed" else ""
        if pod is None:
            anew = self._trouble.get(gateway, "") != problem
            self._trouble[gateway] = problem
        else:
            entry = self._entry(gateway, pod)
            anew = entry.problem != problem
            if anew:
                entry.problem = problem
                self._touch(entry)
        if anew:
            self.answers_otherwise(gateway)
        self._on_state(state)

    # ---------------------------------------------------------------------------------------

    def _entry(self, gateway: str, pod: str) -> _Pod:
        return self._gateways.setdefault(gateway, {}).setdefault(pod, _Pod())

    def _touch(self, pod: _Pod) -> None:
        self._changed |= pod.listed or frozenset()

    def _tags(self, gateway: str, facts: NodeFacts | None) -> tuple[str, ...] | None:
        """The sharding tags of a pod: as configured, as it tells or announced them; else not known."""
        configured = self._tags_of(gateway)
        if configured is not None or facts is None:
            return configured
        return facts.tags if facts.tags is not None else self.announced_tags(facts.id)

    def _view(self, gateway: str, name: str, pod: _Pod) -> PodView:
        return PodView(
            gateway,
            name,
            pod.facts,
            self._tags(gateway, pod.facts),
            pod.listed,
            pod.listed_at,
            pod.deployed,
            pod.read_at,
            pod.sync,
            pod.problem or ("" if pod.listed is not None else self._trouble.get(gateway, "")),
        )
