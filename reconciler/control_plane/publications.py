"""The newest publication of many APIs in a few requests: the list of an environment's events (DOMAIN §4.4).

It tells revision and instant, which is what a gateway's word is held against first; definitions are read API
by API, where they are needed. What the list does not settle is left to be asked for by itself.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.control_plane.client import ControlPlaneClient
from reconciler.control_plane.failures import unexpected
from reconciler.control_plane.history import DEPLOYMENT_EVENTS, Event
from reconciler.control_plane.management_v1 import ManagementV1Api

FEW = 10
"""So many APIs are asked for one by one: then their definitions come with the answer."""
_FEWEST_PAGES = 5
_WORTH = 10
"""Reading one API costs a request, too: at most a page for so many of them."""
_SLACK_S = 60.0
"""An API's `deployedAt` and its event's instant were seen up to a second apart."""


class Publications:
    """Reads from one environment.

    Args:
        client: the connection.
    """

    def __init__(self, client: ControlPlaneClient) -> None:
        self._name = client.name
        self._management = ManagementV1Api(client)

    async def newest(self, deployed: Mapping[str, float]) -> Mapping[str, Event]:
        """The newest publication, start or stop of these APIs, as far as the list tells it soon enough.

        Args:
            deployed: when each was deployed last (seconds since the epoch; 0 for never), by its id.

        Raises:
            ControlPlaneError: no usable answer came, or the list does not begin with the newest.
        """
        wanted = {api_id for api_id, at in deployed.items() if at}
        if not wanted:
            return {}
        found: dict[str, Event] = {}
        since = min(deployed[api_id] for api_id in wanted) - _SLACK_S
        most = max(_FEWEST_PAGES, len(wanted) // _WORTH)
        oldest = float("inf")
        async for events in self._management.events(DEPLOYMENT_EVENTS, since=since, most=most):
            for event in events:
                if event.at > oldest + _SLACK_S:
                    raise unexpected(self._name, "answered its events in an order that is not theirs")
                oldest = min(oldest, event.at)
                known = found.get(event.api_id)
                if event.api_id in deployed and (known is None or _newer(event, known)):
                    found[event.api_id] = event
            if wanted <= found.keys():
                break
        return found


def _newer(event: Event, known: Event) -> bool:
    """Whether an event that the list tells later is newer: at one instant only if its number says so."""
    if event.at != known.at or not (event.number and known.number):
        return event.at > known.at
    return event.age > known.age
