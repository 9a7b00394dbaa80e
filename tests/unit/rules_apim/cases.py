"""The items of DOMAIN §9, "PUT then GET": what is sent, what APIM returns for it, and a real change of it."""

from __future__ import annotations

from typing import Any, NamedTuple

from reconciler.model.changes import ABSENT, ChangeKind
from reconciler.rules import identity as ids
from tests.unit.rules_apim.described import API

CHANGED, ADDED, REMOVED = ChangeKind.CHANGED, ChangeKind.ADDED, ChangeKind.REMOVED
GONE: Any = ABSENT


class Case(NamedTuple):
    """At a place: what is sent, what APIM returns, what a person makes of it; and what is told then."""

    place: str
    sent: Any
    held: Any
    edited: Any
    path: str
    how: ChangeKind = CHANGED


def _default(place: str, default: Any, edited: Any, path: str) -> Case:
    """A field that is filled in with a default."""
    return Case(place, GONE, default, edited, f"spec.{path}")


def _empty(place: str, empty: Any, edited: Any, path: str) -> Case:
    """A field that is returned empty where nothing was sent."""
    return Case(place, GONE, empty, edited, f"spec.{path}", ADDED)


_LISTENER, _GROUP, _PLAN = "listeners/0", "endpointGroups/0", "plans/0"
_HTTP = f"{_GROUP}/sharedConfiguration/http"
_IN_GROUP, _IN_LISTENER = "endpointGroups[default]", "listeners[HTTP]"
_IN_ENDPOINT = f"{_IN_GROUP}.endpoints[one]"
_IN_HTTP = f"{_IN_GROUP}.sharedConfiguration.http"
_A_PATH = f"{_IN_LISTENER}.paths[shop.example.org//orders/]"
_STEP = {"name": "s", "policy": "mock", "enabled": True, "configuration": {"status": "200"}}
_SERVICE = {"type": "http-health-check", "configuration": {"schedule": "* * * * * *"}}

