"""The shapes of the Automation API's bodies (public OpenAPI file of APIM 4.12, DOMAIN §4.2 and §9)."""

from __future__ import annotations

from reconciler.simulator.apim.shapes import Field, Shape, listed

ANY = Field()
NO, YES = Field(default=False), Field(default=True)
HRID = Field(required=True, hrid=True)
ANY_ID = Field(required=True)
NAME = Field(required=True, longest=512)
TEXT = Field(longest=4000)
TEXTS = listed()

_MEMBER: Shape = {
    "source": Field(required=True),
    "sourceId": Field(required=True),
    "role": Field(required=True),
}
_METADATA: Shape = {
    "key": ANY,
    "name": Field(required=True),
    "format": Field(required=True, values=("STRING", "NUMERIC", "BOOLEAN", "DATE", "MAIL", "URL")),
    "value": ANY,
    "defaultValue": ANY,
}
_OWNER: Shape = {"id": ANY, "email": ANY, "displayName": ANY, "type": Field(values=("USER", "GROUP"))}

STEP: Shape = {
    "name": Field(longest=64),
    "description": Field(longest=256),
    "enabled": YES,
    "policy": Field(required=True, longest=64),
    "configuration": ANY,
    "condition": Field(longest=1024),
    "messageCondition": Field(longest=256),
}
_OPERATOR = Field(values=("EQUALS", "STARTS_WITH"))
_SELECTORS = {
    "HTTP": {
        "type": ANY,
        "path": Field(default="/", longest=256),
        "pathOperator": _OPERATOR,
        "methods": TEXTS,
    },
    "CONDITION": {"type": ANY, "condition": Field(required=True)},
    "CHANNEL": {
        "type": ANY,
        "operations": TEXTS,
        "channel": Field(default="/"),
        "channelOperator": _OPERATOR,
        "entrypoints": TEXTS,
    },
    "MCP": {"type": ANY, "methods": TEXTS},
}
PHASES = ("request", "response", "subscribe", "publish", "entrypointConnect", "interact")
_FLOW: Shape = {
    "name": Field(longest=256),
    "enabled": YES,
    "selectors": Field(default=[], many="list", by_type=_SELECTORS),
    **{phase: listed(STEP) for phase in PHASES},
    "tags": TEXTS,
}
_CORS: Shape = {
    "enabled": ANY,
    "allowCredentials": ANY,
    "allowHeaders": TEXTS,
    "allowMethods": TEXTS,
    "allowOrigin": TEXTS,
    "exposeHeaders": TEXTS,
    "maxAge": Field(default=-1),
    "runPolicies": ANY,
}
_LISTENER: Shape = {
    "type": Field(required=True),
    "entrypoints": listed(
        {
            "type": Field(required=True),
            "qos": Field(default="AUTO", values=("NONE", "AUTO", "AT_MOST_ONCE", "AT_LEAST_ONCE")),
            "dlq": ANY,
            "configuration": ANY,
        },
        least=1,
    ),
    "servers": TEXTS,
}
_LISTENERS = {
    "HTTP": {
        **_LISTENER,
        "paths": listed({"host": ANY, "path": Field(default="/"), "overrideAccess": NO}, least=1),
        "cors": Field(shape=_CORS),
    },
    "TCP": {**_LISTENER, "hosts": listed(least=1)},
    "SUBSCRIPTION": _LISTENER,
    "KAFKA": {**_LISTENER, "host": ANY, "port": ANY},
}
_SERVICE: Shape = {
    "overrideConfiguration": NO,
    "configuration": Field(required=True),
    "enabled": YES,
    "type": Field(required=True),
}
_ENDPOINT: Shape = {
    "name": Field(required=True),
    "type": Field(required=True),
    "weight": Field(default=1),
    "inheritConfiguration": NO,
    "configuration": ANY,
    "sharedConfigurationOverride": ANY,
    "services": Field(shape={"healthCheck": Field(shape=_SERVICE)}),
    "secondary": NO,
    "tenants": TEXTS,
}
_BALANCERS = ("RANDOM", "ROUND_ROBIN", "WEIGHTED_RANDOM", "WEIGHTED_ROUND_ROBIN")
_GROUP: Shape = {
    "name": ANY,
    "type": Field(required=True),
    "loadBalancer": Field(shape={"type": Field(default="ROUND_ROBIN", values=_BALANCERS)}),
    "sharedConfiguration": ANY,
    "endpoints": listed(_ENDPOINT),
    "services": Field(shape={"discovery": Field(shape=_SERVICE), "healthCheck": Field(shape=_SERVICE)}),
}
_FAILOVER: Shape = {
    "enabled": NO,
    "maxRetries": Field(default=2),
    "slowCallDuration": Field(default=2000),
    "openStateDuration": Field(default=10000),
    "maxFailures": Field(default=5),
    "perSubscription": YES,
    "failureCondition": ANY,
    "forceNextEndpointOnFailure": NO,
}
PLAN: Shape = {
    "id": ANY,
    "hrid": HRID,
    "name": Field(required=True, longest=64),
    "description": ANY,
    "security": Field(
        shape={
            "type": Field(required=True, values=("KEY_LESS", "OAUTH2", "JWT", "MTLS", "API_KEY")),
            "configuration": ANY,
        }
    ),
    "characteristics": TEXTS,
    "excludedGroups": TEXTS,
    "selectionRule": Field(longest=256),
    "status": Field(required=True, values=("STAGING", "PUBLISHED", "DEPRECATED", "CLOSED")),
    "tags": TEXTS,
    "type": Field(required=True, values=("API", "CATALOG")),
    "validation": Field(required=True, values=("AUTO", "MANUAL")),
    "flows": listed(_FLOW),
    "mode": Field(required=True, values=("STANDARD", "PUSH")),
    "generalConditionsHrid": ANY,
    "bootstrapPort": ANY,
    "brokerRangeStart": ANY,
    "brokerRangeEnd": ANY,
}
_PAGE_TYPES = [
    "ASCIIDOC",
    "ASYNCAPI",
    "MARKDOWN",
    "MARKDOWN_TEMPLATE",
    "SWAGGER",
    "FOLDER",
    "LINK",
    "ROOT",
    "SYSTEM_FOLDER",
    "TRANSLATION",
]
PAGE: Shape = {
    "id": ANY,
    "hrid": HRID,
    "crossId": ANY,
    "name": Field(required=True, longest=64),
    "type": Field(required=True, values=tuple(_PAGE_TYPES)),
    "content": ANY,
    "published": NO,
    "visibility": Field(default="PUBLIC", values=("PUBLIC", "PRIVATE")),
    "source": ANY,
    "configuration": Field(default={}),
    "homepage": NO,
    "parentHrid": ANY,
}
_TEMPLATE: Shape = {
    "status": Field(required=True),
    "headers": ANY,
    "body": ANY,
    "propagateErrorKeyToLogs": NO,
}
API: Shape = {
    "hrid": HRID,
    "name": NAME,
    "version": Field(required=True, longest=64),
    "type": Field(
        required=True, values=("A2A_PROXY", "LLM_PROXY", "MCP_PROXY", "MESSAGE", "PROXY", "NATIVE")
    ),
    "description": TEXT,
    "tags": TEXTS,
    "listeners": Field(required=True, many="list", by_type=_LISTENERS, least=1),
    "endpointGroups": Field(required=True, many="list", shape=_GROUP, least=1),
    "analytics": ANY,
    "failover": Field(shape=_FAILOVER),
    "properties": listed(
        {
            "key": Field(required=True),
            "value": Field(required=True),
            "encrypted": ANY,
            "dynamic": ANY,
            "encryptable": ANY,
        }
    ),
    "resources": listed(
        {
            "name": Field(required=True),
            "type": Field(required=True),
            "configuration": Field(required=True),
            "enabled": YES,
        }
    ),
    "plans": listed(PLAN),
    "flowExecution": Field(shape={"mode": Field(values=("BEST_MATCH", "DEFAULT")), "matchRequired": NO}),
    "flows": listed(_FLOW),
    "responseTemplates": Field(default={}, many="map"),
    "services": ANY,
    "groups": TEXTS,
    "visibility": Field(default="PUBLIC", values=("PUBLIC", "PRIVATE")),
    "state": Field(values=("CLOSED", "INITIALIZED", "STARTED", "STOPPED", "STOPPING")),
    "primaryOwner": Field(shape=_OWNER),
    "labels": TEXTS,
    "metadata": listed(_METADATA),
    "lifecycleState": Field(
        required=True, values=("ARCHIVED", "CREATED", "DEPRECATED", "PUBLISHED", "UNPUBLISHED")
    ),
    "categories": TEXTS,
    "members": listed(_MEMBER),
    "notifyMembers": YES,
    "pages": listed(PAGE),
    "allowedInApiProducts": NO,
    "allowMultiJwtOauth2Subscriptions": NO,
    "portalNavigation": listed({"path": Field(required=True), "displayName": ANY, "order": ANY}),
    "consoleNotification": ANY,
    "definitionContext": ANY,
}
TEMPLATE = _TEMPLATE
APPLICATION: Shape = {
    "hrid": HRID,
    "name": NAME,
    "description": Field(required=True, longest=4000),
    "domain": Field(longest=256),
    "groups": TEXTS,
    "pictureUrl": ANY,
    "notifyMembers": NO,
    "background": ANY,
    "primaryOwner": Field(shape=_OWNER),
    "settings": Field(
        shape={
            "app": Field(shape={"type": ANY, "clientId": Field(longest=300)}),
            "oauth": Field(
                shape={
                    "applicationType": Field(
                        required=True, values=("browser", "web", "native", "backend_to_backend")
                    ),
                    "grantTypes": listed(least=1),
                    "redirectUris": TEXTS,
                    "additionalClientMetadata": ANY,
                }
            ),
            "tls": Field(
                shape={
                    "clientCertificate": ANY,
                    "clientCertificates": listed(
                        {
                            "name": Field(required=True),
                            "content": Field(required=True),
                            "startsAt": ANY,
                            "endsAt": ANY,
                        }
                    ),
                }
            ),
        }
    ),
    "metadata": listed(_METADATA),
    "members": listed(_MEMBER),
    "status": Field(default="ACTIVE", values=("ACTIVE", "ARCHIVED")),
}
GROUP: Shape = {
    "hrid": HRID,
    "name": NAME,
    "members": listed(
        {
            "source": Field(required=True),
            "sourceId": Field(required=True),
            "roles": Field(default={}, many="map"),
        }
    ),
    "notifyMembers": YES,
}
SUBSCRIPTION: Shape = {
    "hrid": HRID,
    "applicationHrid": Field(required=True),
    "planHrid": Field(required=True),
    "endingAt": ANY,
    "metadata": Field(default={}, many="map"),
    "apiKeys": listed({"key": Field(required=True), "expireAt": ANY}),
    "consumerConfiguration": ANY,
}
SHARED_POLICY_GROUP: Shape = {
    "hrid": HRID,
    "apiType": Field(required=True, values=("PROXY", "MESSAGE")),
    "description": Field(longest=1024),
    "prerequisiteMessage": Field(longest=1024),
    "name": NAME,
    "phase": Field(required=True, values=("REQUEST", "RESPONSE", "PUBLISH", "SUBSCRIBE")),
    "steps": listed(STEP),
}
_UNITS = ("MICROSECONDS", "MILLISECONDS", "SECONDS", "MINUTES", "HOURS", "DAYS")
DICTIONARY: Shape = {
    "hrid": HRID,
    "name": Field(required=True),
    "deployed": Field(required=True),
    "description": ANY,
    "type": Field(required=True, values=("MANUAL", "DYNAMIC")),
    "manual": Field(shape={"properties": Field(required=True, many="map")}),
    "dynamic": Field(
        shape={
            "provider": Field(
                required=True,
                by_type={
                    "HTTP": {
                        "type": ANY,
                        "url": Field(required=True),
                        "method": Field(required=True),
                        "specification": Field(required=True),
                        "headers": listed({"name": ANY, "value": ANY}),
                        "useSystemProxy": ANY,
                        "body": ANY,
                    }
                },
            ),
            "trigger": Field(
                required=True,
                shape={"rate": Field(required=True), "unit": Field(required=True, values=_UNITS)},
            ),
        }
    ),
}
PORTAL: Shape = {
    "hrid": HRID,
    "name": Field(required=True),
    "navigation": listed({"path": Field(required=True), "displayName": ANY}),
}
LISTING: Shape = {
    "hrid": HRID,
    "apis": listed({"apiHrid": Field(required=True), "location": Field(required=True), "order": ANY}),
}
DOCUMENTATION: Shape = {
    "hrid": HRID,
    "name": Field(required=True),
    "type": Field(required=True, values=("GRAVITEE_MARKDOWN", "OPENAPI", "ASYNCAPI")),
    "content": Field(required=True),
    "location": ANY,
    "order": ANY,
}
