"""The Automation API, read: one thing's state by its HRID, for every kind that it has (DOMAIN §4.2).

Nothing is written here. A thing that is not there is None; a kind that this server does not know at all is an
error of its own, for an older APIM cannot be asked what a newer one tells.
"""

from __future__ import annotations

from reconciler.control_plane.client import ControlPlaneClient
from reconciler.control_plane.failures import ControlPlaneError, unexpected
from reconciler.control_plane.packing import PackedState, pack
from reconciler.control_plane.refs import COLLECTIONS, StateRef, automation_path

_NOBODY = "gko-tui-asks-whether-this-kind-is-served"
"""An HRID that is no resource's: an HRID is `<namespace>-<name>`, and nobody has this one."""


class AutomationApi:
    """Reads states by HRID.

    Args:
        client: the connection.
    """

    def __init__(self, client: ControlPlaneClient) -> None:
        self._client = client
        self._root = client.target.in_environment(client.target.paths.automation)

    async def state(self, ref: StateRef) -> PackedState | None:
        """Read one thing whole; None where there is none.

        A deleted Application is still there with the status ARCHIVED, and the body of a Subscription whose
        plan was removed and put back looks alive: Management v2 has its status (DOMAIN §9, traps 9 and 10).

        Raises:
            ControlPlaneError: no usable answer came; reason `not-served`: this server does not know the kind.
        """
        path = automation_path(ref)
        if path is None:
            raise not_served(self._client.name, ref.kind, "APIM's Automation API has no such kind")
        flags = {"hridContainsUUID": True} if ref.uuid and COLLECTIONS[ref.kind].legacy else None
        try:
            body = await self._client.get(self._root + path, flags)
        except ControlPlaneError as error:
            if error.status == 404 and error.code:
                return None
            if error.status in (404, 405, 501):
                raise self._unserved(ref.kind) from None
            raise
        if not isinstance(body, dict):
            raise unexpected(
                self._client.name, f"answered {ref.kind} {ref.hrid} with something that is no object"
            )
        told = body.get("hrid")
        if isinstance(told, str) and told != ref.hrid and not ref.uuid:
            raise unexpected(
                self._client.name, f"asked for {ref.kind} {ref.hrid}, it answered with another one"
            )
        try:
            return pack(ref.kind, body)
        except ValueError:
            what = f"answered {ref.kind} {ref.hrid} with JSON that is nested too deeply"
            raise unexpected(self._client.name, what) from None

    async def serves(self, kind: str) -> bool:
        """Whether this server knows a kind, found out by asking for one that nobody has.

        Raises:
            ControlPlaneError: no usable answer came.
        """
        try:
            await self.state(StateRef(kind, _NOBODY, _NOBODY if COLLECTIONS[kind].parent else ""))
        except ControlPlaneError as error:
            if error.reason == "not-served":
                return False
            raise
        return True

    def _unserved(self, kind: str) -> ControlPlaneError:
        return not_served(
            self._client.name,
            kind,
            f"does not serve {kind} through its Automation API: APIM is older than 4.12, or its Automation "
            "API is switched off",
        )


def not_served(name: str, kind: str, what: str) -> ControlPlaneError:
    """Say that a kind cannot be asked for."""
    newer = "upgrade APIM to 4.13" if kind == "PortalLink" else "upgrade APIM to 4.12 or later"
    return ControlPlaneError(
        what,
        control_plane=name,
        next_step=f"{newer}, or switch it on (http.api.automation.enabled, api.ingress.automation.enabled)",
        status=404,
        reason="not-served",
    )
