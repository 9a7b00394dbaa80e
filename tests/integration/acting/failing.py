"""The simulated control plane, with its PUTs counted and some of them answered wrongly."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from reconciler.simulator.apim import Apim, ApimServer


@dataclass(slots=True)
class Rule:
    """What happens to the next `times` PUTs of a thing.

    `status` is answered without looking at them; 0: they are carried out, and the connection breaks before
    the answer. `retry_after_s` is told in its header, `meanwhile` happens before the answer. With `slow_s`
    they are carried out, and answered after so many seconds.
    """

    hrid: str
    status: int
    times: int = 1
    message: str = "simulated"
    retry_after_s: int = 0
    meanwhile: Callable[[], object] = bool
    slow_s: float = 0.0


class FailingApim(ApimServer):
    """Counts what would change something.

    Attributes:
        rules: what is to go wrong.
        puts: HRIDs of PUTs that were no dry runs, in order, refused ones too.
    """

    def __init__(self, apim: Apim) -> None:
        super().__init__(apim)
        self.rules: list[Rule] = []
        self.puts: list[str] = []

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if request.method != "PUT" or "dryRun" in request.query_string:
            return await super()._handle(request)
        hrid = str(json.loads(await request.read()).get("hrid", ""))
        self.puts.append(hrid)
        rule = next((one for one in self.rules if one.hrid == hrid and one.times > 0), None)
        if rule is None:
            return await super()._handle(request)
        rule.times -= 1
        rule.meanwhile()
        if rule.slow_s:
            answer = await super()._handle(request)
            await asyncio.sleep(rule.slow_s)
            return answer
        if rule.status:
            wait = {"Retry-After": str(rule.retry_after_s)} if rule.retry_after_s else None
            return web.json_response({"message": rule.message}, status=rule.status, headers=wait)
        await super()._handle(request)
        assert request.transport is not None
        request.transport.close()
        return web.Response(status=200)

    def taken(self) -> list[str]:
        """The PUTs since the last call."""
        taken, self.puts[:] = list(self.puts), []
        return taken
