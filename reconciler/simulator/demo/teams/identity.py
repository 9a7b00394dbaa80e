"""Identity: few APIs that everything else depends on; reviewed by two people, rolled out region by region."""

from __future__ import annotations

from reconciler.simulator.demo.backends import (
    http_endpoints,
    http_listener,
    native_endpoints,
    native_listener,
    proxy,
)
from reconciler.simulator.demo.folders import EU, STAGE, US, Folder
from reconciler.simulator.demo.manifests import (
    CONTEXT,
    Spec,
    api_key,
    jwt,
    key_less,
    manifest,
    members,
    meta,
    mtls,
    oauth2,
    pages,
    resource_ref,
    v4,
)
from reconciler.simulator.demo.policies import (
    drop_headers,
    flow,
    rate_limit,
    set_headers,
    shared,
    validate_json,
)

TEAM = "identity"


def folders() -> list[Folder]:
    """The same manifests on all three answering clusters."""
    comment = "identity · changes need two reviews"
    return [Folder(TEAM, "base", (EU, US, STAGE), {**_tokens(), **_people()}, comment)]


def _api(name: str, spec: Spec) -> list[Spec]:
    return [manifest("ApiV4Definition", TEAM, name, spec, labels={"criticality": "high"})]


def _tokens() -> dict[str, list[Spec]]:
    exchange = proxy(
        "Token Exchange",
        "2.3.0",
        "Exchanges a customer's token for one that a service may use.",
        "/identity/token-exchange",
        http_endpoints(
            "http://tokens-a.identity.svc:8080",
            "http://tokens-b.identity.svc:8080",
            check="/health",
            read_timeout=1000,
        ),
        flows=[
            flow("Guard", [rate_limit(500), shared("standard-headers")]),
            flow("Audit", None, [set_headers(X_Audit_Id="{#request.id}"), drop_headers("x-signing-key-id")]),
        ],
        plans={"services": mtls("Services"), "partners": oauth2("Partners", scopes=("exchange",))},
        resources=[resource_ref("login")],
        members=members("ines.duarte", "karl.brandt", role="OWNER"),
        groupRefs=[{"name": "security", "namespace": "platform"}],
    )
    sessions = proxy(
        "Sessions",
        "1.9.0",
        "Open sessions of a person, on all devices.",
        "/identity/sessions",
        "http://sessions.identity.svc:8080",
        flows=[flow("Guard", [rate_limit(100)])],
        plans={"customers": jwt("Customers"), "staff": jwt("Staff", issuer="https://staff.example.org")},
        groupRefs=[{"name": "security", "namespace": "platform"}],
    )
    mfa = proxy(
        "Second Factor",
        "3.0.2",
        "Sends and checks one-time codes.",
        "/identity/mfa",
        "http://mfa.identity.svc:8080",
        flows=[flow("Against guessing", [rate_limit(5, "MINUTES")], path="/verify", methods=("POST",))],
        plans={"customers": jwt("Customers")},
        responseTemplates={
            "RATE_LIMIT_TOO_MANY_REQUESTS": {"*/*": {"status": 429, "body": "Too many codes. Wait a minute."}}
        },
    )
    return {
        "token-exchange.yaml": _api("token-exchange", exchange),
        "sessions.yaml": _api("sessions", sessions),
        "second-factor.yaml": _api("second-factor", mfa),
    }


def _people() -> dict[str, list[Spec]]:
    profile = proxy(
        "User Profile",
        "4.2.0",
        "Names, addresses and settings of customers.",
        "/identity/profile",
        http_endpoints("http://profile.identity.svc:8080", read_timeout=2000),
        listeners=[http_listener("/identity/profile", cors=("https://account.example.org",))],
        flows=[flow("Guard", [rate_limit(60), shared("standard-headers")])],
        plans={"customers": jwt("Customers"), "services": mtls("Services")},
        pages=pages(
            "Privacy", "# Privacy\n\nAddresses are personal data.\nLog the request id, never the body.\n"
        ),
        metadata=[meta("data-class", "personal"), meta("owner", "ines.duarte@example.org", "MAIL")],
    )
    consent = proxy(
        "Consent",
        "1.1.0",
        "What a customer allowed us to do.",
        "/identity/consent",
        "http://consent.identity.svc:8080",
        flows=[
            flow(
                "Writers",
                [validate_json('{"type":"object","required":["purpose","granted"]}')],
                methods=("PUT", "POST"),
            )
        ],
        plans={"customers": jwt("Customers")},
    )
    scim = proxy(
        "SCIM Users",
        "2.0.0",
        "Staff accounts, written by the personnel system.",
        "/identity/scim/v2",
        "http://scim.identity.svc:8080/scim/v2",
        flows=[flow("Writers", [rate_limit(10)], methods=("POST", "PATCH", "DELETE"))],
        plans={"personnel": oauth2("Personnel system", scopes=("scim",))},
        resources=[resource_ref("login")],
    )
    trust = proxy(
        "Device Trust",
        "0.6.0",
        "Whether a device has been seen before.",
        "/identity/devices",
        "http://devices.identity.svc:8080",
        lifecycleState="UNPUBLISHED",
        plans={"services": mtls("Services"), "lab": api_key("Lab", manual=True)},
    )
    events = v4(
        "NATIVE",
        "Identity Events",
        "1.0.0",
        "Sign-ins and changed accounts as a Kafka topic.",
        listeners=[native_listener("identity-events.kafka.example.org")],
        endpointGroups=native_endpoints("kafka-0.kafka.data.svc:9092"),
        plans={"readers": key_less("Inside the mesh")},
    )
    return {
        "user-profile.yaml": _api("user-profile", profile),
        "consent.yaml": _api("consent", consent),
        "scim-users.yaml": [*_api("scim-users", scim), *_personnel()],
        "device-trust.yaml": _api("device-trust", trust),
        "identity-events.yaml": _api("identity-events", events),
    }


def _personnel() -> list[Spec]:
    spec = {
        "name": "Personnel",
        "description": "The personnel system, which creates and closes staff accounts.",
        "contextRef": dict(CONTEXT),
        "settings": {
            "oauth": {"applicationType": "BACKEND_TO_BACKEND", "grantTypes": ["client_credentials"]}
        },
        "groups": ["platform-security"],
    }
    return [
        manifest("Application", TEAM, "personnel", spec),
        manifest(
            "Subscription",
            TEAM,
            "personnel-scim",
            {"api": {"name": "scim-users"}, "application": {"name": "personnel"}, "plan": "personnel"},
        ),
    ]
