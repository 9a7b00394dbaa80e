"""Payments: the strictest team. Separate manifests for production and staging, tokens and certificates."""

from __future__ import annotations

from reconciler.simulator.demo.backends import http_endpoints, http_listener, proxy
from reconciler.simulator.demo.folders import EU, SILENT, STAGE, US, Folder
from reconciler.simulator.demo.manifests import (
    CONTEXT,
    Spec,
    api_key,
    cache_resource,
    jwt,
    key_less,
    manifest,
    members,
    meta,
    mtls,
    oauth2,
    pages,
    prop,
    resource_ref,
    v4,
)
from reconciler.simulator.demo.policies import (
    cache,
    drop_headers,
    flow,
    message_flow,
    quota,
    rate_limit,
    set_headers,
    shared,
    validate_json,
)

TEAM = "payments"
INITIATION_BODY = '{"type":"object","required":["amount","currency","creditor"]}'


def folders() -> list[Folder]:
    """Production on three clusters, staging on one."""
    comment = "payments team, on call: #payments-oncall"
    return [
        Folder(TEAM, "prod", (EU, US, SILENT), _files(stage=False), comment),
        Folder(TEAM, "stage", (STAGE,), _files(stage=True), comment),
    ]


def _api(name: str, spec: Spec, tier: str = "1") -> list[Spec]:
    return [manifest("ApiV4Definition", TEAM, name, spec, labels={"tier": tier})]


def _files(*, stage: bool) -> dict[str, list[Spec]]:
    files = {**_core(stage=stage), **_money(stage=stage)}
    if stage:
        files["sandbox-bank.yaml"] = _api("sandbox-bank", _sandbox(), tier="3")
    else:
        files["payment-events.yaml"] = _api("payment-events", _events(), tier="2")
        files["consumers.yaml"] = _consumers()
    return files


def _core(*, stage: bool) -> dict[str, list[Spec]]:
    issuer = "https://login.stage.example.org" if stage else "https://login.example.org"
    limit = 20 if stage else 200
    initiation = proxy(
        "Payment Initiation",
        "3.4.0",
        "Starts SEPA, card and wallet payments for shops and partners.",
        "/payments/initiation/v3",
        http_endpoints(
            "http://initiation-a.payments.svc:8080",
            "http://initiation-b.payments.svc:8080",
            check="/health",
            read_timeout=4000,
        ),
        visibility="PUBLIC",
        labels=["sepa", "psd2"],
        flows=[
            flow("Protect the core", [rate_limit(limit), shared("standard-headers")]),
            flow(
                "Check new payments",
                [validate_json(INITIATION_BODY)],
                path="/payments",
                methods=("POST",),
            ),
        ],
        plans={
            "shops": jwt("Shops", issuer=issuer),
            "banks": mtls("Licensed banks"),
        },
        pages=pages("Start here", "# Payment Initiation\n\nSend `POST /payments` with an idempotency key.\n"),
        members=members("ada.keller", "noah.lindqvist", role="OWNER"),
        groupRefs=[{"name": "payments-leads", "namespace": "platform"}],
        failover={"enabled": True, "maxRetries": 1, "slowCallDuration": 1500},
    )
    refunds = proxy(
        "Refunds",
        "2.1.3",
        "Gives money back, whole or in part.",
        "/payments/refunds",
        "http://refunds.payments.svc:8080",
        flows=[
            flow("All calls", [rate_limit(50), shared("standard-headers")], [drop_headers("x-ledger-shard")])
        ],
        plans={
            "back-office": oauth2("Back office", scopes=("refunds:write",)),
            "shops": jwt("Shops", issuer=issuer),
        },
        resources=[resource_ref("login")],
        members=members("noah.lindqvist"),
    )
    cards = proxy(
        "Card Authorisation",
        "5.0.1",
        "Authorises and captures card payments.",
        "/payments/cards",
        http_endpoints("http://cards.payments.svc:8443", check="/ready", read_timeout=2500),
        tags=["pci"],
        flows=[
            flow(
                "Acquirer",
                [
                    set_headers(X_Acquirer="{#properties['acquirer']}"),
                    rate_limit(300),
                ],
            )
        ],
        properties=[prop("acquirer", "acq-eu-1"), prop("acquirer-key", "[[ secret `acquirer/key` ]]")],
        plans={"terminals": mtls("Terminals"), "shops": jwt("Shops", issuer=issuer)},
        analytics={
            "enabled": True,
            "logging": {
                "mode": {"entrypoint": True, "endpoint": False},
                "phase": {"request": True, "response": False},
                "content": {
                    "headers": True,
                    "payload": False,
                    "messageHeaders": False,
                    "messagePayload": False,
                    "messageMetadata": False,
                },
            },
        },
    )
    return {
        "payment-initiation.yaml": _api("payment-initiation", initiation),
        "refunds.yaml": _api("refunds", refunds),
        "card-authorisation.yaml": _api("card-authorisation", cards),
    }


