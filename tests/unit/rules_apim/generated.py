"""Bodies of APIs as a manifest may come to them: anything may be left out, or be said in several ways."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Made = dict[str, Any]

WORDS = st.sampled_from(["a", "b", "gold", "Orders EU", "été", "x-y", "9", "null", "yes"])
TEXTS = st.one_of(st.just(""), WORDS, st.sampled_from(["# Title\n\ntext\n", " spaced ", "on", "1e3"]))
FLAGS = st.booleans()
PLUGIN: st.SearchStrategy[Made] = st.dictionaries(
    st.sampled_from(["amount", "note", "more", "nested"]),
    st.one_of(st.none(), TEXTS, st.integers(0, 9), st.lists(WORDS, max_size=2), st.just({})),
    max_size=3,
)


def some(required: dict[str, st.SearchStrategy[Any]], **optional: st.SearchStrategy[Any]) -> Any:
    """An object whose optional fields may be left out or, as GKO does, be null."""
    return st.fixed_dictionaries(
        required, optional={name: st.one_of(st.none(), one) for name, one in optional.items()}
    )


def sure(required: dict[str, st.SearchStrategy[Any]], **optional: st.SearchStrategy[Any]) -> Any:
    """An object whose optional fields may be left out, and are never null."""
    return st.fixed_dictionaries(required, optional=optional)


def named(items: Any, *keys: str, most: int = 3) -> Any:
    """A list without two elements of one name."""
    return st.lists(items, max_size=most, unique_by=lambda item: tuple(str(item.get(key)) for key in keys))


STEPS = st.lists(
    sure(
        {"policy": st.sampled_from(["mock", "rate-limit"])},
        name=WORDS,
        enabled=FLAGS,
        description=TEXTS,
        condition=TEXTS,
        configuration=PLUGIN,
    ),
    max_size=2,
)
SELECTORS = named(
    st.one_of(
        sure(
            {"type": st.just("HTTP"), "path": st.sampled_from(["/", "/x"])},
            pathOperator=st.sampled_from(["EQUALS", "STARTS_WITH"]),
            methods=st.lists(st.sampled_from(["GET", "POST"]), unique=True),
        ),
        sure({"type": st.just("CONDITION"), "condition": st.just("{#a}")}),
    ),
    "type",
)
FLOWS = named(
    sure(
        {},
        name=WORDS,
        enabled=FLAGS,
        selectors=SELECTORS,
        request=STEPS,
        response=STEPS,
        tags=st.lists(WORDS, max_size=2, unique=True),
    ),
    "name",
)
SECURITY = st.sampled_from(["KEY_LESS", "API_KEY", "JWT"])
_ORDINARY = {
    "status": st.sampled_from(["PUBLISHED", "STAGING"]),
    "type": st.just("API"),
    "validation": st.sampled_from(["AUTO", "MANUAL"]),
    "mode": st.just("STANDARD"),
}
PLANS = named(
    sure(
        {
            "hrid": st.sampled_from(["gold", "free-plan", "silver"]),
            "name": st.sampled_from(["Gold", "Free", "Silver"]),
            "security": sure({"type": SECURITY}, configuration=PLUGIN),
            **_ORDINARY,
        },
        description=TEXTS,
        characteristics=st.lists(WORDS, max_size=2, unique=True),
        excludedGroups=st.just([]),
        flows=FLOWS,
        order=st.integers(0, 5),
        definitionVersion=st.just("V4"),
        selectionRule=TEXTS,
        generalConditions=WORDS,
    ),
    "hrid",
)
PAGES = named(
    sure(
        {"hrid": st.sampled_from(["home", "docs"]), "name": WORDS, "type": st.just("MARKDOWN")},
        content=TEXTS,
        published=FLAGS,
        homepage=FLAGS,
        visibility=st.sampled_from(["PUBLIC", "PRIVATE"]),
        order=st.integers(0, 5),
        api=st.just("shop-orders"),
    ),
    "hrid",
)
PATHS = st.sampled_from(["/orders", "orders/", "//orders", "/Orders/v2", "/a//b/"])
LISTENERS = st.tuples(
    sure(
        {
            "type": st.just("HTTP"),
            "paths": PATHS.map(lambda path: [{"path": path}]),
            "entrypoints": st.just([{"type": "http-proxy"}]),
        },
        pathMappings=st.just(["/:id"]),
        servers=st.lists(WORDS, max_size=2, unique=True),
        cors=sure(
            {"enabled": FLAGS},
            allowOrigin=st.just(["*"]),
            allowCredentials=FLAGS,
            maxAge=st.integers(-1, 2),
            runPolicies=FLAGS,
        ),
    )
).map(list)
HTTP = st.dictionaries(
    st.sampled_from(["readTimeout", "idleTimeout", "connectTimeout"]), st.integers(1, 9), max_size=2
)
CONFIGURATION = st.one_of(PLUGIN, st.builds(lambda block: {"http": block}, HTTP))


def _endpoints_named(groups: list[Made]) -> list[Made]:
    """An endpoint's name may be used once in an API."""
    for group in groups:
        for endpoint in group["endpoints"]:
            endpoint["name"] = f"{group['name']}-{endpoint['name']}"
    return groups


