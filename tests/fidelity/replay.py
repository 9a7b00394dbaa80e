"""Replays the recordings against a simulated APIM over HTTP, from an empty server."""

from __future__ import annotations

import base64
import itertools
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx
import orjson

from reconciler.simulator.apim import Apim, ApimServer, Gateway, GatewayServer
from tests.fidelity.matching import Bindings, differences
from tests.fidelity.operations import ABSENT, BY_HAND, PRODUCT, is_of_gateway, is_one_of, is_traffic
from tests.fidelity.presupposed import (
    BEFORE,
    CONTENT_TYPES,
    PERSONAL_TOKEN,
    TOKEN,
    WRONG_PASSWORD,
    WRONG_TOKEN,
    World,
    prepare,
)
from tests.fidelity.recordings import SERVER, Exchange

_BEGIN = 1_790_000_000.0
_PASSWORDS = {"admin": "admin", "user": "password"}


@dataclass(slots=True)
class Outcome:
    """How one recording went.

    Attributes:
        kind: `product`, `hand`, `absent`, or `other`.
        answer: what the simulator answered.
        wrong: what differs in the body.
    """

    exchange: Exchange
    kind: str
    status: int
    answer: Any
    wrong: list[str] = field(default_factory=list)

    @property
    def same_status(self) -> bool:
        """Whether the status is the recorded one."""
        return self.status == self.exchange.status


def kind_of(exchange: Exchange) -> str:
    """To which list of operations a recording belongs."""
    lists = (("product", PRODUCT), ("hand", BY_HAND), ("absent", ABSENT))
    for name, operations in lists:
        if is_one_of(operations, exchange.method, exchange.path):
            return name
    return "other"


def ticking(step: float = 0.001) -> Callable[[], float]:
    """A clock that moves on whenever it is read, so that no two instants are equal by chance."""
    instants: Iterator[float] = itertools.count(_BEGIN, step)
    return lambda: round(next(instants), 3)


def drawing(seed: int = 1) -> Callable[[], str]:
    """Random UUIDs that are the same in each run."""
    random = Random(seed)
    return lambda: str(uuid.UUID(int=random.getrandbits(128), version=4))


async def replay(
    exchanges: list[Exchange],
    *,
    organization: str = "DEFAULT",
    environment: str = "DEFAULT",
    renamed: Callable[[str], str] = lambda name: name,
) -> list[Outcome]:
    """Send every recorded request to a new simulated platform, and compare the answers.

    Args:
        exchanges: in the order in which they were recorded, renamed already.
        organization: what the organization is called in them.
        environment: what the environment is called in them.
        renamed: a name as these exchanges have it.
    """
    apim = Apim(ticking(), draw_id=drawing())
    apim.organizations.clear()
    apim.add_organization(organization)
    description = "Default environment"
    apim.add_environment(
        environment, organization=organization, name=description, description=description, hrid="default"
    )
    apim.add_user("admin", "admin", administrator=True)
    gateway = Gateway(apim, "vm")
    world = World(apim, gateway, {item.name: item for item in exchanges}, environment, renamed)
    prepare(world)
    server, technical = ApimServer(apim), GatewayServer(gateway, sleep=None)
    await server.start()
    await technical.start()
    try:
        async with httpx.AsyncClient() as client:
            return [outcome async for outcome in _run(client, exchanges, world, server.url, technical.url)]
    finally:
        await server.stop()
        await technical.stop()


async def _run(
    client: httpx.AsyncClient,
    exchanges: list[Exchange],
    world: World,
    server: str,
    technical: str,
) -> Any:
    bindings = Bindings()
    for exchange in exchanges:
        if exchange.name in BEFORE:
            BEFORE[exchange.name](world)
        if is_traffic(exchange.path):
            continue
        of_gateway = is_of_gateway(exchange.path)
        base = technical if of_gateway else server
        response = await client.request(
            exchange.method,
            base + bindings.simulated(exchange.path),
            content=_content(exchange, bindings),
            headers=_headers(exchange, of_gateway=of_gateway),
        )
        answer = _answer(response, base)
        outcome = Outcome(exchange, kind_of(exchange), response.status_code, answer)
        trial = bindings.copy()
        outcome.wrong = differences(exchange.answer or None, answer, trial)
        if not outcome.wrong:
            bindings = trial
        yield outcome


def _content(exchange: Exchange, bindings: Bindings) -> bytes | None:
    if exchange.body is None:
        return None
    if isinstance(exchange.body, str):
        return exchange.body.encode()
    return bindings.simulated(orjson.dumps(exchange.body).decode()).encode()


def _headers(exchange: Exchange, *, of_gateway: bool) -> dict[str, str]:
    headers = {}
    if exchange.body is not None:
        headers["Content-Type"] = CONTENT_TYPES.get(exchange.name, "application/json")
    if exchange.name in TOKEN:
        headers["Authorization"] = f"Bearer {PERSONAL_TOKEN}"
    elif exchange.name in WRONG_TOKEN:
        headers["Authorization"] = "Bearer nobody's"
    elif exchange.user is not None:
        password = "adminadmin" if of_gateway else _PASSWORDS[exchange.user]
        if exchange.name in WRONG_PASSWORD:
            password = "wrong"
        pair = base64.b64encode(f"{exchange.user}:{password}".encode()).decode()
        headers["Authorization"] = f"Basic {pair}"
    return headers


def _answer(response: httpx.Response, base: str) -> Any:
    text = response.text.replace(base, SERVER)
    if response.headers.get("Content-Type", "").startswith("application/json"):
        return orjson.loads(text) if text else None
    return text or None
