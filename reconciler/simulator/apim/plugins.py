"""The plugins that an organization has, and what it checks of their configurations.

Which plugins there are is state: whoever seeds a server may replace `Plugins.policies` and `endpoints`. The
built-in ones are a small choice of the community plugins, with the parts of their schemas that the model
relies on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reconciler.simulator.apim.refusals import unexpected

_EXCEPTIONS = "io.gravitee.rest.api.service.exceptions"
_EVERYWHERE = ("REQUEST", "RESPONSE")

HTTP_BLOCK: dict[str, Any] = {
    "readTimeout": 10000,
    "idleTimeout": 60000,
    "connectTimeout": 5000,
    "maxConcurrentConnections": 20,
    "version": "HTTP_1_1",
}
"""What the HTTP proxy endpoint's schema fills into an `http` block that was sent (DOMAIN §9)."""


def _policy(
    identifier: str, name: str, version: str, proxy: Sequence[str], message: Sequence[str] = ()
) -> dict[str, Any]:
    return {
        "id": identifier,
        "name": name,
        "version": version,
        "deployed": True,
        "flowPhaseCompatibility": {"HTTP_PROXY": list(proxy), "HTTP_MESSAGE": list(message)},
    }


_POLICIES = (
    _policy("api-key", "API Key", "5.2.0", ["REQUEST"], ["REQUEST"]),
    _policy("cache", "Cache", "3.0.0", ["REQUEST"]),
    _policy("dynamic-routing", "Dynamic Routing", "1.13.0", ["REQUEST"], ["REQUEST"]),
    _policy("groovy", "Groovy", "4.0.0", _EVERYWHERE),
    _policy("json-to-json", "JSON to JSON Transformation", "3.0.1", _EVERYWHERE, ["PUBLISH", "SUBSCRIBE"]),
    _policy("jwt", "JSON Web Tokens", "7.0.1", ["REQUEST"], ["REQUEST"]),
    _policy("key-less", "Keyless", "4.0.0", ["REQUEST"], ["REQUEST"]),
    _policy("latency", "Latency", "2.0.1", ["REQUEST"], ["REQUEST", "PUBLISH", "SUBSCRIBE"]),
    _policy("mock", "Mock", "1.15.0", ["REQUEST"]),
    _policy("mtls", "mTLS", "1.0.0", ["REQUEST"], ["REQUEST"]),
    _policy("oauth2", "OAuth2", "5.1.4", ["REQUEST"], ["REQUEST"]),
    _policy("policy-assign-attributes", "Assign attributes", "3.2.0", _EVERYWHERE, _EVERYWHERE),
    _policy("policy-request-validation", "Validate Request", "1.15.1", ["REQUEST"], ["REQUEST"]),
    _policy("quota", "Quota", "3.1.0", ["REQUEST"], ["REQUEST"]),
    _policy("rate-limit", "Rate Limit", "3.1.0", ["REQUEST"], ["REQUEST"]),
    _policy("rbac", "Role Based Access Control", "2.1.0", ["REQUEST"], ["REQUEST"]),
    _policy("retry", "Retry", "3.1.0", ["REQUEST"]),
    _policy("transform-headers", "Transform Headers", "5.2.0", _EVERYWHERE, _EVERYWHERE),
    _policy("url-rewriting", "URL Rewriting", "1.7.0", ["RESPONSE"], ["RESPONSE"]),
)
_ENTRYPOINTS = ("http-proxy", "http-get", "http-post", "sse", "webhook", "websocket", "tcp-proxy")
_ENDPOINTS = (
    {
        "id": "http-proxy",
        "name": "HTTP proxy",
        "version": "4.12.14",
        "deployed": True,
        "supportedApiType": "PROXY",
    },
    {"id": "mock", "name": "Mock", "version": "4.12.14", "deployed": True, "supportedApiType": "MESSAGE"},
)
_SCHEMAS: dict[tuple[str, str], dict[str, Any]] = {
    ("endpoints", "http-proxy"): {
        "properties": {"target": {"type": "string", "minLength": 1}, "http": {"type": "object"}},
        "required": ["target"],
    },
    ("policies", "mock"): {
        "properties": {"status": {"type": "string", "enum": [str(code) for code in range(100, 600)]}},
    },
}
_INTERNAL_POLICIES = frozenset({"shared-policy-group-policy"})


