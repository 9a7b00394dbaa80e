"""A small API as it is sent and as APIM 4.12 returns it (DOMAIN §9), to be varied place by place."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from reconciler.model.changes import ABSENT, ChangeKind, path_text
from reconciler.rules.apim.bodies import Body
from reconciler.rules.apim.comparing import compare
from reconciler.rules.apim.identities import Environment, Identity, Parent
from reconciler.rules.judging import Judgement

KEY = b"a digest key of thirty-two bytes"
PLACE = Environment("https://apim.example.org", "DEFAULT", "DEFAULT")
Content = dict[str, Any]

_FLOW = {
    "name": "main",
    "enabled": True,
    "selectors": [
        {"type": "HTTP", "path": "/", "pathOperator": "STARTS_WITH"},
        {"type": "CONDITION", "condition": "{#request.headers['a'] != null}"},
    ],
    "request": [{"name": "say", "policy": "mock", "enabled": True, "configuration": {"status": "200"}}],
}
_ENDPOINT = {
    "name": "one",
    "type": "http-proxy",
    "weight": 1,
    "inheritConfiguration": False,
    "secondary": False,
    "configuration": {"target": "https://orders.example.org"},
}
API: Content = {
    "hrid": "shop-orders",
    "name": "Orders",
    "version": "1",
    "type": "PROXY",
    "description": "all orders",
    "state": "STARTED",
    "lifecycleState": "PUBLISHED",
    "visibility": "PUBLIC",
    "analytics": {"enabled": True, "logging": {"content": {"headers": True}}},
    "labels": ["b", "a"],
    "groups": ["Support"],
    "categories": ["money"],
    "members": [{"source": "memory", "sourceId": "ann", "role": "USER"}],
    "listeners": [
        {
            "type": "HTTP",
            "paths": [{"host": "shop.example.org", "path": "/orders/"}],
            "entrypoints": [{"type": "http-proxy", "configuration": {}}],
            "cors": {"enabled": True, "allowOrigin": ["*"]},
        }
    ],
    "endpointGroups": [
        {
            "name": "default",
            "type": "http-proxy",
            "sharedConfiguration": {"http": {"connectTimeout": 2000}},
            "endpoints": [_ENDPOINT],
        }
    ],
    "failover": {"enabled": True},
    "flows": [_FLOW],
    "plans": [
        {
            "hrid": "gold",
            "name": "Gold",
            "security": {"type": "API_KEY"},
            "characteristics": ["y", "x"],
            "status": "PUBLISHED",
            "type": "API",
            "validation": "AUTO",
            "mode": "STANDARD",
        }
    ],
    "pages": [{"hrid": "home", "name": "Home", "type": "MARKDOWN", "content": "# Home"}],
    "properties": [{"key": "limit", "value": "10"}],
    "metadata": [{"key": "team", "name": "Team", "format": "STRING", "value": "core"}],
    "resources": [{"name": "cache", "type": "cache", "configuration": {"timeToLiveSeconds": 4}}],
    "responseTemplates": {"DEFAULT": {"*/*": {"status": 418, "body": "tea"}}},
}


def body_of(content: Content, kind: str = "ApiV4Definition", **more: Any) -> Body:
    """A body as the rules would have made it."""
    parent = Parent("ApiV4Definition", "shop-orders") if kind == "Subscription" else None
    identity = Identity(kind, PLACE, str(content.get("hrid", "")), "", parent=parent)
    return Body(identity, content, "apis", **more)


def put(content: Content, place: str, value: object) -> Content:
    """A copy with another value at a place (`plans/0/name`, `~` for a slash); `ABSENT` takes it away."""
    out = copy.deepcopy(content)
    *above, last = [int(part) if part.isdigit() else part.replace("~", "/") for part in place.split("/")]
    node: Any = out
    for part in above:
        node = node[part] if isinstance(part, int) else node.setdefault(part, {})
    if value is ABSENT:
        if isinstance(last, int):
            del node[last:]
        else:
            node.pop(last, None)
    elif isinstance(node, list) and last == len(node):
        node.append(value)
    else:
        node[last] = value
    return out


def judged(
    sent: Content,
    held: Content | None,
    kind: str = "ApiV4Definition",
    *,
    warned: tuple[str, ...] = (),
    body: Mapping[str, Any] | None = None,
    **more: Any,
) -> Judgement:
    """Compare; `warned` is what APIM warned of, `body` more about the body, `more` for `compare`."""
    resource = {"status": {"errors": {"warning": list(warned)}}}
    return compare(body_of(sent, kind, **(body or {})), held, None, key=KEY, resource=resource, **more)


def told(judgement: Judgement) -> set[tuple[str, ChangeKind]]:
    """The changed paths, each with its direction."""
    return {(path_text(change.path), change.kind) for change in judgement.changes}
