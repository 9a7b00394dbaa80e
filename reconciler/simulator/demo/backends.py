"""Listeners and endpoints: where an API is reached, and what stands behind it."""

from __future__ import annotations

from typing import Any

from reconciler.simulator.demo.manifests import Spec, v4


def http_listener(path: str, *, host: str = "", cors: tuple[str, ...] = ()) -> Spec:
    """An HTTP listener on one context path; `cors` lists allowed origins."""
    where: Spec = {"host": host, "path": path, "overrideAccess": True} if host else {"path": path}
    listener: Spec = {
        "type": "HTTP",
        "paths": [where],
        "entrypoints": [{"type": "http-proxy", "qos": "AUTO"}],
    }
    if cors:
        listener["cors"] = {
            "enabled": True,
            "allowOrigin": list(cors),
            "allowMethods": ["GET", "POST", "OPTIONS"],
            "allowHeaders": ["authorization", "content-type", "x-request-id"],
            "maxAge": 600,
        }
    return listener


def http_endpoints(
    *targets: str, check: str = "", read_timeout: int = 0, balance: str = "ROUND_ROBIN", backup: str = ""
) -> list[Spec]:
    """One group of HTTP backends.

    Args:
        targets: their URLs.
        check: path of a health check; empty for none.
        read_timeout: milliseconds; 0 leaves the server's own.
        backup: URL of a second group that is used when the first one fails.
    """
    endpoints = [
        {
            "name": "backend" if len(targets) == 1 else f"backend-{number}",
            "type": "http-proxy",
            "weight": 1,
            "inheritConfiguration": True,
            "configuration": {"target": target},
        }
        for number, target in enumerate(targets, 1)
    ]
    group: Spec = {"name": "default", "type": "http-proxy", "loadBalancer": {"type": balance}}
    if read_timeout:
        group["sharedConfiguration"] = {
            "http": {"connectTimeout": 2000, "readTimeout": read_timeout, "maxConcurrentConnections": 100}
        }
    group["endpoints"] = endpoints
    if check:
        group["services"] = {
            "healthCheck": {
                "enabled": True,
                "overrideConfiguration": False,
                "type": "http-health-check",
                "configuration": {
                    "schedule": "*/10 * * * * *",
                    "method": "GET",
                    "target": check,
                    "successThreshold": 2,
                    "failureThreshold": 3,
                    "assertion": "{#response.status == 200}",
                },
            }
        }
    groups = [group]
    if backup:
        spare = {
            "name": "spare",
            "type": "http-proxy",
            "inheritConfiguration": False,
            "secondary": True,
            "configuration": {"target": backup},
        }
        groups.append({"name": "fallback", "type": "http-proxy", "endpoints": [spare]})
    return groups


def kafka_endpoints(topic: str, brokers: str, *, group: str = "", protocol: str = "PLAINTEXT") -> list[Spec]:
    """One Kafka endpoint of a message API; `group` consumes, without it messages are produced."""
    configuration: Spec = {"security": {"protocol": protocol}}
    if group:
        configuration["consumer"] = {"enabled": True, "topics": [topic], "autoOffsetReset": "latest"}
    else:
        configuration["producer"] = {"enabled": True, "topics": [topic], "compressionType": "gzip"}
    endpoint = {
        "name": "kafka",
        "type": "kafka",
        "weight": 1,
        "inheritConfiguration": True,
        "configuration": {"bootstrapServers": brokers},
    }
    return [
        {"name": "events", "type": "kafka", "sharedConfiguration": configuration, "endpoints": [endpoint]}
    ]


def native_listener(host: str) -> Spec:
    """A listener for Kafka clients, under a host name of its own."""
    return {"type": "KAFKA", "host": host, "port": 9092, "entrypoints": [{"type": "native-kafka"}]}


def native_endpoints(brokers: str) -> list[Spec]:
    """One group with a Kafka cluster behind a native API."""
    endpoint = {
        "name": "kafka",
        "type": "native-kafka",
        "weight": 1,
        "inheritConfiguration": True,
        "configuration": {"bootstrapServers": brokers},
    }
    security = {"security": {"protocol": "PLAINTEXT"}}
    return [
        {"name": "brokers", "type": "native-kafka", "sharedConfiguration": security, "endpoints": [endpoint]}
    ]


def proxy_group(kind: str, name: str, endpoint: str, configuration: Spec) -> list[Spec]:
    """One group of one endpoint of a proxy for models, tools or agents (`llm-proxy`, `mcp-proxy`)."""
    inside = {"name": endpoint, "type": kind, "inheritConfiguration": False, "configuration": configuration}
    return [{"name": name, "type": kind, "endpoints": [inside]}]


def proxy(title: str, version: str, about: str, path: str, target: str | list[Spec], **fields: Any) -> Spec:
    """The spec of an HTTP proxy API: a path, one backend URL or endpoint groups, then what else it has."""
    groups = http_endpoints(target) if isinstance(target, str) else target
    listeners = fields.pop("listeners", None) or [http_listener(path)]
    return v4("PROXY", title, version, about, listeners=listeners, endpointGroups=groups, **fields)