def _money(*, stage: bool) -> dict[str, list[Spec]]:
    payouts = proxy(
        "Payouts",
        "1.8.0",
        "Pays merchants and partners, once a day or at once.",
        "/payments/payouts",
        "http://payouts.payments.svc:8080",
        flows=[flow("Instant payouts", [quota(500)], path="/instant", methods=("POST",))],
        plans={"merchants": api_key("Merchants", manual=not stage)},
        members=members("ada.keller"),
    )
    transfers = proxy(
        "SEPA Transfers",
        "2.6.0",
        "Credit transfers inside the euro area.",
        "/payments/sepa",
        http_endpoints(
            "http://sepa-1.payments.svc:8080",
            "http://sepa-2.payments.svc:8080",
            "http://sepa-3.payments.svc:8080",
            balance="WEIGHTED_ROUND_ROBIN",
        ),
        listeners=[
            http_listener("/payments/sepa", host="bank.stage.example.org" if stage else "bank.example.org")
        ],
        plans={"banks": mtls("Banks"), "treasury": oauth2("Treasury", scopes=("sepa:read", "sepa:write"))},
        resources=[resource_ref("login")],
        responseTemplates={
            "QUOTA_TOO_MANY_REQUESTS": {
                "application/json": {
                    "status": 429,
                    "body": '{"error":"slow down"}',
                    "headers": {"retry-after": "30"},
                }
            }
        },
    )
    rates = proxy(
        "Exchange Rates",
        "1.2.0",
        "Reference rates of the day, per currency pair.",
        "/payments/rates",
        "http://rates.payments.svc:8080",
        visibility="PUBLIC",
        flows=[flow("Cached", [cache(300)], methods=("GET",))],
        resources=[cache_resource(300)],
        plans={"open": key_less(), "partners": api_key("Partners", header="X-Rates-Key")},
        metadata=[
            meta("source", "https://rates.example.org", "URL"),
            meta("refresh-minutes", "5", "NUMERIC"),
        ],
    )
    fraud = proxy(
        "Fraud Scoring",
        "0.9.2",
        "Scores a payment between 0 and 1 before it is authorised.",
        "/payments/fraud",
        http_endpoints(
            "http://scoring.payments.svc:9000",
            read_timeout=800,
            backup="http://scoring-rules.payments.svc:9000",
        ),
        lifecycleState="UNPUBLISHED",
        flows=[flow("Keep it short", [rate_limit(1000)])],
        plans={"internal": jwt("Payment services")},
        groupRefs=[{"name": "payments-leads", "namespace": "platform"}],
    )
    reports = proxy(
        "Settlement Reports",
        "1.0.4",
        "Daily reports per merchant, as CSV and JSON.",
        "/payments/reports",
        "http://reports.payments.svc:8080/v1",
        plans={"merchants": api_key("Merchants"), "finance": oauth2("Finance")},
        resources=[resource_ref("login")],
    )
    return {
        "payouts.yaml": _api("payouts", payouts, "2"),
        "sepa-transfers.yaml": _api("sepa-transfers", transfers),
        "exchange-rates.yaml": _api("exchange-rates", rates, "3"),
        "fraud-scoring.yaml": _api("fraud-scoring", fraud),
        "settlement-reports.yaml": _api("settlement-reports", reports, "3"),
    }


def _events() -> Spec:
    return v4(
        "MESSAGE",
        "Payment Events",
        "1.1.0",
        "Every change of a payment, pushed to webhooks or read as server-sent events.",
        listeners=[
            {"type": "SUBSCRIPTION", "entrypoints": [{"type": "webhook", "qos": "AT_LEAST_ONCE"}]},
            {
                "type": "HTTP",
                "paths": [{"path": "/payments/events"}],
                "entrypoints": [{"type": "sse", "qos": "AUTO"}],
            },
        ],
        endpointGroups=[
            {
                "name": "events",
                "type": "kafka",
                "sharedConfiguration": {
                    "security": {
                        "protocol": "SASL_SSL",
                        "sasl": {"saslMechanism": "PLAIN", "saslJaasConfig": "[[ secret `kafka/jaas` ]]"},
                    },
                    "consumer": {"enabled": True, "topics": ["payments.events"], "autoOffsetReset": "latest"},
                },
                "endpoints": [
                    {
                        "name": "kafka",
                        "type": "kafka",
                        "weight": 1,
                        "inheritConfiguration": True,
                        "configuration": {"bootstrapServers": "kafka-0.kafka.data.svc:9093"},
                    }
                ],
            }
        ],
        flows=[message_flow("Hide card data", subscribe=[drop_headers("x-card-bin", "x-card-holder")])],
        plans={
            "webhooks": {"name": "Webhooks", "description": "Pushed to your URL", "mode": "PUSH"},
            "stream": jwt("Stream"),
        },
    )


def _sandbox() -> Spec:
    return proxy(
        "Sandbox Bank",
        "0.3.0",
        "A bank that always says yes, for tests.",
        "/sandbox/bank",
        "http://sandbox-bank.payments.svc:8080",
        lifecycleState="UNPUBLISHED",
        notifyMembers=False,
        plans={"open": key_less("Everyone in staging")},
    )


def _consumers() -> list[Spec]:
    web_shop = {
        "name": "Web Shop",
        "description": "The shop's checkout, in its role as a merchant.",
        "contextRef": dict(CONTEXT),
        "domain": "https://shop.example.org",
        "settings": {
            "oauth": {
                "applicationType": "BACKEND_TO_BACKEND",
                "grantTypes": ["client_credentials"],
            }
        },
    }
    till = {
        "name": "Store Tills",
        "description": "Tills in all stores.",
        "contextRef": dict(CONTEXT),
        "settings": {
            "app": {"type": "terminal", "clientId": "store-tills"},
            "tls": {"clientCertificates": [{"name": "tills", "ref": {"name": "tills-tls"}}]},
        },
        "metadata": [{"name": "cost-centre", "format": "STRING", "value": "4711"}],
    }
    return [
        manifest("Application", TEAM, "web-shop", web_shop),
        manifest("Application", TEAM, "store-tills", till),
        manifest(
            "Subscription",
            TEAM,
            "web-shop-initiation",
            {"api": {"name": "payment-initiation"}, "application": {"name": "web-shop"}, "plan": "shops"},
        ),
        manifest(
            "Subscription",
            TEAM,
            "store-tills-cards",
            {
                "api": {"name": "card-authorisation"},
                "application": {"name": "store-tills"},
                "plan": "terminals",
                "metadata": {"approved-by": "ada.keller"},
            },
        ),
    ]
