"""Partners: old APIs of the second generation (ApiDefinition), kept because contracts say so."""

from __future__ import annotations

from typing import Any

from reconciler.simulator.demo.folders import EU, US, Folder
from reconciler.simulator.demo.manifests import CONTEXT, Spec, manifest, members
from reconciler.simulator.demo.policies import set_headers

TEAM = "partners"


def folders() -> list[Folder]:
    """Both production regions."""
    return [
        Folder(
            TEAM, "prod", (EU, US), {**_exchange(), **_reselling()}, "partner integration, frozen until 2032"
        )
    ]


def _v2(title: str, version: str, about: str, path: str, *targets: str, **fields: Any) -> Spec:
    endpoints = [
        {
            "name": f"node-{number}",
            "target": target,
            "type": "http",
            "weight": 1,
            "inherit": True,
            "backup": False,
        }
        for number, target in enumerate(targets, 1)
    ]
    group = {"name": "default", "load_balancing": {"type": "ROUND_ROBIN"}, "endpoints": endpoints}
    head = {
        "name": title,
        "description": about,
        "version": version,
        "contextRef": dict(CONTEXT),
        "state": "STARTED",
        "lifecycle_state": "PUBLISHED",
        "definition_context": {"origin": "kubernetes", "mode": "fully_managed", "syncFrom": "management"},
    }
    virtual_hosts = [{"path": path, "host": "partners.example.org", "override_entrypoint": True}]
    return {**head, "proxy": {"virtual_hosts": virtual_hosts, "groups": [group]}, **fields}


def _plan(name: str, security: str, **fields: Any) -> Spec:
    return {"name": name, "description": f"{name} of the partner programme", "security": security, **fields}


def _limited(limit: int) -> Spec:
    step = {
        "name": "Rate limit",
        "policy": "rate-limit",
        "enabled": True,
        "configuration": {
            "rate": {"limit": limit, "periodTime": 1, "periodTimeUnit": "SECONDS"},
            "addHeaders": True,
        },
    }
    return {
        "name": "All",
        "enabled": True,
        "path-operator": {"path": "/", "operator": "STARTS_WITH"},
        "methods": ["GET", "POST"],
        "pre": [step],
    }


def _api(name: str, spec: Spec) -> list[Spec]:
    return [manifest("ApiDefinition", TEAM, name, spec, labels={"generation": "v2"})]


def _exchange() -> dict[str, list[Spec]]:
    orders = _v2(
        "Partner Orders",
        "2",
        "Orders that partners place for their customers.",
        "/orders",
        "http://edi-1.partners.svc:8080/orders",
        "http://edi-2.partners.svc:8080/orders",
        plans=[
            _plan("Gold", "API_KEY", flows=[_limited(50)]),
            _plan("Silver", "API_KEY", validation="MANUAL"),
        ],
        members=members("olga.petrova"),
    )
    catalogue = _v2(
        "Partner Catalogue",
        "3",
        "Articles that partners may sell.",
        "/catalogue",
        "http://edi-1.partners.svc:8080/catalogue",
        plans=[_plan("Everyone", "KEY_LESS")],
        flows=[_limited(20)],
        response_templates={"DEFAULT": {"*/*": {"status": 503, "body": "Come back in five minutes."}}},
    )
    invoices = _v2(
        "Partner Invoices",
        "1",
        "Monthly invoices as XML.",
        "/invoices",
        "http://edi-2.partners.svc:8080/invoices",
        plans=[_plan("Gold", "API_KEY")],
        properties=[
            {"key": "format", "value": "UBL-2.1"},
            {"key": "sftp-password", "value": "[[ secret `edi/sftp` ]]"},
        ],
    )
    return {
        "partner-orders.yaml": _api("partner-orders", orders),
        "partner-catalogue.yaml": _api("partner-catalogue", catalogue),
        "partner-invoices.yaml": _api("partner-invoices", invoices),
    }


def _reselling() -> dict[str, list[Spec]]:
    supplier = _v2(
        "Supplier Portal",
        "1",
        "What suppliers see of their deliveries.",
        "/suppliers",
        "http://suppliers.partners.svc:8080",
        plans=[_plan("Suppliers", "API_KEY", validation="MANUAL")],
        visibility="PRIVATE",
    )
    affiliate = _v2(
        "Affiliate Links",
        "4",
        "Links that pay a commission.",
        "/affiliate",
        "http://affiliate.partners.svc:8080",
        plans=[_plan("Affiliates", "API_KEY", flows=[_limited(5)])],
        visibility="PUBLIC",
    )
    dropship = _v2(
        "Drop Shipping",
        "1",
        "Articles that leave the supplier's own warehouse.",
        "/drop-shipping",
        "http://dropship.partners.svc:8080",
        flows=[
            {
                "name": "Stamp",
                "enabled": True,
                "path-operator": {"path": "/", "operator": "STARTS_WITH"},
                "post": [{**set_headers(X_Contract="2019-07"), "enabled": True}],
            }
        ],
        plans=[_plan("Suppliers", "API_KEY")],
    )
    return {
        "supplier-portal.yaml": _api("supplier-portal", supplier),
        "affiliate-links.yaml": _api("affiliate-links", affiliate),
        "drop-shipping.yaml": _api("drop-shipping", dropship),
    }
