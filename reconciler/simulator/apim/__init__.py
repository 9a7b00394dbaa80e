"""A Gravitee APIM 4.12 in memory, with its gateways, for the demo and for tests: real protocol, no server.

`Apim` is the control plane and is filled from Python; `ApimServer` serves it over HTTP. `Gateway` is one pod
of a gateway that polls it; `GatewayServer` serves its technical API. What they answer is held against
recordings of a real 4.12.14 (tests/fidelity). Nothing here is shared with the engine that it helps to test,
except the formulas of identity.

What is not modelled answers 501 and names itself: analytics, logs, licences, the portal's own API, image and
definition exports, promotion, reviews, integrations, API products, event histories of other kinds than APIs.
"""

from reconciler.simulator.apim.gateway import Gateway
from reconciler.simulator.apim.organization import Environment, Organization
from reconciler.simulator.apim.platform import Apim
from reconciler.simulator.apim.records import Api, Plan, Subscription, User
from reconciler.simulator.apim.refusals import Refused
from reconciler.simulator.apim.serving.faults import Costs, Faults
from reconciler.simulator.apim.serving.gateway_server import GatewayServer
from reconciler.simulator.apim.serving.server import ApimServer

__all__ = [
    "Api",
    "Apim",
    "ApimServer",
    "Costs",
    "Environment",
    "Faults",
    "Gateway",
    "GatewayServer",
    "Organization",
    "Plan",
    "Refused",
    "Subscription",
    "User",
]
