"""Which APIM this is, as far as its answers give it away: there is no operation that tells its version.

4.12 is the first that GKO writes every kind to through the Automation API, dictionaries among them, and links
of portals are of 4.13 (DOMAIN §0.1, §1). A server that does not know a path answers 404 without APIM's
technical code, one that knows it but has no such thing answers with one (recordings 17a and 10f).
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.control_plane.automation import AutomationApi
from reconciler.control_plane.failures import ControlPlaneError


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a control plane is.

    Attributes:
        version: `4.13 or later`, `4.12`, `older than 4.12`, or empty where it cannot be told.
        lacks: what it cannot tell, and why, as one sentence; empty if nothing.
    """

    version: str
    lacks: str = ""


async def recognise(automation: AutomationApi) -> Recognised:
    """Find out, with two or three requests.

    Raises:
        ControlPlaneError: no usable answer came, other than the user's lack of rights.
    """
    try:
        if await automation.serves("Dictionary"):
            return Recognised("4.13 or later" if await automation.serves("PortalLink") else "4.12")
        some = await automation.serves("ApiV4Definition")
    except ControlPlaneError as error:
        if error.reason == "forbidden":
            return Recognised("")
        raise
    if some:
        return Recognised("older than 4.12", "is older than APIM 4.12: some kinds cannot be read by HRID")
    return Recognised(
        "older than 4.12",
        "does not serve the Automation API, so that only what its list of APIs shows can be told: it is "
        "older than 4.12, or the Automation API is switched off (http.api.automation.enabled, "
        "api.ingress.automation.enabled)",
    )
