"""The simulated control plane with the faults of the recording proxy: answers of its own, slow ones."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from reconciler.simulator.apim import Apim, ApimServer

SLOW_S = 2.0
"""Recorded as 8 s, against a limit of 5 s; here both are shorter, with room for a slow machine."""
LIMIT_S = 1.5


class Proxy(ApimServer):
    """Answers by itself where a rule says so.

    Attributes:
        rules: as the recordings have them: method, a part of the path, and a status or a delay.
    """

    def __init__(self, apim: Apim) -> None:
        super().__init__(apim)
        self.rules: list[dict[str, Any]] = []
        self.puts: list[tuple[str, int]] = []
        self._late: set[asyncio.Task[Any]] = set()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        rule = self._rule(request.method, request.path)
        if rule is None:
            return await self._answered(request)
        if "status" in rule:
            body = rule["body"]
            if request.method == "PUT":
                self.puts.append((request.path, rule["status"]))
            if isinstance(body, str):
                return web.Response(status=rule["status"], text=body)
            return web.json_response(body, status=rule["status"])
        if "delay" in rule:
            await asyncio.sleep(SLOW_S)
            return await self._answered(request)
        rule["times"] = rule.get("times", 1) - 1
        # Once begun it is carried out, whether or not anybody waits for the answer.
        task = asyncio.ensure_future(self._answered(request))
        self._late.add(task)
        task.add_done_callback(self._late.discard)
        response = await asyncio.shield(task)
        await asyncio.sleep(SLOW_S)
        return response

    async def _answered(self, request: web.Request) -> web.StreamResponse:
        response = await super()._handle(request)
        if request.method == "PUT":
            self.puts.append((request.path, response.status))
        return response

    def _rule(self, method: str, path: str) -> dict[str, Any] | None:
        for rule in self.rules:
            if rule["method"] == method and rule.get("path", "") in path and rule.get("times", 1) > 0:
                return rule
        return None
