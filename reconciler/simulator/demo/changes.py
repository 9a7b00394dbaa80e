"""How the repository came to be what it is: some fifty commits, told backwards.

Each commit lists what it changed with the value that stood there *before*; the files of the catalogue
are what the newest commit left. So the catalogue stays the one place where manifests are written down,
and every older state follows from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from reconciler.model.changes import ABSENT


@dataclass(frozen=True, slots=True)
class Person:
    """Who commits."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Edit:
    """One value of a file that a commit changed.

    `at` is a dotted path, numbers for places in lists; `was` what stood there before (ABSENT: nothing);
    `document` counts the documents of the file from 0.
    """

    file: str
    at: str
    was: object
    document: int = 0


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit, `days` before now.

    `adds` names files, or folders (all files in them that no other commit adds); `removes` files of the
    catalogue that it takes away; `breaks` a file that it leaves as text which is not YAML.
    """

    days: float
    author: Person
    subject: str
    adds: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()
    removes: tuple[str, ...] = ()
    breaks: str = ""
    id: str = ""
    """A name for commits that an incident refers to."""


ADA: Final = Person("Ada Keller", "ada.keller@example.org")
NOAH: Final = Person("Noah Lindqvist", "noah.lindqvist@example.org")
MILA: Final = Person("Mila Novák", "mila.novak@example.org")
TOM: Final = Person("Tom Okafor", "tom.okafor@example.org")
INES: Final = Person("Inês Duarte", "ines.duarte@example.org")
KARL: Final = Person("Karl Brandt", "karl.brandt@example.org")
RIKU: Final = Person("Riku Aalto", "riku.aalto@example.org")
SAM: Final = Person("Sam Whitfield", "sam.whitfield@example.org")
PRIYA: Final = Person("Priya Raman", "priya.raman@example.org")
LEA: Final = Person("Léa Fournier", "lea.fournier@example.org")
OLGA: Final = Person("Olga Petrova", "olga.petrova@example.org")

_PAY, _PAY_STAGE = "apps/payments/prod/", "apps/payments/stage/"
_SHOP, _ID, _DATA = "apps/shop/base/", "apps/identity/base/", "apps/data/base/"
_LOG, _LOG_STAGE = "apps/logistics/prod/", "apps/logistics/stage/"
_MKT, _PAR, _PLAT = "apps/marketing/prod/", "apps/partners/prod/", "apps/platform/base/"

_LIMIT = "spec.flows.0.request.0.configuration.rate.limit"
_VERSION = "spec.version"
_TIMEOUT = "spec.endpointGroups.0.sharedConfiguration.http.readTimeout"


_FOUNDING = (
    Commit(44.2, SAM, "Platform: one folder per team, one context per cluster", adds=("apps/platform/",)),
    Commit(
        43.9, SAM, "Platform: shared policies for headers", adds=(f"{_PLAT}policies/standard-headers.yaml",)
    ),
    Commit(43.1, ADA, "Payments: move the first APIs into Git", adds=(_PAY,)),
    Commit(42.8, ADA, "Payments: the same for staging, with a sandbox bank", adds=(_PAY_STAGE,)),
    Commit(41.0, MILA, "Shop: catalogue, basket, checkout and friends", adds=(_SHOP,)),
    Commit(40.4, INES, "Identity as code", adds=(_ID,)),
    Commit(38.7, RIKU, "Logistics: production", adds=(_LOG,)),
    Commit(38.6, RIKU, "Logistics: staging, with the old scanners", adds=(_LOG_STAGE,)),
    Commit(36.9, LEA, "marketing apis", adds=(_MKT,)),
    Commit(35.2, OLGA, "Partners: import the v2 APIs as they are", adds=(_PAR,)),
    Commit(34.8, PRIYA, "Data: streams and models", adds=(_DATA,)),
)

_WEEKS_AGO = (
    Commit(
        33.5,
        NOAH,
        "Refunds: ask for the scope refunds:write",
        edits=(
            Edit(
                f"{_PAY}refunds.yaml",
                "spec.plans.back-office.security.configuration.requiredScopes",
                ["refunds"],
            ),
            Edit(f"{_PAY}refunds.yaml", _VERSION, "2.1.2"),
        ),
    ),
    Commit(
        32.1, TOM, "Basket: 60 calls a second are enough", edits=(Edit(f"{_SHOP}basket.yaml", _LIMIT, 100),)
    ),
    Commit(
        31.3,
        SAM,
        "Groups: add the on-call rota",
        edits=(Edit(f"{_PLAT}groups.yaml", "spec.members.2", ABSENT, 3),),
    ),
    Commit(
        30.0,
        KARL,
        "Token exchange: audit id on every answer",
        edits=(Edit(f"{_ID}token-exchange.yaml", "spec.flows.1", ABSENT),),
    ),
    Commit(
        29.2,
        MILA,
        "Product search: fall back to the replica",
        edits=(Edit(f"{_SHOP}product-search.yaml", "spec.endpointGroups.1", ABSENT),),
    ),
    Commit(
        28.4,
        ADA,
        "SEPA transfers: a third node",
        edits=(Edit(f"{_PAY}sepa-transfers.yaml", "spec.endpointGroups.0.endpoints.2", ABSENT),),
    ),
    Commit(
        27.0,
        PRIYA,
        "Clickstream: own port range for producers",
        edits=(
            Edit(f"{_DATA}clickstream.yaml", "spec.plans.producers.bootstrapPort", 9093),
            Edit(f"{_DATA}clickstream.yaml", "spec.plans.producers.brokerRangeEnd", 9105),
        ),
    ),
    Commit(
        25.6,
        RIKU,
        "Warehouses: waves of 40 (was 25)",
        edits=(Edit(f"{_LOG}warehouses.yaml", "spec.properties.0.value", "25"),),
    ),
    Commit(24.9, LEA, "coupons: guessers out", edits=(Edit(f"{_MKT}coupons.yaml", _LIMIT, 60),)),
    Commit(23.8, TOM, "Gift Cards v2, next to the old ones", adds=(f"{_SHOP}gift-cards.yaml",)),
    Commit(
        23.1,
        TOM,
        "Gift Cards v1 is deprecated",
        edits=(Edit(f"{_SHOP}gift-cards-v1.yaml", "spec.lifecycleState", "PUBLISHED"),),
    ),
    Commit(
        22.5,
        SAM,
        "Login: introspect with POST",
        edits=(
            Edit(f"{_PLAT}resources/login.yaml", "spec.configuration.introspectionEndpointMethod", "GET"),
        ),
    ),
    Commit(
        21.7,
        NOAH,
        "Fraud scoring: answer in 800 ms or let the rules decide",
        adds=(
            f"{_PAY}fraud-scoring.yaml",
            f"{_PAY_STAGE}fraud-scoring.yaml",
        ),
    ),
)

_LATELY = (
    Commit(
        20.2,
        OLGA,
        "Partner orders: gold plan up to 50 calls a second",
        edits=(
            Edit(f"{_PAR}partner-orders.yaml", "spec.plans.0.flows.0.pre.0.configuration.rate.limit", 30),
        ),
    ),
    Commit(
        18.9,
        INES,
        "Second factor: five tries a minute",
        edits=(Edit(f"{_ID}second-factor.yaml", _LIMIT, 10),),
    ),
    Commit(
        17.4,
        MILA,
        "Catalogue 7.2: prices of another day",
        edits=(
            Edit(f"{_SHOP}catalogue.yaml", _VERSION, "7.1.4"),
            Edit(
                f"{_SHOP}catalogue.yaml",
                "spec.pages.start.content",
                "# Catalogue\n\nArticles, categories, pictures.\n",
            ),
        ),
    ),
    Commit(16.1, RIKU, "Customs API for parcels to Switzerland and Norway", adds=(f"{_LOG}customs.yaml",)),
    Commit(15.3, PRIYA, "Shopping assistant behind the LLM proxy", adds=(f"{_DATA}shopping-assistant.yaml",)),
    Commit(14.6, RIKU, "Depots: scans and labels without a line to APIM", adds=("apps/logistics/edge/",)),
    Commit(13.9, SAM, "Tools for assistants (MCP)", adds=(f"{_PLAT}apis/platform-tools.yaml",)),
    Commit(
        12.6,
        RIKU,
        "Route planner: stop it until tours are rebuilt",
        edits=(Edit(f"{_LOG}route-planner.yaml", "spec.state", "STARTED"),),
    ),
    Commit(
        11.2,
        ADA,
        "Merge branch 'psd2-labels'",
        edits=(
            Edit(f"{_PAY}payment-initiation.yaml", "spec.labels", ["sepa"]),
            Edit(f"{_PAY_STAGE}payment-initiation.yaml", "spec.labels", ["sepa"]),
        ),
    ),
    Commit(
        10.3,
        LEA,
        "loyalty: partners may call 5000 times a day",
        edits=(Edit(f"{_MKT}loyalty.yaml", "spec.flows.0.request.0.configuration.quota.limit", 1000),),
    ),
    Commit(
        9.1,
        RIKU,
        "Staging: the last old scanner is gone",
        removes=(f"{_LOG_STAGE}legacy-scanner.yaml",),
        id="scanners-removed",
    ),
    Commit(8.4, LEA, "gift finder, pilot in europe", adds=("apps/marketing/pilot-eu/",)),
    Commit(
        7.8,
        TOM,
        "Orders: care desk signs in with staff accounts",
        edits=(
            Edit(
                f"{_SHOP}orders.yaml",
                "spec.plans.care.security.configuration.resolverParameter",
                "https://login.example.org/.well-known/jwks.json",
            ),
        ),
    ),
    Commit(
        6.2,
        TOM,
        "Remove Gift Cards v1: nobody called it for a month",
        removes=(f"{_SHOP}gift-cards-v1.yaml",),
        id="gift-cards-removed",
    ),
    Commit(4.9, KARL, "Identity events as a native Kafka API", adds=(f"{_ID}identity-events.yaml",)),
    Commit(
        3.7,
        NOAH,
        "Card authorisation 5.0.1: log requests without payloads",
        edits=(
            Edit(f"{_PAY}card-authorisation.yaml", "spec.analytics", {"enabled": True}),
            Edit(f"{_PAY}card-authorisation.yaml", _VERSION, "5.0.0"),
        ),
    ),
    Commit(
        3.2,
        SAM,
        "America: a context for Europe, for marketing's pilot",
        adds=("apps/platform/context-prod-us/context-eu.yaml",),
    ),
    Commit(3.1, LEA, "gift finder: same pilot in america", adds=("apps/marketing/pilot-us/",)),
    Commit(2.9, PRIYA, "Feature flags as code", adds=(f"{_DATA}feature-flags.yaml",)),
    Commit(
        2.1,
        TOM,
        "Wishlist for the apps, with keys",
        adds=(f"{_SHOP}mobile/wishlist.yaml",),
        id="wishlist-twice",
    ),
    Commit(
        1.4,
        SAM,
        "Echo: probes get a key of their own",
        edits=(Edit(f"{_PLAT}apis/echo.yaml", "spec.plans.probes", ABSENT),),
    ),
    Commit(
        0.21,
        LEA,
        "newsletter: label for the spring campaign",
        breaks=f"{_MKT}newsletter.yaml",
        id="newsletter-broken",
    ),
    Commit(
        0.025,
        INES,
        "Token exchange: double the limit before the sale",
        edits=(Edit(f"{_ID}token-exchange.yaml", _LIMIT, 250),),
        id="token-limit",
    ),
    Commit(
        0.008,
        MILA,
        "Checkout: wait six seconds for the payment provider",
        edits=(Edit(f"{_SHOP}checkout.yaml", _TIMEOUT, 4000),),
        id="checkout-timeout",
    ),
)

COMMITS: Final = (*_FOUNDING, *_WEEKS_AGO, *_LATELY)
"""Oldest first."""
