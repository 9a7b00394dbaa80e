"""Looks at a cluster: its operators, what only GKO serves, and where its webhooks lead.

What may not be read is said, never taken for absent.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from reconciler.cluster.kinds import served_kinds
from reconciler.cluster.leases import holder_of
from reconciler.engine.charge.obstacles import GATEWAY_CONTROLLER, Surveyed, Webhook, is_known
from reconciler.engine.charge.operators import LEASE, Instance
from reconciler.engine.charge.recording import read_record
from reconciler.model.errors import ClusterError
from reconciler.model.keys import GROUP

if TYPE_CHECKING:
    from reconciler.cluster.client import KubeClient

_CONFIG = "gko-config"
_PODS = "control-plane=controller-manager"
"""The label of GKO's Deployment (DOMAIN §2.8)."""
_GATEWAY_API = "gateway.networking.k8s.io"
_ROUTES = "Route"
_PAGE = 500
_ADMISSION = "/apis/admissionregistration.k8s.io/v1"


async def instances_of(client: KubeClient) -> tuple[Instance, ...]:
    """The operators of a cluster: one for each lease of GKO's name.

    Raises:
        GkoError: they may not be listed, or a take-over's record cannot be read.
    """
    found = [
        body
        async for body in _every(client, "/apis/coordination.k8s.io/v1/leases", f"metadata.name={LEASE}")
        if body["metadata"].get("name") == LEASE
    ]
    return tuple(await asyncio.gather(*(_instance(client, body) for body in found)))


async def instance_at(client: KubeClient, namespace: str) -> Instance:
    """The place that a namespace keeps for an operator, whether or not there is a lease yet.

    Raises:
        GkoError: its record cannot be read.
    """
    scope, record = await asyncio.gather(_scope(client, namespace), read_record(client, namespace))
    return Instance(namespace, "", scope, record, await _replicas(client, namespace))


async def survey(client: KubeClient) -> Surveyed:
    """Look for everything that speaks against a take-over; what cannot be read is named, not raised."""
    unreadable: dict[str, str] = {}

    async def read(what: str, path: str) -> list[dict[str, Any]]:
        try:
            return [body async for body in _every(client, path)]
        except ClusterError as error:
            if error.status != 404:  # a kind that the cluster does not serve has no objects
                unreadable[what] = error.sentence()
            return []

    ingresses = await read("ingresses", "/apis/networking.k8s.io/v1/ingresses")
    others: list[dict[str, Any]] = []
    for kind, path in await _kinds(client, GROUP, unreadable):
        if not is_known(kind):
            others += [{**body, "kind": kind} for body in await read(kind, path)]
    gateway_kinds = await _kinds(client, _GATEWAY_API, unreadable)
    paths = dict(gateway_kinds)
    gateways: frozenset[tuple[str, str]] = frozenset()
    routes: list[dict[str, Any]] = []
    if "GatewayClass" in paths and "Gateway" in paths:
        classes = {
            body["metadata"]["name"]
            for body in await read("GatewayClass", paths["GatewayClass"])
            if (body.get("spec") or {}).get("controllerName") == GATEWAY_CONTROLLER
        }
        gateways = frozenset(
            (body["metadata"].get("namespace", ""), body["metadata"]["name"])
            for body in await read("Gateway", paths["Gateway"])
            if (body.get("spec") or {}).get("gatewayClassName") in classes
        )
        for kind, path in gateway_kinds:
            if kind.endswith(_ROUTES):
                routes += [{**body, "kind": kind} for body in await read(kind, path)]
    webhooks = await _webhooks(client, unreadable)
    stated = [{**body, "kind": "Ingress"} for body in ingresses]
    return Surveyed(stated, routes, gateways, others, webhooks, unreadable)


async def webhooks_of(client: KubeClient) -> tuple[tuple[Webhook, ...], dict[str, str]]:
    """The admission webhooks of group gravitee.io that refuse without an answer, and what cannot be read."""
    unreadable: dict[str, str] = {}
    return await _webhooks(client, unreadable), unreadable


# ---------------------------------------------------------------------------------------------------


