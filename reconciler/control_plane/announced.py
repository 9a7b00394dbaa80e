"""Which gateways announced themselves to a control plane: asked now and then, one request each time.

A node tells neither its sharding tags nor whom it polls; Management v1 does (`instances`, DOMAIN §4.4). That
it may not be read is worth a note and no more: what must be known can be configured.
"""

from __future__ import annotations

from reconciler.control_plane.client import ControlPlaneClient
from reconciler.control_plane.failures import ControlPlaneError
from reconciler.control_plane.management_v1 import ManagementV1Api
from reconciler.control_plane.sink import ControlPlaneSink

EVERY_S = 60.0
IN_VAIN_S = 600.0
"""Where it cannot be read for a reason that stays, it is tried again after so long."""


class Announced:
    """Reads the gateways' nodes of one environment.

    Args:
        client: the connection.

    Attributes:
        note: why they cannot be read; empty where they can, or where the whole place cannot.
    """

    def __init__(self, client: ControlPlaneClient) -> None:
        self._client = client
        self._management = ManagementV1Api(client)
        self.note = ""

    async def read(self, sink: ControlPlaneSink) -> float:
        """Read them once and tell the sink.

        Returns:
            the seconds until they are to be read again.
        """
        at = self._client.rim.clock()
        try:
            found = await self._management.instances()
        except ControlPlaneError as error:
            if error.of_whole_place:
                self.note = ""  # the place itself says so
                return EVERY_S
            advice = "give this user ENVIRONMENT_INSTANCE: read" if error.reason == "forbidden" else ""
            step = advice or error.next_step
            self.note = f"which gateways poll it cannot be read: {error.what}" + (f"; {step}" if step else "")
            return max(IN_VAIN_S, error.retry_after or 0.0)
        self.note = ""
        sink.instances(self._client.name, found, at)
        return EVERY_S
