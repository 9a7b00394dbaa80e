"""Data: native Kafka, streams and models."""

from __future__ import annotations

from reconciler.simulator.demo.backends import (
    http_endpoints,
    kafka_endpoints,
    native_endpoints,
    native_listener,
    proxy,
    proxy_group,
)
from reconciler.simulator.demo.folders import EU, STAGE, Folder
from reconciler.simulator.demo.manifests import (
    Spec,
    api_key,
    jwt,
    key_less,
    manifest,
    members,
    oauth2,
    prop,
    resource_ref,
    v4,
)
from reconciler.simulator.demo.policies import flow, message_flow, rate_limit, set_headers

TEAM = "data"
BROKERS = "kafka-0.kafka.data.svc:9092,kafka-1.kafka.data.svc:9092"


def folders() -> list[Folder]:
    """Europe and staging, from the same manifests."""
    return [Folder(TEAM, "base", (EU, STAGE), {**_streams(), **_models()}, "data engineering")]


def _api(name: str, spec: Spec, kind: str) -> list[Spec]:
    return [manifest("ApiV4Definition", TEAM, name, spec, labels={"kind": kind})]


def _native(title: str, about: str, host: str, plans: Spec, **fields: object) -> Spec:
    return v4(
        "NATIVE",
        title,
        "1.0.0",
        about,
        listeners=[native_listener(host)],
        endpointGroups=native_endpoints(BROKERS),
        plans=plans,
        **fields,
    )


def _streams() -> dict[str, list[Spec]]:
    clicks = _native(
        "Clickstream",
        "Every click in shop and apps, as a Kafka topic.",
        "clicks.kafka.example.org",
        {
            "producers": {
                **api_key("Producers"),
                "bootstrapPort": 9094,
                "brokerRangeStart": 9100,
                "brokerRangeEnd": 9110,
            },
            "analysts": jwt("Analysts"),
        },
        flows=[
            {
                "name": "Anonymise",
                "enabled": True,
                "publish": [set_headers(X_Anonymous="true")],
            }
        ],
    )
    orders = _native(
        "Orders Stream",
        "Orders as they happen, for warehouses of data.",
        "orders.kafka.example.org",
        {"lake": oauth2("Lake", scopes=("orders:read",))},
        resources=[resource_ref("login")],
    )
    ingest = v4(
        "MESSAGE",
        "Metrics Ingest",
        "1.3.0",
        "Takes measurements over HTTP and writes them to Kafka.",
        listeners=[
            {
                "type": "HTTP",
                "paths": [{"path": "/data/metrics"}],
                "entrypoints": [{"type": "http-post", "qos": "AUTO"}, {"type": "http-get", "qos": "AUTO"}],
            }
        ],
        endpointGroups=kafka_endpoints("metrics.raw", BROKERS),
        flows=[message_flow("Stamp", publish=[set_headers(X_Source="{#request.headers['x-source']}")])],
        plans={"agents": api_key("Agents", header="X-Agent")},
    )
    return {
        "clickstream.yaml": _api("clickstream", clicks, "stream"),
        "orders-stream.yaml": _api("orders-stream", orders, "stream"),
        "metrics-ingest.yaml": _api("metrics-ingest", ingest, "stream"),
    }


def _models() -> dict[str, list[Spec]]:
    customer = proxy(
        "Customer 360",
        "0.12.0",
        "All we know of a customer, joined.",
        "/data/customers",
        http_endpoints("http://c360.data.svc:8080", read_timeout=8000),
        plans={"analysts": jwt("Analysts", issuer="https://staff.example.org")},
        members=members("priya.raman"),
        groupRefs=[{"name": "security", "namespace": "platform"}],
    )
    features = proxy(
        "Feature Store",
        "2.1.0",
        "Features for models, online.",
        "/data/features",
        "http://features.data.svc:6566",
        flows=[flow("Guard", [rate_limit(2000)])],
        plans={"models": jwt("Models")},
    )
    assistant = v4(
        "LLM_PROXY",
        "Shopping Assistant",
        "0.2.0",
        "Answers questions about articles, through a language model.",
        listeners=[
            {
                "type": "HTTP",
                "paths": [{"path": "/data/assistant"}],
                "entrypoints": [{"type": "llm-proxy", "qos": "AUTO"}],
            }
        ],
        endpointGroups=proxy_group(
            "llm-proxy",
            "models",
            "inside",
            {
                "provider": "OPEN_AI_COMPATIBLE",
                "target": "http://models.data.svc:8000/v1",
                "models": [{"name": "assistant-small"}, {"name": "assistant-large"}],
                "authentication": {"type": "API_KEY", "apiKey": "[[ secret `models/key` ]]"},
            },
        ),
        flowExecution={"mode": "DEFAULT", "matchRequired": False},
        properties=[prop("max-tokens", "800")],
        plans={"shop": jwt("Shop services")},
    )
    flags = proxy(
        "Feature Flags",
        "1.0.0",
        "Switches for everything that is half done.",
        "/data/flags",
        "http://flags.data.svc:8080",
        plans={"services": jwt("Services")},
    )
    schema = proxy(
        "Schema Registry",
        "1.0.0",
        "Avro schemas of all topics.",
        "/data/schemas",
        "http://registry.data.svc:8081",
        plans={"open": key_less("Readers")},
    )
    return {
        "customer-360.yaml": _api("customer-360", customer, "model"),
        "feature-store.yaml": _api("feature-store", features, "model"),
        "shopping-assistant.yaml": _api("shopping-assistant", assistant, "model"),
        "feature-flags.yaml": _api("feature-flags", flags, "flags"),
        "schema-registry.yaml": _api("schema-registry", schema, "registry"),
    }