GROUPS = st.lists(
    sure(
        {
            "name": st.sampled_from(["default", "other"]),
            "type": st.just("http-proxy"),
            "endpoints": named(
                sure(
                    {
                        "name": st.sampled_from(["one", "two"]),
                        "type": st.just("http-proxy"),
                        "configuration": st.just({"target": "https://orders.example.org"}),
                    },
                    weight=st.integers(1, 3),
                    inheritConfiguration=FLAGS,
                    secondary=FLAGS,
                    tenants=st.lists(WORDS, max_size=1),
                    sharedConfigurationOverride=CONFIGURATION,
                ),
                "name",
            ).filter(bool),
        },
        loadBalancer=st.sampled_from([{"type": "RANDOM"}, {}]),
        sharedConfiguration=CONFIGURATION,
        http=st.just({"keepAlive": True}),
    ),
    min_size=1,
    max_size=2,
    unique_by=lambda group: group["name"],
).map(_endpoints_named)
API_BODIES = some(
    {
        "hrid": st.just("shop-orders"),
        "name": st.sampled_from(["Orders", "orders: eu"]),
        "version": WORDS,
        "type": st.just("PROXY"),
        "lifecycleState": st.sampled_from(["PUBLISHED", "UNPUBLISHED"]),
        "state": st.just("STOPPED"),
        "listeners": LISTENERS,
        "endpointGroups": GROUPS,
    },
    description=TEXTS,
    visibility=st.sampled_from(["PUBLIC", "PRIVATE"]),
    labels=st.lists(WORDS, max_size=3, unique=True),
    categories=st.lists(WORDS, max_size=1),
    groups=st.lists(st.sampled_from(["Support", "nobody"]), max_size=2, unique=True),
    groupRefs=st.just([{"name": "support"}]),
    definitionVersion=st.just("V4"),
    definitionContext=st.just({"origin": "KUBERNETES", "syncFrom": "MANAGEMENT"}),
    analytics=sure({"enabled": FLAGS}),
    flowExecution=sure({"mode": st.sampled_from(["DEFAULT", "BEST_MATCH"])}, matchRequired=FLAGS),
    failover=sure({}, enabled=FLAGS, maxRetries=st.integers(1, 3), perSubscription=FLAGS),
    notifyMembers=FLAGS,
    flows=FLOWS,
    plans=PLANS,
    pages=PAGES,
    properties=named(sure({"key": WORDS, "value": WORDS}, encrypted=st.just(False), dynamic=FLAGS), "key"),
    resources=named(
        sure({"name": WORDS, "type": st.just("cache"), "configuration": PLUGIN}, enabled=FLAGS), "name"
    ),
    metadata=named(
        sure({"key": st.sampled_from(["team", "cost-center"]), "name": WORDS, "format": st.just("STRING")},
             value=WORDS),
        "key",
    ),
    responseTemplates=st.just({"DEFAULT": {"*/*": {"status": 418, "headers": {"X-Empty": ""}}}}),
    members=named(
        sure(
            {
                "source": st.just("memory"),
                "sourceId": st.sampled_from(["admin", "gone"]),
                "role": st.just("USER"),
            }
        ),
        "sourceId",
    ),
)  # fmt: skip
