"""The operations that are held against the recordings, written down by hand; all others answer 501."""

from __future__ import annotations

import re

_V2 = "/management/v2/environments/{env}"
_V1 = "/management/organizations/{org}/environments/{env}"
_AUTOMATION = "/automation/organizations/{org}/environments/{env}"

_COLLECTIONS = (
    "apis",
    "applications",
    "groups",
    "dictionaries",
    "shared-policy-groups",
    "portals",
    "apis/{parent}/subscriptions",
    "apis/{parent}/documentations",
    "portals/{parent}/listings",
    "portals/{parent}/documentations",
)

PRODUCT: tuple[tuple[str, str], ...] = (
    *(("PUT", f"{_AUTOMATION}/{name}") for name in _COLLECTIONS),
    *(("GET", f"{_AUTOMATION}/{name}/{{hrid}}") for name in _COLLECTIONS),
    *(("DELETE", f"{_AUTOMATION}/{name}/{{hrid}}") for name in _COLLECTIONS),
    ("GET", f"{_AUTOMATION}/apis"),  # a mistake that must be answered as such: 405
    ("GET", "/management/v2/environments"),
    ("GET", "/management/v2/organizations/{org}/environments"),
    ("GET", _V2),
    ("GET", f"{_V2}/apis"),
    ("POST", f"{_V2}/apis/_search"),
    ("GET", f"{_V2}/apis/{{api}}"),
    ("GET", f"{_V2}/apis/{{api}}/plans"),
    ("GET", f"{_V2}/apis/{{api}}/pages"),
    ("GET", f"{_V2}/apis/{{api}}/members"),
    ("GET", f"{_V2}/apis/{{api}}/metadata"),
    ("GET", f"{_V2}/apis/{{api}}/subscriptions"),
    ("GET", f"{_V2}/apis/{{api}}/events"),
    ("GET", f"{_V2}/apis/{{api}}/audits"),
    ("GET", f"{_V2}/apis/{{api}}/deployments/current"),
    ("GET", f"{_V2}/apis/{{api}}/deployments/_verify"),
    ("POST", f"{_V2}/apis/{{api}}/deployments"),
    ("POST", f"{_V2}/apis/{{api}}/_detach"),
    ("GET", "/management/v2/organizations/{org}/plugins/policies"),
    ("GET", "/management/v2/organizations/{org}/plugins/endpoints"),
    ("GET", f"{_V1}/instances/"),
    ("GET", f"{_V1}/platform/events"),
    ("GET", f"{_V1}/apis/{{api}}/state"),
    ("PUT", f"{_V1}/apis/import-crd"),
    ("GET", f"{_V1}/apis/{{api}}"),
    ("DELETE", f"{_V1}/apis/{{api}}"),
    ("GET", "/_node"),
    ("GET", "/_node/health"),
    ("GET", "/_node/sync"),
    ("GET", "/_node/apis"),
    ("GET", "/_node/apis/{api}"),
)
"""What the product calls."""

BY_HAND: tuple[tuple[str, str], ...] = (
    ("POST", f"{_V2}/apis"),
    ("PUT", f"{_V2}/apis/{{api}}"),
    ("POST", f"{_V2}/apis/{{api}}/_start"),
    ("POST", f"{_V2}/apis/{{api}}/_stop"),
    ("POST", f"{_V2}/apis/{{api}}/plans"),
    ("POST", f"{_V2}/apis/{{api}}/plans/{{plan}}/_publish"),
)
"""What people do in the Console, which the product must notice: the demo's incidents are made so."""

ABSENT: tuple[tuple[str, str], ...] = (
    ("GET", "/management/v2/installation"),
    ("GET", "/management/v2/organizations/{org}/installation"),
    ("GET", f"{_V2}/instances"),
    ("GET", f"{_V2}/audits"),
    ("POST", f"{_V2}/events/_search"),
    ("GET", f"{_V1}/audit"),
    ("GET", "/management/organizations/{org}/audit"),
)
"""What a real 4.12 refuses though one might expect it there (DOMAIN §9, trap 11)."""


def is_one_of(operations: tuple[tuple[str, str], ...], method: str, path: str) -> bool:
    """Whether a request is one of these operations."""
    bare = path.partition("?")[0]
    return any(
        method == name and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), bare)
        for name, template in operations
    )


def is_of_gateway(path: str) -> bool:
    """Whether a request went to a gateway's technical API."""
    return path.startswith("/_node")


def is_traffic(path: str) -> bool:
    """Whether a request was a consumer's, which a gateway sends on to a backend."""
    return not path.startswith(("/automation/", "/management/", "/_node"))
