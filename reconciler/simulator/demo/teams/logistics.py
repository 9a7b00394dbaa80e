"""Logistics: runs in Europe only, with staging; old scanners, new telemetry."""

from __future__ import annotations

from reconciler.simulator.demo.backends import http_endpoints, proxy
from reconciler.simulator.demo.folders import EU, STAGE, US, Folder
from reconciler.simulator.demo.manifests import (
    CONTEXT,
    Spec,
    api_key,
    cache_resource,
    jwt,
    key_less,
    manifest,
    pages,
    prop,
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
)

TEAM = "logistics"
CARRIER_MAPPING = """[{"operation":"shift","spec":{"carriers":{"*":{"code":"@(1,name)"}}}}]"""


def folders() -> list[Folder]:
    """Production in Europe (the warehouses' APIs in America, too), and staging."""
    comment = "owner: logistics / Riku Aalto"
    production = {**_transport(), **_depots(), "carriers.yaml": _carriers()}
    staging = {
        **_transport(stage=True),
        "legacy-scanner.yaml": _legacy_scanner(),
        "carriers.yaml": _carriers(),
    }
    return [
        Folder(TEAM, "prod", (EU, US), production, comment),
        Folder(TEAM, "stage", (STAGE,), staging, comment),
        Folder(TEAM, "edge", (US,), _edge(), comment),
    ]


def _api(name: str, spec: Spec, **labels: str) -> list[Spec]:
    return [manifest("ApiV4Definition", TEAM, name, spec, labels=labels)]


def _transport(*, stage: bool = False) -> dict[str, list[Spec]]:
    tracking = proxy(
        "Shipment Tracking",
        "4.1.0",
        "Where is my parcel?",
        "/logistics/tracking",
        http_endpoints("http://tracking-blue.logistics.svc:8080", check="/health", read_timeout=3000),
        visibility="PUBLIC",
        flows=[
            flow("Public", [rate_limit(10 if stage else 30)]),
            flow("Hide drivers", None, [drop_headers("x-driver-id", "x-vehicle")]),
        ],
        plans={"open": key_less("Customers"), "shops": api_key("Shops")},
    )
    rates = proxy(
        "Carrier Rates",
        "2.0.5",
        "What a parcel costs, with which carrier.",
        "/logistics/rates",
        "http://carrier-rates.logistics.svc:8080",
        flows=[flow("Cached", [cache(900)], methods=("GET",))],
        resources=[cache_resource(900)],
        plans={"internal": jwt("Services")},
        services={
            "dynamicProperty": {
                "enabled": True,
                "overrideConfiguration": False,
                "type": "http-dynamic-properties",
                "configuration": {
                    "schedule": "0 */5 * * * *",
                    "method": "GET",
                    "url": "http://carrier-rates.logistics.svc:8080/carriers",
                    "transformation": CARRIER_MAPPING,
                },
            }
        },
    )
    slots = proxy(
        "Delivery Slots",
        "1.7.0",
        "Books a two-hour window.",
        "/logistics/slots",
        "http://slots.logistics.svc:8080",
        flows=[
            flow("Booking", [rate_limit(15), shared("standard-headers")], path="/bookings", methods=("POST",))
        ],
        plans={"customers": jwt("Customers")},
    )
    pickup = proxy(
        "Pickup Points",
        "3.3.0",
        "Lockers and shops near a place.",
        "/logistics/pickup-points",
        "http://pickup.logistics.svc:8080",
        visibility="PUBLIC",
        flows=[flow("Cached", [cache(3600)], methods=("GET",))],
        resources=[cache_resource(3600)],
        plans={"open": key_less()},
    )
    return {
        "shipment-tracking.yaml": _api("shipment-tracking", tracking, tier="1"),
        "carrier-rates.yaml": _api("carrier-rates", rates, tier="2"),
        "delivery-slots.yaml": _api("delivery-slots", slots, tier="2"),
        "pickup-points.yaml": _api("pickup-points", pickup, tier="3"),
    }


