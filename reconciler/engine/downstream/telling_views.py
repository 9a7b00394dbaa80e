"""What gateways tell, kept; and a pass is asked for whenever it concerns somebody's rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from reconciler.gateways.views import GatewayViews
from reconciler.model.verdicts import Place

if TYPE_CHECKING:
    from reconciler.gateways.facts import DeployedApi, Health, NodeFacts, SyncFacts
    from reconciler.model.rows import PlaceState


class TellingViews(GatewayViews):
    """Views that say when something in them has moved.

    Args:
        moved: called, on the event loop, when something moved.
        on_state: told the state of each gateway as a whole; its pods' are folded into it.
        tags_of: as for `GatewayViews`.
        sign_of_life: told a gateway of which a pod answered, and when (seconds since the epoch).
    """

    def __init__(
        self,
        moved: Callable[[], None],
        on_state: Callable[[PlaceState], None],
        *,
        tags_of: Callable[[str], tuple[str, ...] | None],
        sign_of_life: Callable[[Place, str, float], None] = lambda _place, _name, _at: None,
    ) -> None:
        super().__init__(tags_of=tags_of)
        self._told = moved
        self._gateway_state = on_state
        self._sign_of_life = sign_of_life
        self._news: set[str] = set()

    def drain(self) -> set[str]:
        """The ids of the APIs of which something was told since the last call."""
        self._collect(tell=False)
        news, self._news = self._news, set()
        return news

    def pods(self, gateway: str, pods: frozenset[str]) -> None:
        """The gateway has exactly these pods."""
        super().pods(gateway, pods)
        self._collect()

    def node(
        self, gateway: str, pod: str, facts: NodeFacts, health: Health | None, sync: SyncFacts | None
    ) -> None:
        """What the pod says of itself."""
        super().node(gateway, pod, facts, health, sync)
        self._collect()

    def listed(self, gateway: str, pod: str, api_ids: frozenset[str], at: float) -> None:
        """The pod has exactly these APIs."""
        super().listed(gateway, pod, api_ids, at)
        self._sign_of_life(Place.GATEWAY, gateway, at)
        self._collect()

    def api(self, gateway: str, pod: str, api: DeployedApi, at: float) -> None:
        """How one API is deployed on a pod."""
        super().api(gateway, pod, api, at)
        self._collect()

    def state(self, gateway: str, pod: str | None, state: PlaceState) -> None:
        """How well a pod, or the whole gateway, can be read."""
        super().state(gateway, pod, state)
        if pod is None:
            self._gateway_state(state)
        self._collect()

    def _collect(self, *, tell: bool = True) -> None:
        found = super().drain()
        if found:
            self._news |= found
            if tell:
                self._told()
