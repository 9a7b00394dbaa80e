"""Shop: the largest team. One set of manifests for every cluster, small files, much caching."""

from __future__ import annotations

from reconciler.simulator.demo.backends import http_endpoints, http_listener, kafka_endpoints, proxy
from reconciler.simulator.demo.folders import EU, STAGE, US, Folder
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
    pages,
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

TEAM = "shop"
WEB = ("https://shop.example.org", "https://m.shop.example.org")


def folders() -> list[Folder]:
    """The same manifests on all three answering clusters."""
    comment = "Team Shop. Questions: #shop-platform"
    return [Folder(TEAM, "base", (EU, US, STAGE), {**_browse(), **_buy(), **_engage()}, comment)]


def _api(name: str, spec: Spec, part: str) -> list[Spec]:
    return [manifest("ApiV4Definition", TEAM, name, spec, labels={"part": part})]


def _browse() -> dict[str, list[Spec]]:
    catalogue = proxy(
        "Catalogue",
        "7.2.0",
        "Articles, categories and pictures.",
        "/shop/catalogue",
        http_endpoints(
            "http://catalogue-a.shop.svc:8080", "http://catalogue-b.shop.svc:8080", check="/healthz"
        ),
        listeners=[http_listener("/shop/catalogue", cors=WEB)],
        visibility="PUBLIC",
        categories=["shop"],
        flows=[
            flow("Cached reads", [cache(60)], [set_headers(Vary="Accept-Language")], methods=("GET",)),
            flow("Standard", [shared("standard-headers")]),
        ],
        resources=[cache_resource(60)],
        plans={"open": key_less("Web and apps"), "partners": api_key("Partners")},
        pages=pages(
            "Overview",
            "# Catalogue\n\nArticles are versioned: ask for `?asOf=` to see an older price list.\n",
            openapi="https://docs.example.org/shop/catalogue.json",
        ),
    )
    search = proxy(
        "Product Search",
        "4.0.0",
        "Full text search with facets.",
        "/shop/search",
        http_endpoints(
            "http://search.shop.svc:9200", read_timeout=1500, backup="http://search-replica.shop.svc:9200"
        ),
        listeners=[http_listener("/shop/search", cors=WEB)],
        visibility="PUBLIC",
        flows=[flow("Guard", [rate_limit(400)]), flow("Suggestions", [cache(30)], path="/suggest")],
        resources=[cache_resource(30)],
        plans={"open": key_less("Web and apps")},
    )
    prices = proxy(
        "Prices",
        "3.1.0",
        "Net and gross prices per market.",
        "/shop/prices",
        "http://prices.shop.svc:8080",
        flows=[flow("Market", [set_headers(X_Market="{#request.headers['x-market']?:'DE'}")])],
        plans={"internal": jwt("Shop services"), "feeds": api_key("Price feeds")},
    )
    stock = proxy(
        "Stock",
        "2.9.1",
        "How many pieces are where.",
        "/shop/stock",
        "http://stock.shop.svc:8080",
        flows=[flow("Short cache", [cache(5)], methods=("GET",))],
        resources=[cache_resource(5)],
        plans={"internal": jwt("Shop services")},
    )
    reviews = proxy(
        "Reviews",
        "1.5.0",
        "Ratings and texts of customers.",
        "/shop/reviews",
        "http://reviews.shop.svc:8080",
        visibility="PUBLIC",
        flows=[
            flow("Writers", [rate_limit(5, "MINUTES")], path="/reviews", methods=("POST", "PUT")),
            flow("Readers", [cache(600)], methods=("GET",)),
        ],
        resources=[cache_resource(600)],
        plans={"open": key_less("Readers"), "customers": jwt("Customers")},
    )
    return {
        "catalogue.yaml": _api("catalogue", catalogue, "browse"),
        "product-search.yaml": _api("product-search", search, "browse"),
        "prices.yaml": _api("prices", prices, "browse"),
        "stock.yaml": _api("stock", stock, "browse"),
        "reviews.yaml": _api("reviews", reviews, "browse"),
    }