DEFAULTS = {
    "visibility is PUBLIC": _default("visibility", "PUBLIC", "PRIVATE", "visibility"),
    "analytics are on": _default("analytics", {"enabled": True}, {"enabled": False}, "analytics.enabled"),
    "flows run in default mode": _default(
        "flowExecution",
        {"mode": "DEFAULT", "matchRequired": False},
        {"mode": "BEST_MATCH", "matchRequired": False},
        "flowExecution.mode",
    ),
    "no flow is required": _default(
        "flowExecution",
        {"mode": "DEFAULT", "matchRequired": False},
        {"mode": "DEFAULT", "matchRequired": True},
        "flowExecution.matchRequired",
    ),
    "members are notified": _default("notifyMembers", True, False, "notifyMembers"),
    "not in API products": _default("allowedInApiProducts", False, True, "allowedInApiProducts"),
    "one JWT subscription": _default(
        "allowMultiJwtOauth2Subscriptions", False, True, "allowMultiJwtOauth2Subscriptions"
    ),
    "paths do not override access": _default(
        f"{_LISTENER}/paths/0/overrideAccess", False, True, f"{_A_PATH}.overrideAccess"
    ),
    "quality of service is AUTO": _default(
        f"{_LISTENER}/entrypoints/0/qos", "AUTO", "NONE", f"{_IN_LISTENER}.entrypoints[http-proxy].qos"
    ),
    "CORS without credentials": _default(
        f"{_LISTENER}/cors/allowCredentials", False, True, f"{_IN_LISTENER}.cors.allowCredentials"
    ),
    "CORS without age": _default(f"{_LISTENER}/cors/maxAge", -1, 60, f"{_IN_LISTENER}.cors.maxAge"),
    "CORS runs no policies": _default(
        f"{_LISTENER}/cors/runPolicies", False, True, f"{_IN_LISTENER}.cors.runPolicies"
    ),
    "balanced in turn": _default(
        f"{_GROUP}/loadBalancer",
        {"type": "ROUND_ROBIN"},
        {"type": "RANDOM"},
        f"{_IN_GROUP}.loadBalancer.type",
    ),
    "endpoints weigh 1": _default(f"{_GROUP}/endpoints/0/weight", 1, 2, f"{_IN_ENDPOINT}.weight"),
    "endpoints inherit nothing": _default(
        f"{_GROUP}/endpoints/0/inheritConfiguration", False, True, f"{_IN_ENDPOINT}.inheritConfiguration"
    ),
    "endpoints are primary": _default(
        f"{_GROUP}/endpoints/0/secondary", False, True, f"{_IN_ENDPOINT}.secondary"
    ),
    "read timeout": _default(f"{_HTTP}/readTimeout", 10000, 5, f"{_IN_HTTP}.readTimeout"),
    "idle timeout": _default(f"{_HTTP}/idleTimeout", 60000, 5, f"{_IN_HTTP}.idleTimeout"),
    "connect timeout": _default(f"{_HTTP}/connectTimeout", 5000, 5, f"{_IN_HTTP}.connectTimeout"),
    "20 connections": _default(
        f"{_HTTP}/maxConcurrentConnections", 20, 5, f"{_IN_HTTP}.maxConcurrentConnections"
    ),
    "HTTP 1.1": _default(f"{_HTTP}/version", "HTTP_1_1", "HTTP_2", f"{_IN_HTTP}.version"),
    "failover: 2 tries": _default("failover/maxRetries", 2, 3, "failover.maxRetries"),
    "failover: slow": _default("failover/slowCallDuration", 2000, 1, "failover.slowCallDuration"),
    "failover: open": _default("failover/openStateDuration", 10000, 1, "failover.openStateDuration"),
    "failover: failures": _default("failover/maxFailures", 5, 1, "failover.maxFailures"),
    "failover: per subscription": _default(
        "failover/perSubscription", True, False, "failover.perSubscription"
    ),
    "failover: same endpoint": _default(
        "failover/forceNextEndpointOnFailure", False, True, "failover.forceNextEndpointOnFailure"
    ),
    **{
        f"logging: no {name}": _default(
            f"analytics/logging/content/{name}", False, True, f"analytics.logging.content.{name}"
        )
        for name in ("messageHeaders", "messagePayload", "messageMetadata")
    },
    "steps are on": _default("flows/0/request/0/enabled", True, False, "flows[main].request[0].enabled"),
    "flows are on": _default("flows/0/enabled", True, False, "flows[main].enabled"),
    "selectors match any path": _default(
        "flows/0/selectors/0/path", "/", "/x", "flows[main].selectors[HTTP].path"
    ),
    "properties are static": _default("properties/0/dynamic", False, True, "properties[limit].dynamic"),
    "resources are on": _default("resources/0/enabled", True, False, "resources[cache].enabled"),
    "templates keep error keys": _default(
        "responseTemplates/DEFAULT/*~*/propagateErrorKeyToLogs",
        False,
        True,
        'responseTemplates.DEFAULT["*/*"].propagateErrorKeyToLogs',
    ),
    "pages are no home page": _default("pages/0/homepage", False, True, "pages[home].homepage"),
    "pages are not published": _default("pages/0/published", False, True, "pages[home].published"),
    "pages are public": _default("pages/0/visibility", "PUBLIC", "PRIVATE", "pages[home].visibility"),
    "health checks are on": Case(
        f"{_GROUP}/services",
        {"healthCheck": _SERVICE},
        {"healthCheck": {**_SERVICE, "enabled": True, "overrideConfiguration": False}},
        {"healthCheck": {**_SERVICE, "enabled": False, "overrideConfiguration": False}},
        f"spec.{_IN_GROUP}.services.healthCheck.enabled",
    ),
}
EMPTIES = {
    "tags": _empty("tags", [], ["eu"], "tags"),
    "properties": _empty("properties", [], [{"key": "a", "value": "b"}], "properties"),
    "resources": _empty("resources", [], [{"name": "a", "type": "cache"}], "resources"),
    "flows": _empty("flows", [], [{"name": "x"}], "flows"),
    "response templates": _empty(
        "responseTemplates", {}, {"DEFAULT": {"*": {"status": 500}}}, "responseTemplates"
    ),
    "groups": _empty("groups", [], ["hand"], "groups"),
    "labels": _empty("labels", [], ["hand"], "labels"),
    "categories": _empty("categories", [], ["hand"], "categories"),
    "members": _empty("members", [], [{"source": "memory", "sourceId": "bob", "role": "USER"}], "members"),
    "pages": _empty("pages", [], [{"hrid": "p", "name": "P", "type": "MARKDOWN"}], "pages"),
    "servers": _empty(f"{_LISTENER}/servers", [], ["s"], f"{_IN_LISTENER}.servers"),
    "exposed headers": _empty(
        f"{_LISTENER}/cors/exposeHeaders", [], ["x"], f"{_IN_LISTENER}.cors.exposeHeaders"
    ),
    "services of a group": _empty(f"{_GROUP}/services", {}, {"discovery": _SERVICE}, f"{_IN_GROUP}.services"),
    "services of an endpoint": _empty(
        f"{_GROUP}/endpoints/0/services", {}, {"healthCheck": _SERVICE}, f"{_IN_ENDPOINT}.services"
    ),
    "tenants": _empty(f"{_GROUP}/endpoints/0/tenants", [], ["t"], f"{_IN_ENDPOINT}.tenants"),
    **{
        f"phase {phase}": _empty(f"flows/0/{phase}", [], [_STEP], f"flows[main].{phase}")
        for phase in ("response", "subscribe", "publish", "entrypointConnect", "interact")
    },
    "tags of a flow": _empty("flows/0/tags", [], ["t"], "flows[main].tags"),
    "methods of a selector": _empty(
        "flows/0/selectors/0/methods", [], ["GET"], "flows[main].selectors[HTTP].methods"
    ),
    "characteristics": _empty(f"{_PLAN}/characteristics", [], ["c"], "plans[gold].characteristics"),
    "excluded groups": _empty(f"{_PLAN}/excludedGroups", [], ["g"], "plans[gold].excludedGroups"),
    "tags of a plan": _empty(f"{_PLAN}/tags", [], ["t"], "plans[gold].tags"),
    "flows of a plan": _empty(f"{_PLAN}/flows", [], [{"name": "x"}], "plans[gold].flows"),
    "configuration of a page": _empty(
        "pages/0/configuration", {}, {"viewer": "Swagger"}, "pages[home].configuration"
    ),
}
REWRITTEN = {
    "a path gets slashes": Case(
        f"{_LISTENER}/paths",
        [{"path": "v2//orders"}],
        [{"path": "/v2/orders/", "overrideAccess": False}],
        [{"path": "/v2/orders/", "overrideAccess": True}],
        f"spec.{_IN_LISTENER}.paths[/v2/orders/].overrideAccess",
    ),
    "labels have no order": Case("labels", ["b", "a"], ["a", "b"], ["b"], "spec.labels[a]", REMOVED),
    "characteristics have no order": Case(
        f"{_PLAN}/characteristics",
        ["y", "x"],
        ["x", "y"],
        ["x"],
        "spec.plans[gold].characteristics[y]",
        REMOVED,
    ),
    "methods have no order": Case(
        "flows/0/selectors/0/methods",
        ["POST", "GET"],
        ["GET", "POST"],
        ["GET"],
        "spec.flows[main].selectors[HTTP].methods[POST]",
        REMOVED,
    ),
    "conditions come first": Case(
        "flows/0/selectors",
        API["flows"][0]["selectors"],
        API["flows"][0]["selectors"][::-1],
        API["flows"][0]["selectors"][1:],
        "spec.flows[main].selectors[HTTP]",
        REMOVED,
    ),
    "a metadata key from a name": Case(
        "metadata",
        [{"name": "Cost Center", "format": "STRING", "value": "7"}],
        [{"key": "cost-center", "name": "Cost Center", "format": "STRING", "value": "7"}],
        [{"key": "cost-center", "name": "Cost Center", "format": "STRING", "value": "8"}],
        "spec.metadata[cost-center].value",
    ),
    "the mail of support": Case(
        "metadata/1",
        GONE,
        {
            "key": "email-support",
            "name": "email-support",
            "format": "MAIL",
            "value": "${(api.primaryOwner.email)!''}",
            "defaultValue": "support@change.me",
        },
        {"key": "email-support", "name": "email-support", "format": "MAIL", "value": "me@example.org"},
        "spec.metadata[email-support]",
        ADDED,
    ),
    "text around a description": Case(
        "description", "all orders\n", "all orders", "some", "spec.description"
    ),
    "a shared policy group by its id": Case(
        "flows/0/request",
        [
            {
                "policy": "shared-policy-group-policy",
                "enabled": True,
                "configuration": {
                    "hrid": "shop-headers",
                    "sharedPolicyGroupId": ids.cross_id("DEFAULT", "shop-headers"),
                },
            }
        ],
        [
            {
                "policy": "shared-policy-group-policy",
                "enabled": True,
                "configuration": {"hrid": "shop-headers"},
            }
        ],
        [{"policy": "shared-policy-group-policy", "enabled": True, "configuration": {"hrid": "shop-other"}}],
        "spec.flows[main].request[0].configuration.sharedPolicyGroupId",
    ),
}
LOST = {
    "pathMappings": (f"{_LISTENER}/pathMappings", ["/orders/:id"]),
    "encrypted": ("properties/0/encrypted", False),
    "contextRef": ("contextRef", {"name": "apim", "namespace": "shop"}),
    "groupRefs": ("groupRefs", [{"name": "g"}]),
    "notificationsRefs": ("notificationsRefs", [{"name": "n"}]),
    "definitionVersion": ("definitionVersion", "V4"),
    "definitionContext": ("definitionContext", {"origin": "KUBERNETES", "syncFrom": "MANAGEMENT"}),
    "order of a plan": (f"{_PLAN}/order", 3),
    "comment_required": (f"{_PLAN}/comment_required", True),
    "general conditions by key": (f"{_PLAN}/generalConditions", "terms"),
    "order of a page": ("pages/0/order", 3),
    "parent of a page by key": ("pages/0/parent", "folder"),
    "http of a group": (f"{_GROUP}/http", {"keepAlive": True}),
    "ssl of a group": (f"{_GROUP}/ssl", {"trustAll": True}),
    "headers of a group": (f"{_GROUP}/headers", {"a": "b"}),
    "a reference to a shared policy group": (
        "flows/0/request/0/sharedPolicyGroupRef",
        {"name": "s", "namespace": "shop"},
    ),
    "a null for what is not set": ("failover", None),
}
CASES = {**DEFAULTS, **EMPTIES, **REWRITTEN}