async def _instance(client: KubeClient, lease: dict[str, Any]) -> Instance:
    namespace = str(lease["metadata"]["namespace"])
    scope, record = await asyncio.gather(_scope(client, namespace), read_record(client, namespace))
    return Instance(namespace, holder_of(lease), scope, record, await _replicas(client, namespace))


async def _scope(client: KubeClient, namespace: str) -> frozenset[str]:
    """The namespaces that GKO serves; what its configuration does not tell is all of them."""
    try:
        body = await client.get(f"/api/v1/namespaces/{quote(namespace, safe='')}/configmaps/{_CONFIG}")
    except ClusterError:
        return frozenset()
    named = str((body.get("data") or {}).get("NAMESPACE") or "")
    return frozenset(name.strip() for name in named.split(",") if name.strip())


async def _replicas(client: KubeClient, namespace: str) -> int | None:
    path = f"/apis/apps/v1/namespaces/{quote(namespace, safe='')}/deployments"
    try:
        body = await client.get(path, labelSelector=_PODS)
    except ClusterError:
        return None
    return sum(int((one.get("status") or {}).get("readyReplicas") or 0) for one in body.get("items") or ())


async def _kinds(client: KubeClient, group: str, unreadable: dict[str, str]) -> list[tuple[str, str]]:
    """The kinds of a group, each with the path of all its objects."""
    try:
        served = await served_kinds(client, group)
    except ClusterError as error:
        unreadable[f"API group {group}"] = error.sentence()
        return []
    return [
        (kind.kind, f"/apis/{group}/{kind.version}/{kind.plural}") for kind in served if "list" in kind.verbs
    ]


async def _webhooks(client: KubeClient, unreadable: dict[str, str]) -> tuple[Webhook, ...]:
    found: dict[tuple[str, str], Webhook] = {}
    for plural in ("validatingwebhookconfigurations", "mutatingwebhookconfigurations"):
        try:
            configurations = [body async for body in _every(client, f"{_ADMISSION}/{plural}")]
        except ClusterError as error:
            if error.status != 404:
                unreadable[plural] = error.sentence()
            continue
        for configuration in configurations:
            for webhook in configuration.get("webhooks") or ():
                if _is_about_us(webhook) and webhook.get("failurePolicy", "Fail") == "Fail":
                    service = (webhook.get("clientConfig") or {}).get("service") or {}
                    place = (str(service.get("namespace") or ""), str(service.get("name") or ""))
                    name = str(webhook.get("name"))
                    if place not in found:
                        found[place] = await _webhook(client, name, place, unreadable)
    return tuple(found.values())


async def _webhook(
    client: KubeClient, name: str, place: tuple[str, str], unreadable: dict[str, str]
) -> Webhook:
    namespace, service = place
    if not service:
        return Webhook(name, "", None)
    path = f"/apis/discovery.k8s.io/v1/namespaces/{quote(namespace, safe='')}/endpointslices"
    try:
        body = await client.get(path, labelSelector=f"kubernetes.io/service-name={service}")
    except ClusterError as error:
        unreadable[f"the endpoints of service {namespace}/{service}"] = error.sentence()
        return Webhook(name, f"{namespace}/{service}", None)
    ready = sum(
        (endpoint.get("conditions") or {}).get("ready") is not False
        for part in body.get("items") or ()
        for endpoint in part.get("endpoints") or ()
    )
    return Webhook(name, f"{namespace}/{service}", ready)


def _is_about_us(webhook: dict[str, Any]) -> bool:
    groups = {group for rule in webhook.get("rules") or () for group in rule.get("apiGroups") or ()}
    return bool(groups & {GROUP, "*"})


async def _every(client: KubeClient, path: str, fields: str = "") -> AsyncIterator[dict[str, Any]]:
    """The objects of a collection, page by page."""
    params: dict[str, object] = {"limit": _PAGE, **({"fieldSelector": fields} if fields else {})}
    while True:
        body = await client.get(path, **params)
        for item in body.get("items") or ():
            if isinstance(item, dict):
                yield item
        following = (body.get("metadata") or {}).get("continue")
        if not following:
            return
        params["continue"] = following
