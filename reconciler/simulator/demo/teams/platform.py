"""Platform: what the other teams build on. Contexts, shared policies, groups, resources, a few APIs."""

from __future__ import annotations

from reconciler.simulator.demo.backends import http_endpoints, proxy, proxy_group
from reconciler.simulator.demo.folders import APIM_URL, ENVIRONMENTS, EU, SILENT, STAGE, US, Folder
from reconciler.simulator.demo.manifests import CONTEXT, Spec, api_key, jwt, key_less, manifest, members, v4
from reconciler.simulator.demo.policies import drop_headers, flow, rate_limit, set_headers

TEAM = "platform"


def folders() -> list[Folder]:
    """A context for each cluster, and what is the same on all that answer."""
    comment = "platform team · ask in #api-platform"
    contexts = [
        Folder(TEAM, f"context-{cluster}", (cluster,), _contexts(cluster), comment)
        for cluster in (EU, US, STAGE, SILENT)
    ]
    shared = {**_policies(), **_people(), **_resources(), **_apis()}
    return [*contexts, Folder(TEAM, "base", (EU, US, STAGE), shared, comment)]


def _contexts(cluster: str) -> dict[str, list[Spec]]:
    files = {"context.yaml": [_context(cluster, "apim")]}
    if cluster == US:  # for a pilot, and never thought through
        files["context-eu.yaml"] = [_context(EU, "apim-eu")]
    return files


def _context(cluster: str, name: str) -> Spec:
    spec = {
        "baseUrl": APIM_URL,
        "organizationId": "DEFAULT",
        "environmentId": ENVIRONMENTS[cluster],
        "auth": {"secretRef": {"name": "apim-credentials"}},
    }
    return manifest("ManagementContext", TEAM, name, spec)


def _policies() -> dict[str, list[Spec]]:
    headers = {
        "name": "Standard headers",
        "description": "Request id and security headers for every API.",
        "apiType": "PROXY",
        "phase": "REQUEST",
        "contextRef": dict(CONTEXT),
        "steps": [
            set_headers(X_Request_Id="{#request.id}", X_Forwarded_By="gateway"),
            drop_headers("x-debug", "x-internal-user"),
        ],
    }
    hide = {
        "name": "Hide the backend",
        "description": "Removes what tells about servers.",
        "apiType": "PROXY",
        "phase": "RESPONSE",
        "contextRef": dict(CONTEXT),
        "steps": [drop_headers("server", "x-powered-by")],
    }
    guard = {
        "name": "Outage guard",
        "description": "Switched on when a backend burns.",
        "apiType": "PROXY",
        "phase": "REQUEST",
        "contextRef": dict(CONTEXT),
        "prerequisiteMessage": "Ask #api-platform before use.",
        "steps": [{**rate_limit(1), "enabled": False}],
    }
    stamp = {
        "name": "Stamp messages",
        "apiType": "MESSAGE",
        "phase": "SUBSCRIBE",
        "contextRef": dict(CONTEXT),
        "steps": [set_headers(X_Gateway="{#node.id}")],
    }
    return {
        "policies/standard-headers.yaml": [manifest("SharedPolicyGroup", TEAM, "standard-headers", headers)],
        "policies/hide-backend.yaml": [manifest("SharedPolicyGroup", TEAM, "hide-backend", hide)],
        "policies/outage-guard.yaml": [manifest("SharedPolicyGroup", TEAM, "outage-guard", guard)],
        "policies/stamp-messages.yaml": [manifest("SharedPolicyGroup", TEAM, "stamp-messages", stamp)],
    }


def _people() -> dict[str, list[Spec]]:
    def group(name: str, title: str, *people: str, role: str = "USER") -> Spec:
        return manifest(
            "Group",
            TEAM,
            name,
            {
                "name": title,
                "contextRef": dict(CONTEXT),
                "notifyMembers": False,
                "members": [
                    {
                        "source": "gravitee",
                        "sourceId": f"{person}@example.org",
                        "roles": {"API": role, "APPLICATION": "USER"},
                    }
                    for person in people
                ],
            },
        )

    return {
        "groups.yaml": [
            group("payments-leads", "payments-leads", "ada.keller", "noah.lindqvist", role="OWNER"),
            group("security", "security", "ines.duarte", "karl.brandt", "sam.whitfield", role="REVIEWER"),
            group("partner-managers", "partner-managers", "olga.petrova"),
            group("on-call", "on-call", "sam.whitfield", "riku.aalto", "tom.okafor"),
        ]
    }


