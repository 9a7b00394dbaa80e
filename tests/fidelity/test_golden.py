"""What the released operator sent to a real server, and that server's answers, against the simulator.

These bodies carry what hand-written ones do not: explicit nulls, empty texts, references, capitals.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from reconciler.simulator.apim import Apim
from reconciler.simulator.apim.serving.dispatch import Dispatch
from tests.fidelity.matching import Bindings, differences
from tests.fidelity.recordings import SERVER
from tests.fidelity.replay import drawing, ticking

_HEADERS = {
    "Authorization": "Basic " + base64.b64encode(b"admin:admin").decode(),
    "Content-Type": "application/json",
}
_FAKED = ("accepted-by-proxy",)
"""Variants whose answers the recording proxy made up, since the real server refused them."""

NOT_MODELLED = {
    "apim__api_definition__v2__api-with-page-swagger-http-fetcher.json": "the server would fetch a page",
}
"""Records that differ, and why."""


def _requests(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for request in [*(record.get("dependency_requests") or []), *(record.get("requests") or [])]:
        if isinstance(request, dict) and request.get("status") is not None:
            yield request


def _wrong(record: dict[str, Any], policies: list[dict[str, Any]]) -> list[str]:
    apim = Apim(ticking(), draw_id=drawing())
    apim.add_user("user", "password")
    apim.environment("DEFAULT").organization.plugins.policies = policies
    dispatch, bindings, wrong = Dispatch(apim), Bindings(), []
    for request in _requests(record):
        query = request.get("query") or ""
        pairs = dict(pair.split("=", 1) for pair in query.split("&") if pair)
        body = b"" if request.get("body") is None else orjson.dumps(request["body"])
        answer = dispatch.answer(request["method"], request["path"], pairs, query, _HEADERS, body, SERVER)
        if answer.status != request["status"]:
            wrong.append(f"{request['method']} {request['path']}: {request['status']} ≠ {answer.status}")
        else:
            wrong += differences(request.get("response") or None, answer.body or None, bindings)
    return wrong


def test_the_operators_requests_are_answered_as_by_a_real_server(shared_data: Path) -> None:
    exchange = json.loads((shared_data / "exchanges" / "19a-v2-plugins-policies.json").read_text())
    policies = exchange["response"]["body"]
    differing, requests = {}, 0
    for path in sorted((shared_data / "golden" / "examples").glob("*.json")):
        if any(word in path.name for word in _FAKED):
            continue
        record = json.loads(path.read_text())
        requests += len(list(_requests(record)))
        if wrong := _wrong(record, policies):
            differing[path.name] = wrong
    assert set(differing) == set(NOT_MODELLED), differing
    assert requests > 180
