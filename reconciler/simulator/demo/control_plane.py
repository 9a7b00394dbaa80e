"""The demo's APIM: one server, an environment for each cluster that answers, its people and plugins."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reconciler.simulator.apim import Apim
from reconciler.simulator.demo.changes import (
    ADA,
    INES,
    KARL,
    LEA,
    MILA,
    NOAH,
    OLGA,
    PRIYA,
    RIKU,
    SAM,
    TOM,
)
from reconciler.simulator.demo.folders import ANSWERING, ENVIRONMENTS, EU, STAGE, US

SERVICE_ACCOUNT, CONSOLE_USER = "gko", "admin"
SHARDING_TAGS = ("pci", "us")
_PEOPLE = (ADA, INES, KARL, LEA, MILA, NOAH, OLGA, PRIYA, RIKU, SAM, TOM)
_NAMES = {EU: "Production Europe", US: "Production America", STAGE: "Staging"}
_POLICIES = (("json-validation", "JSON Validation", "2.2.0"),)
_ENDPOINTS = (
    ("kafka", "Kafka", "MESSAGE"),
    ("mqtt5", "MQTT 5.X", "MESSAGE"),
    ("native-kafka", "Native Kafka", "NATIVE"),
    ("llm-proxy", "LLM Proxy", "LLM_PROXY"),
    ("mcp-proxy", "MCP Proxy", "MCP_PROXY"),
)
_ENTRYPOINTS = ("native-kafka", "llm-proxy", "mcp-proxy")


@dataclass(frozen=True, slots=True)
class Credentials:
    """How one logs in at the demo's APIM: people with a password, GKO with a token."""

    password: str
    token: str


def demo_apim(clock: Callable[[], float], credentials: Credentials) -> Apim:
    """Make the demo's control plane, without any API yet.

    Args:
        clock: seconds since the epoch.
        credentials: what `CONSOLE_USER` and `SERVICE_ACCOUNT` log in with.

    Returns:
        an APIM that draws the same ids each time.
    """
    drawn = random.Random("apim")  # noqa: S311 -- names, not secrets

    def draw_id() -> str:
        return str(uuid.UUID(int=drawn.getrandbits(128), version=4))

    apim = Apim(clock, draw_id=draw_id)
    apim.passwords[CONSOLE_USER] = credentials.password
    apim.add_user(SERVICE_ACCOUNT, draw_id(), administrator=True)
    apim.issue_token(SERVICE_ACCOUNT, credentials.token)
    for person in (*(one.email for one in _PEOPLE), "zoe.marchetti@example.org"):
        apim.add_user(person, draw_id(), source="gravitee")
    organization = apim.organizations["DEFAULT"]
    del organization.environments["DEFAULT"]
    for cluster in ANSWERING:
        environment = apim.add_environment(ENVIRONMENTS[cluster], name=_NAMES[cluster], tags=SHARDING_TAGS)
        environment.categories.add("shop")
        environment.client_registration = True
    plugins = organization.plugins
    for policy in plugins.policies:
        if policy["id"] == "transform-headers":  # of a version that knows messages
            policy["flowPhaseCompatibility"]["HTTP_MESSAGE"] += ["PUBLISH", "SUBSCRIBE"]
    plugins.policies += [_policy(*policy) for policy in _POLICIES]
    plugins.endpoints += [_endpoint(*endpoint) for endpoint in _ENDPOINTS]
    plugins.entrypoints.update(_ENTRYPOINTS)
    return apim


def _policy(identifier: str, name: str, version: str) -> dict[str, Any]:
    phases = {"HTTP_PROXY": ["REQUEST", "RESPONSE"], "HTTP_MESSAGE": ["REQUEST", "PUBLISH", "SUBSCRIBE"]}
    return {
        "id": identifier,
        "name": name,
        "version": version,
        "deployed": True,
        "flowPhaseCompatibility": phases,
    }


def _endpoint(identifier: str, name: str, api_type: str) -> dict[str, Any]:
    return {
        "id": identifier,
        "name": name,
        "version": "4.12.14",
        "deployed": True,
        "supportedApiType": api_type,
    }