@dataclass(slots=True)
class Plugins:
    """The plugins of an organization.

    Attributes:
        policies: as Management v2 lists them.
        endpoints: as Management v2 lists them.
        entrypoints: their ids. A server without licence has none for Kafka, LLM, MCP and A2A.
    """

    policies: list[dict[str, Any]] = field(default_factory=lambda: [dict(item) for item in _POLICIES])
    endpoints: list[dict[str, Any]] = field(default_factory=lambda: [dict(item) for item in _ENDPOINTS])

    entrypoints: set[str] = field(default_factory=lambda: set(_ENTRYPOINTS))

    def schema(self, sort: str, identifier: str) -> dict[str, Any] | None:
        """The JSON Schema of a plugin's configuration, as far as it is checked; None: no such plugin."""
        known = {"policies": self.policies, "endpoints": self.endpoints}.get(sort)
        names = {str(item["id"]) for item in known} if known is not None else self.entrypoints
        if identifier not in names:
            return None
        return {"type": "object", **_SCHEMAS.get((sort, identifier), {})}

    def check_entrypoint(self, identifier: str) -> None:
        """Raise Refused (500) unless there is such an entrypoint."""
        if identifier not in self.entrypoints:
            raise _missing(identifier)

    def check_endpoint(self, identifier: str, configuration: Any, *, inherits: bool) -> None:
        """Raise Refused (500) unless there is such an endpoint and its configuration fits its schema."""
        known = {item["id"] for item in self.endpoints}
        if identifier not in known:
            raise _missing(identifier)
        if (
            identifier == "http-proxy"
            and not _has_target(configuration)
            and not (inherits and configuration is None)
        ):
            raise _invalid("#: required key [target] not found")

    def check_policy(self, identifier: str, configuration: Any) -> None:
        """Raise Refused (500) unless there is such a policy and its configuration fits its schema."""
        if identifier in _INTERNAL_POLICIES:
            return
        if identifier not in {item["id"] for item in self.policies}:
            raise _missing(identifier)
        if identifier == "mock" and isinstance(configuration, dict):
            status = configuration.get("status")
            if status is not None and not (isinstance(status, str) and _is_status(status)):
                text = json.dumps(status, separators=(",", ":"))
                raise _invalid(f"#/status: {text} is not a valid enum value")

    def severe_of_steps(self, api_type: str, phase: str, steps: Sequence[Mapping[str, Any]]) -> list[str]:
        """What is wrong with the steps of a shared policy group."""
        by_id = {item["id"]: item for item in self.policies}
        unknown = [step["policy"] for step in steps if step["policy"] not in by_id]
        if unknown:
            return [f"Plugin [{name}] cannot be found." for name in unknown[:1]]
        column = "HTTP_MESSAGE" if api_type == "MESSAGE" else "HTTP_PROXY"
        misplaced = [
            by_id[step["policy"]]["name"]
            for step in steps
            if phase not in by_id[step["policy"]].get("flowPhaseCompatibility", {}).get(column, [])
        ]
        if not misplaced:
            return []
        return [f"Unexpected policies [{', '.join(misplaced)}] for API type {api_type} and phase {phase}"]


def _has_target(configuration: Any) -> bool:
    return isinstance(configuration, dict) and "target" in configuration


def _is_status(text: str) -> bool:
    return text.isdecimal() and 100 <= int(text) <= 599


def _missing(identifier: str) -> Exception:
    return unexpected(f"{_EXCEPTIONS}.PluginNotFoundException: Plugin [{identifier}] cannot be found.")


def _invalid(message: str) -> Exception:
    return unexpected(f"{_EXCEPTIONS}.InvalidDataException: {message}")