def _buy() -> dict[str, list[Spec]]:
    basket = proxy(
        "Basket",
        "6.3.2",
        "The customer's basket, kept for thirty days.",
        "/shop/basket",
        "http://basket.shop.svc:8080",
        listeners=[http_listener("/shop/basket", cors=WEB)],
        flows=[flow("Guard", [rate_limit(60), shared("standard-headers")])],
        plans={"customers": jwt("Customers"), "guests": key_less("Guests")},
    )
    checkout = proxy(
        "Checkout",
        "8.0.0",
        "Turns a basket into an order.",
        "/shop/checkout",
        http_endpoints(
            "http://checkout-a.shop.svc:8080",
            "http://checkout-b.shop.svc:8080",
            check="/actuator/health",
            read_timeout=6000,
        ),
        listeners=[http_listener("/shop/checkout", cors=WEB)],
        flows=[
            flow("Guard", [rate_limit(120), shared("standard-headers")]),
            flow(
                "Orders",
                [validate_json('{"type":"object","required":["basketId","address"]}')],
                [drop_headers("x-checkout-node")],
                path="/orders",
                methods=("POST",),
            ),
        ],
        plans={"customers": jwt("Customers")},
        members=members("mila.novak", "tom.okafor", role="OWNER"),
        metadata=[
            meta("runbook", "https://wiki.example.org/checkout", "URL"),
            meta("contact", "shop@example.org", "MAIL"),
        ],
        failover={"enabled": True, "maxRetries": 1},
    )
    orders = proxy(
        "Orders",
        "5.4.0",
        "Orders of a customer and their states.",
        "/shop/orders",
        "http://orders.shop.svc:8080",
        flows=[flow("Guard", [rate_limit(80)])],
        plans={
            "customers": jwt("Customers"),
            "care": jwt("Customer care", issuer="https://staff.example.org"),
        },
    )
    gift_cards = proxy(
        "Gift Cards",
        "2.0.0",
        "Buys, charges and spends gift cards.",
        "/shop/gift-cards/v2",
        "http://gift-cards.shop.svc:8080",
        flows=[flow("Against guessing", [rate_limit(3, "MINUTES")], path="/redeem", methods=("POST",))],
        plans={"customers": jwt("Customers"), "stores": api_key("Stores", manual=True)},
    )
    gift_cards_v1 = proxy(
        "Gift Cards (old)",
        "1.9.7",
        "The first generation of gift cards.",
        "/shop/gift-cards",
        "http://gift-cards-v1.shop.svc:8080",
        lifecycleState="DEPRECATED",
        plans={"stores": api_key("Stores")},
    )
    return {
        "basket.yaml": _api("basket", basket, "buy"),
        "checkout.yaml": _api("checkout", checkout, "buy"),
        "orders.yaml": [*_api("orders", orders, "buy"), *_order_consumers()],
        "gift-cards.yaml": _api("gift-cards", gift_cards, "buy"),
        "gift-cards-v1.yaml": _api("gift-cards-v1", gift_cards_v1, "buy"),
    }


def _engage() -> dict[str, list[Spec]]:
    wishlist = proxy(
        "Wishlist",
        "1.3.0",
        "What customers would like to have.",
        "/shop/wishlist",
        "http://wishlist.shop.svc:8080",
        flows=[flow("Guard", [rate_limit(20)])],
        plans={"customers": jwt("Customers")},
    )
    mobile_wishlist = proxy(
        "Wishlist",
        "1.3.0",
        "What customers would like to have.",
        "/shop/wishlist",
        "http://wishlist.shop.svc:8080",
        flows=[flow("Guard", [rate_limit(40)])],
        plans={"customers": jwt("Customers"), "apps": api_key("Mobile apps", header="X-App-Key")},
    )
    recommendations = proxy(
        "Recommendations",
        "0.14.0",
        "Others also bought.",
        "/shop/recommendations",
        http_endpoints("http://reco.shop.svc:8080", read_timeout=300),
        lifecycleState="UNPUBLISHED",
        plans={"internal": jwt("Shop services")},
        labels=["experiment"],
    )
    order_events = v4(
        "MESSAGE",
        "Order Events",
        "2.2.0",
        "New and changed orders as server-sent events or over a web socket.",
        listeners=[
            {
                "type": "HTTP",
                "paths": [{"path": "/shop/order-events"}],
                "entrypoints": [
                    {"type": "sse", "qos": "AUTO", "configuration": {"heartbeatIntervalInMs": 5000}},
                    {"type": "websocket", "qos": "AUTO"},
                ],
            }
        ],
        endpointGroups=kafka_endpoints("shop.orders", "kafka-0.kafka.data.svc:9092", group="order-events"),
        flows=[message_flow("Stamp", subscribe=[set_headers(X_Stream="orders")])],
        plans={"internal": jwt("Shop services")},
    )
    return {
        "wishlist.yaml": _api("wishlist", wishlist, "engage"),
        "mobile/wishlist.yaml": _api("wishlist", mobile_wishlist, "engage"),
        "recommendations.yaml": _api("recommendations", recommendations, "engage"),
        "order-events.yaml": _api("order-events", order_events, "engage"),
    }


def _order_consumers() -> list[Spec]:
    care = {
        "name": "Care Desk",
        "description": "Customer care's own screens.",
        "contextRef": dict(CONTEXT),
        "settings": {
            "oauth": {
                "applicationType": "WEB",
                "grantTypes": ["authorization_code", "refresh_token"],
                "redirectUris": ["https://care.example.org/callback"],
            }
        },
        "members": members("zoe.marchetti", role="OWNER"),
    }
    return [
        manifest("Application", TEAM, "care-desk", care),
        manifest(
            "Subscription",
            TEAM,
            "care-desk-orders",
            {"api": {"name": "orders"}, "application": {"name": "care-desk"}, "plan": "care"},
        ),
    ]


def black_friday_teaser() -> Spec:
    """An API that somebody made on a cluster and never in Git."""
    spec = proxy(
        "Black Friday Teaser",
        "0.1.0",
        "Counts down. Gone after the weekend, promised.",
        "/shop/teaser",
        "http://teaser.shop.svc:8080",
        flows=[flow("Everyone", [quota(100000)])],
        plans={"open": key_less()},
    )
    return manifest("ApiV4Definition", TEAM, "black-friday-teaser", spec)
