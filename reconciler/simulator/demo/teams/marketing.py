"""Marketing: quick, careless, always before a campaign. Manifests leave the namespace to the application."""

from __future__ import annotations

from reconciler.simulator.demo.backends import http_listener, proxy
from reconciler.simulator.demo.folders import EU, US, Folder
from reconciler.simulator.demo.manifests import (
    CONTEXT,
    Spec,
    api_key,
    cache_resource,
    jwt,
    key_less,
    manifest,
)
from reconciler.simulator.demo.policies import cache, flow, quota, rate_limit, set_headers, validate_json

TEAM = "marketing"


def folders() -> list[Folder]:
    """Both production regions, and a pilot in each."""
    return [
        Folder(TEAM, "prod", (EU, US), {**_mail(), **_offers()}, namespaced=False),
        Folder(TEAM, "pilot-eu", (EU,), {"gift-finder.yaml": _gift_finder(20)}, namespaced=False),
        Folder(TEAM, "pilot-us", (US,), {"gift-finder.yaml": _gift_finder(45, "apim-eu")}, namespaced=False),
    ]


def _api(name: str, spec: Spec) -> list[Spec]:
    return [manifest("ApiV4Definition", TEAM, name, spec, namespaced=False)]


def _mail() -> dict[str, list[Spec]]:
    newsletter = proxy(
        "Newsletter",
        "2.2.0",
        "Subscribe, confirm, unsubscribe.",
        "/marketing/newsletter",
        "http://newsletter.marketing.svc:8080",
        listeners=[http_listener("/marketing/newsletter", cors=("https://www.example.org",))],
        visibility="PUBLIC",
        flows=[
            flow(
                "Sign up",
                [rate_limit(2, "MINUTES"), validate_json('{"type":"object","required":["email"]}')],
                path="/subscriptions",
                methods=("POST",),
            )
        ],
        plans={"open": key_less("Web site")},
    )
    campaigns = proxy(
        "Campaigns",
        "1.6.3",
        "Plans and measures campaigns.",
        "/marketing/campaigns",
        "http://campaigns.marketing.svc:8080",
        plans={
            "staff": jwt("Staff", issuer="https://staff.example.org"),
            "agencies": api_key("Agencies", manual=True),
        },
    )
    segments = proxy(
        "Segments",
        "0.9.0",
        "Which customers are alike.",
        "/marketing/segments",
        "http://segments.marketing.svc:8080",
        lifecycleState="UNPUBLISHED",
        plans={"staff": jwt("Staff", issuer="https://staff.example.org")},
    )
    return {
        "newsletter.yaml": _api("newsletter", newsletter),
        "campaigns.yaml": [*_api("campaigns", campaigns), *_agency()],
        "segments.yaml": _api("segments", segments),
    }


def _offers() -> dict[str, list[Spec]]:
    coupons = proxy(
        "Coupons",
        "3.0.0",
        "Checks and spends coupon codes.",
        "/marketing/coupons",
        "http://coupons.marketing.svc:8080",
        flows=[flow("Against guessing", [rate_limit(10, "MINUTES")], path="/redeem", methods=("POST",))],
        plans={"shop": jwt("Shop services")},
    )
    loyalty = proxy(
        "Loyalty",
        "2.5.0",
        "Points, levels and rewards.",
        "/marketing/loyalty",
        "http://loyalty.marketing.svc:8080",
        flows=[flow("Partners", [quota(5000)], path="/partners")],
        plans={"customers": jwt("Customers"), "partners": api_key("Partners")},
    )
    cookies = proxy(
        "Cookie Consent",
        "1.0.1",
        "Remembers which cookies a visitor accepted.",
        "/marketing/cookies",
        "http://cookies.marketing.svc:8080",
        listeners=[
            http_listener("/marketing/cookies", cors=("https://www.example.org", "https://shop.example.org"))
        ],
        visibility="PUBLIC",
        plans={"open": key_less("Web site")},
    )
    stores = proxy(
        "Store Locator",
        "4.4.0",
        "Stores, opening hours, services.",
        "/marketing/stores",
        "http://stores.marketing.svc:8080",
        visibility="PUBLIC",
        flows=[
            flow(
                "Cached", [cache(1800)], [set_headers(Cache_Control="public, max-age=1800")], methods=("GET",)
            )
        ],
        resources=[cache_resource(1800)],
        plans={"open": key_less("Web site"), "maps": api_key("Map services")},
    )
    return {
        "coupons.yaml": _api("coupons", coupons),
        "loyalty.yaml": _api("loyalty", loyalty),
        "cookie-consent.yaml": _api("cookie-consent", cookies),
        "store-locator.yaml": _api("store-locator", stores),
    }


def _gift_finder(limit: int, context: str = "apim") -> list[Spec]:
    """A pilot; copied from one region to the other with the wrong context."""
    spec = proxy(
        "Gift Finder",
        "0.3.0",
        "Finds a present for somebody one hardly knows.",
        "/marketing/gift-finder",
        "http://gift-finder.marketing.svc:8080",
        flows=[flow("Pilot", [rate_limit(limit)])],
        plans={"apps": api_key("Apps of the pilot")},
    )
    spec["contextRef"] = {**CONTEXT, "name": context}
    return _api("gift-finder", spec)


def _agency() -> list[Spec]:
    spec = {
        "name": "Northern Lights Agency",
        "description": "Our media agency's dashboards.",
        "contextRef": dict(CONTEXT),
        "domain": "https://agency.example.org",
        "settings": {"app": {"type": "web"}},
    }
    subscription = {
        "api": {"name": "campaigns"},
        "application": {"name": "northern-lights"},
        "plan": "agencies",
        "endingAt": "2031-12-31T23:00:00Z",
        "apiKeys": [{"key": "[[ secret `northern-lights/api-key` ]]", "expireAt": "2031-12-31T23:00:00Z"}],
    }
    return [
        manifest("Application", TEAM, "northern-lights", spec, namespaced=False),
        manifest("Subscription", TEAM, "northern-lights-campaigns", subscription, namespaced=False),
    ]
