"""Policies and the flows they stand in: what an API does with a call on its way."""

from __future__ import annotations

from reconciler.simulator.demo.manifests import Spec


def rate_limit(limit: int, unit: str = "SECONDS", *, period: int = 1) -> Spec:
    """At most `limit` calls in `period` units of time."""
    return {
        "name": "Rate limit",
        "policy": "rate-limit",
        "configuration": {
            "async": False,
            "addHeaders": True,
            "rate": {
                "limit": limit,
                "periodTime": period,
                "periodTimeUnit": unit,
                "useKeyOnly": False,
                "key": "",
            },
        },
    }


def quota(limit: int, unit: str = "DAYS") -> Spec:
    """At most `limit` calls in one unit of time, kept across gateways."""
    return {
        "name": "Quota",
        "policy": "quota",
        "configuration": {
            "addHeaders": True,
            "quota": {"limit": limit, "periodTime": 1, "periodTimeUnit": unit, "key": ""},
        },
    }


def set_headers(**headers: str) -> Spec:
    """Set headers; underscores in names stand for dashes."""
    return {
        "name": "Headers",
        "policy": "transform-headers",
        "configuration": {
            "addHeaders": [
                {"name": name.replace("_", "-"), "value": value} for name, value in headers.items()
            ],
        },
    }


def drop_headers(*names: str) -> Spec:
    """Remove headers."""
    return {
        "name": "Hide internals",
        "policy": "transform-headers",
        "configuration": {"removeHeaders": list(names)},
    }


def cache(seconds: int) -> Spec:
    """Answer from the cache resource for some seconds."""
    return {
        "name": "Cache",
        "policy": "cache",
        "configuration": {
            "cacheName": "answers",
            "methods": ["GET", "OPTIONS", "HEAD"],
            "timeToLiveSeconds": seconds,
            "scope": "API",
        },
    }


def validate_json(schema: str) -> Spec:
    """Refuse bodies that are not of a JSON schema."""
    return {
        "name": "Check body",
        "policy": "json-validation",
        "configuration": {
            "scope": "REQUEST_CONTENT",
            "schema": schema,
            "errorMessage": "the body is not valid",
        },
    }


def shared(group: str, namespace: str = "platform") -> Spec:
    """A step that runs a shared policy group."""
    return {"name": group, "sharedPolicyGroupRef": {"name": group, "namespace": namespace}}


def flow(
    name: str,
    request: list[Spec] | None = None,
    response: list[Spec] | None = None,
    *,
    path: str = "/",
    methods: tuple[str, ...] = (),
    when: str = "",
) -> Spec:
    """An HTTP flow; empty phases are left out."""
    selector: Spec = {"type": "HTTP", "path": path, "pathOperator": "STARTS_WITH"}
    if methods:
        selector["methods"] = list(methods)
    selectors = [selector]
    if when:
        selectors.append({"type": "CONDITION", "condition": when})
    phases = {phase: steps for phase, steps in (("request", request), ("response", response)) if steps}
    return {"name": name, "enabled": True, "selectors": selectors, **phases}


def message_flow(
    name: str, *, publish: list[Spec] | None = None, subscribe: list[Spec] | None = None
) -> Spec:
    """A flow over messages of a channel."""
    selector = {
        "type": "CHANNEL",
        "operations": [word for word, steps in (("PUBLISH", publish), ("SUBSCRIBE", subscribe)) if steps],
        "channel": "/",
        "channelOperator": "STARTS_WITH",
    }
    phases = {phase: steps for phase, steps in (("publish", publish), ("subscribe", subscribe)) if steps}
    return {"name": name, "enabled": True, "selectors": [selector], **phases}
