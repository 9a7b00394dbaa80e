"""From a request to an answer, without a network: credentials, rights, environment, operation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.simulator.apim.organization import Environment
from reconciler.simulator.apim.platform import Apim
from reconciler.simulator.apim.refusals import Refused, forbidden, unknown_environment
from reconciler.simulator.apim.serving.automation import automation_routes
from reconciler.simulator.apim.serving.calls import Answer, Call, Cost, Route, find
from reconciler.simulator.apim.serving.credentials import unauthorized, user_of
from reconciler.simulator.apim.serving.management_v1 import management_v1_routes
from reconciler.simulator.apim.serving.management_v2 import management_v2_routes


def all_routes() -> list[Route]:
    """Every operation that is modelled."""
    return [*automation_routes(), *management_v2_routes(), *management_v1_routes()]


class Dispatch:
    """Answers requests to one server.

    Args:
        apim: what is served.
    """

    def __init__(self, apim: Apim) -> None:
        self.apim = apim
        self._routes = all_routes()

    def cost(self, method: str, path: str) -> Cost | None:
        """What kind of work a request is; None where it is none that is modelled."""
        try:
            found = find(self._routes, method, path)
        except Refused:
            return None
        return found[0].cost if found else None

    def answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        raw_query: str,
        headers: Mapping[str, str],
        body: bytes,
        base: str,
    ) -> Answer:
        """Answer a request; every refusal is an answer too."""
        user = user_of(self.apim, headers)
        if user is None:
            return unauthorized(headers, f"{base}{path}")
        call = Call(self.apim, method, path, query, raw_query, headers, body, base, user)
        try:
            with self.apim.lock:
                return self._answer(call)
        except Refused as refusal:
            if refusal.status == 401:
                return unauthorized(headers, f"{base}{path}")
            plain = isinstance(refusal.body, str)
            return Answer(refusal.status, refusal.body, {"Content-Type": "text/plain"} if plain else {})

    def _answer(self, call: Call) -> Answer:
        found = find(self._routes, call.method, call.path)
        if found is None:
            return not_modelled(call.method, call.path)
        route, names = found
        if not call.user.administrator and not route.anyone:
            raise forbidden()
        environment = self._environment(names) if "env" in names else None
        if "org" in names and names["org"] not in self.apim.organizations:
            raise unknown_environment()
        return route.handler(replace(call, names=names, found=environment))

    def _environment(self, names: Mapping[str, str]) -> Environment:
        organization = names.get("org")
        return self.apim.environment(f"{organization}/{names['env']}" if organization else names["env"])


def not_modelled(method: str, path: str) -> Answer:
    """What nobody taught this server: it says so, and does not pretend."""
    message = f"Not modelled by the simulator: {method} {path}"
    return Answer(501, {"httpStatus": 501, "message": message, "technicalCode": "notModelled", "details": []})