def _resources() -> dict[str, list[Spec]]:
    login = {
        "name": "login",
        "type": "oauth2",
        "configuration": {
            "authorizationServerUrl": "https://login.example.org",
            "introspectionEndpoint": "/oauth2/introspect",
            "introspectionEndpointMethod": "POST",
            "useClientAuthorizationHeader": True,
            "clientAuthorizationHeaderName": "Authorization",
            "clientAuthorizationHeaderScheme": "Basic",
            "clientId": "api-gateway",
            "clientSecret": "[[ secret `login/client-secret` ]]",
            "tokenIsSuppliedByHttpHeader": True,
        },
    }
    redis = {
        "name": "answers",
        "type": "cache-redis",
        "configuration": {
            "standalone": {"enabled": True, "host": "redis.platform.svc", "port": 6379},
            "password": "[[ secret `redis/password` ]]",
            "timeToLiveSeconds": 60,
            "useSsl": False,
        },
    }
    notification = {
        "target": "console",
        "eventType": "api",
        "console": {
            "apiEvents": ["API_STARTED", "API_STOPPED", "API_DEPRECATED"],
            "groupRefs": [{"name": "on-call"}],
        },
    }
    return {
        "resources/login.yaml": [manifest("ApiResource", TEAM, "login", login)],
        "resources/redis-cache.yaml": [manifest("ApiResource", TEAM, "redis-cache", redis)],
        "notifications.yaml": [manifest("Notification", TEAM, "lifecycle", notification)],
    }


def _apis() -> dict[str, list[Spec]]:
    status = proxy(
        "Status Page",
        "1.0.0",
        "What runs and what does not, for everybody.",
        "/status",
        "http://status.platform.svc:8080",
        visibility="PUBLIC",
        plans={"open": key_less()},
        notificationsRefs=[{"name": "lifecycle"}],
    )
    echo = proxy(
        "Echo",
        "1.1.0",
        "Says back what it hears; our smoke test.",
        "/echo",
        http_endpoints("http://echo.platform.svc:8080", check="/"),
        flows=[flow("Mark", [set_headers(X_Echo="gateway")])],
        plans={"open": key_less("Smoke tests"), "probes": api_key("Probes")},
    )
    keys = proxy(
        "Key Rotation",
        "0.4.0",
        "Rotates API keys before they expire.",
        "/platform/key-rotation",
        "http://keys.platform.svc:8080",
        lifecycleState="UNPUBLISHED",
        plans={"staff": jwt("Staff", issuer="https://staff.example.org")},
        members=members("sam.whitfield", role="OWNER"),
    )
    tools = v4(
        "MCP_PROXY",
        "Platform Tools",
        "0.1.0",
        "The platform's tools for assistants.",
        listeners=[
            {
                "type": "HTTP",
                "paths": [{"path": "/platform/tools"}],
                "entrypoints": [{"type": "mcp-proxy", "qos": "AUTO"}],
            }
        ],
        endpointGroups=proxy_group(
            "mcp-proxy", "tools", "server", {"target": "http://tools.platform.svc:3001"}
        ),
        plans={"staff": jwt("Staff", issuer="https://staff.example.org")},
    )
    return {
        "apis/status-page.yaml": [manifest("ApiV4Definition", TEAM, "status-page", status)],
        "apis/echo.yaml": [manifest("ApiV4Definition", TEAM, "echo", echo)],
        "apis/key-rotation.yaml": [manifest("ApiV4Definition", TEAM, "key-rotation", keys)],
        "apis/platform-tools.yaml": [manifest("ApiV4Definition", TEAM, "platform-tools", tools)],
    }