def _depots() -> dict[str, list[Spec]]:
    warehouses = proxy(
        "Warehouses",
        "5.0.0",
        "Bins, waves and picks.",
        "/logistics/warehouses",
        http_endpoints(
            "http://wms-1.logistics.svc:8080",
            "http://wms-2.logistics.svc:8080",
            balance="RANDOM",
            check="/ping",
        ),
        flows=[flow("Scanners", [quota(250000)], path="/scans", methods=("POST",))],
        plans={"scanners": api_key("Hand scanners", header="X-Scanner"), "staff": jwt("Staff")},
        properties=[prop("wave-size", "40"), prop("label-printer", "zpl")],
        pages=pages(
            "Scanning",
            "# Scanning\n\n- send scans in batches of at most 50\n- repeat with the same `scanId`\n",
        ),
    )
    returns = proxy(
        "Returns",
        "1.2.0",
        "Labels and states of parcels that come back.",
        "/logistics/returns",
        "http://returns.logistics.svc:8080",
        flows=[flow("Guard", [rate_limit(20)])],
        plans={"customers": jwt("Customers"), "shops": api_key("Shops")},
    )
    customs = proxy(
        "Customs",
        "0.8.0",
        "Declarations for parcels that leave the union.",
        "/logistics/customs",
        http_endpoints("https://customs.logistics.svc:8443", read_timeout=20000),
        flows=[flow("Sign", [set_headers(X_Declarant="{#properties['eori']}")])],
        properties=[
            prop("eori", "DE1234567"),
            prop("signing-pin", "[[ secret `customs/pin` ]]"),
        ],
        plans={"internal": jwt("Services")},
    )
    planner = proxy(
        "Route Planner",
        "2.4.1",
        "Tours for vans, planned at night.",
        "/logistics/routes",
        "http://routes.logistics.svc:8080",
        state="STOPPED",
        plans={"dispatch": jwt("Dispatch")},
    )
    telemetry = v4(
        "MESSAGE",
        "Fleet Telemetry",
        "1.0.0",
        "Positions and temperatures of vans, posted by the vans.",
        listeners=[
            {
                "type": "HTTP",
                "paths": [{"path": "/logistics/telemetry"}],
                "entrypoints": [
                    {"type": "http-post", "qos": "AUTO", "configuration": {"requestHeadersToMessage": True}}
                ],
            }
        ],
        endpointGroups=[
            {
                "name": "broker",
                "type": "mqtt5",
                "sharedConfiguration": {"producer": {"enabled": True, "topic": "fleet/telemetry"}},
                "endpoints": [
                    {
                        "name": "mqtt",
                        "type": "mqtt5",
                        "weight": 1,
                        "inheritConfiguration": True,
                        "configuration": {"serverHost": "mqtt.logistics.svc", "serverPort": 1883},
                    }
                ],
            }
        ],
        flows=[message_flow("Stamp", publish=[set_headers(X_Received_At="{#date.now()}")])],
        plans={"vans": api_key("Vans", header="X-Van")},
    )
    return {
        "warehouses.yaml": _api("warehouses", warehouses, tier="1"),
        "returns.yaml": _api("returns", returns, tier="2"),
        "customs.yaml": _api("customs", customs, tier="2"),
        "route-planner.yaml": _api("route-planner", planner, tier="3"),
        "fleet-telemetry.yaml": _api("fleet-telemetry", telemetry, tier="2"),
    }


def _edge() -> dict[str, list[Spec]]:
    """What runs in the depots even if the line is cut: no control plane, only the cluster's ConfigMaps."""
    scans = proxy(
        "Depot Scans",
        "2.0.0",
        "Takes scans in a depot and keeps them until they can be sent.",
        "/depot/scans",
        "http://scans.depot.svc:8080",
        flows=[flow("Scanners", [rate_limit(200)], methods=("POST",))],
        plans={"scanners": key_less("Inside the depot")},
    )
    labels = proxy(
        "Label Printing",
        "1.0.1",
        "Prints parcel labels on the nearest printer.",
        "/depot/labels",
        "http://labels.depot.svc:8080",
        plans={"staff": key_less("Inside the depot")},
    )
    for spec in (scans, labels):
        del spec["contextRef"]
        spec["definitionContext"] = {"origin": "KUBERNETES", "syncFrom": "KUBERNETES"}
    return {
        "depot-scans.yaml": _api("depot-scans", scans, tier="1"),
        "label-printing.yaml": _api("label-printing", labels, tier="2"),
    }


def _carriers() -> list[Spec]:
    dictionary = {
        "name": "carriers",
        "description": "Carrier codes and what people call them",
        "type": "MANUAL",
        "deployed": True,
        "contextRef": dict(CONTEXT),
        "manual": {"properties": {"DHX": "Day Haul Express", "NRD": "Nordpost", "VEL": "Velo Kurier"}},
    }
    return [manifest("Dictionary", TEAM, "carriers", dictionary)]


def _legacy_scanner() -> list[Spec]:
    spec = {
        "name": "Legacy Scanners",
        "description": "Scanners with firmware 2, until they are replaced.",
        "contextRef": dict(CONTEXT),
        "settings": {"app": {"type": "device", "clientId": "scanner-fw2"}},
    }
    return [manifest("Application", TEAM, "legacy-scanners", spec)]
