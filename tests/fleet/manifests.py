"""Manifests of made-up APIs, varied enough that no two are alike."""

from __future__ import annotations

from typing import Any

import yaml

_TEAMS = ("pay", "shop", "logistics", "identity", "search")


def api_name(number: int) -> str:
    """The name of the API of that number."""
    return f"api-{number:05d}"


def api_namespace(number: int) -> str:
    """The namespace of the API of that number."""
    return f"team-{_TEAMS[number % len(_TEAMS)]}"


NAMESPACES = tuple(f"team-{team}" for team in _TEAMS)


def api(number: int) -> dict[str, Any]:
    """An ApiV4Definition of about 2 KB as people write it."""
    name = api_name(number)
    return {
        "apiVersion": "gravitee.io/v1alpha1",
        "kind": "ApiV4Definition",
        "metadata": {
            "name": name,
            "namespace": api_namespace(number),
            "labels": {"team": _TEAMS[number % len(_TEAMS)], "tier": "gold" if number % 7 == 0 else "silver"},
        },
        "spec": {
            "name": f"API number {number}",
            "description": f"Serves what team {_TEAMS[number % len(_TEAMS)]} offers under number {number}",
            "version": f"{1 + number % 4}.{number % 10}",
            "type": "PROXY",
            "contextRef": {"name": "dev-ctx", "namespace": "default"},
            "listeners": [
                {
                    "type": "HTTP",
                    "paths": [{"path": f"/{name}/"}],
                    "entrypoints": [{"type": "http-proxy", "qos": "AUTO"}],
                }
            ],
            "endpointGroups": [
                {
                    "name": "default",
                    "type": "http-proxy",
                    "endpoints": [
                        {
                            "name": "blue",
                            "type": "http-proxy",
                            "weight": 1 + number % 3,
                            "inheritConfiguration": False,
                            "configuration": {"target": f"https://blue.{name}.example.org"},
                        }
                    ],
                }
            ],
            "flowExecution": {"mode": "DEFAULT", "matchRequired": False},
            "plans": {
                "api-key": {
                    "name": "API key",
                    "description": "For partners",
                    "security": {"type": "API_KEY"},
                    "flows": [
                        {
                            "name": "limit",
                            "enabled": True,
                            "selectors": [{"type": "HTTP", "path": "/", "pathOperator": "STARTS_WITH"}],
                            "request": [
                                {
                                    "name": "Rate limit",
                                    "enabled": True,
                                    "policy": "rate-limit",
                                    "configuration": {
                                        "rate": {"limit": 10 + number, "periodTimeUnit": "SECONDS"}
                                    },
                                }
                            ],
                        }
                    ],
                }
            },
            "tags": ["internal"] if number % 2 else [],
            "categories": [],
        },
    }


def api_text(number: int) -> str:
    """The manifest as YAML."""
    return yaml.dump(api(number), Dumper=yaml.CSafeDumper, sort_keys=False)
