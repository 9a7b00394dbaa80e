"""A cluster and an APIM on loopback, with everything in it that a control plane can hold."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from reconciler.cluster.client import KubeClient
from reconciler.control_plane.client import ControlPlaneClient
from reconciler.control_plane.contexts import target_from_context
from reconciler.control_plane.places import Login, Target
from reconciler.control_plane.refs import API, API_V2, SUBSCRIPTION, StateRef
from reconciler.control_plane.transport import open_control_plane
from reconciler.simulator.apim import Apim, ApimServer
from reconciler.simulator.kube.cluster import SimCluster
from tests.unit.control_plane.bodies import api_body, console_body

PASSWORD = "correct-horse-battery"
V2_ID = str(UUID(int=0xABC))
USER = "gko"


def context(url: str, *, secret: str | None = "apim-credentials", **spec: Any) -> dict[str, Any]:
    """A ManagementContext that takes its credentials from a Secret beside it."""
    auth = {"auth": {"secretRef": {"name": secret}}} if secret else {}
    return {
        "apiVersion": "gravitee.io/v1alpha1",
        "kind": "ManagementContext",
        "metadata": {"name": "apim", "namespace": "platform"},
        "spec": {
            "baseUrl": url,
            "organizationId": "DEFAULT",
            "environmentId": "DEFAULT",
            **auth,
            **spec,
        },
    }


def secret(**data: str) -> dict[str, Any]:
    """The Secret that the context names."""
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "apim-credentials", "namespace": "platform"},
        "data": encoded,
    }


def filled_apim() -> Apim:
    """An APIM that holds one of each kind, an API of the Console and one of version 2."""
    apim = Apim(time.time)
    apim.add_user(USER, PASSWORD, administrator=True)
    body = api_body("shop-orders", plan="keyed")
    body["plans"][0]["security"] = {"type": "API_KEY"}
    apim.put_api("DEFAULT", body)
    others: list[tuple[str, dict[str, Any], str]] = [
        ("applications", {"hrid": "shop-app", "name": "A", "description": "a", "settings": {"app": {}}}, ""),
        (
            "subscriptions",
            {"hrid": "shop-sub", "applicationHrid": "shop-app", "planHrid": "keyed"},
            "shop-orders",
        ),
        ("groups", {"hrid": "shop-team", "name": "Team", "members": []}, ""),
        (
            "dictionaries",
            {
                "hrid": "shop-words",
                "name": "Words",
                "description": "d",
                "type": "MANUAL",
                "deployed": True,
                "manual": {"properties": {"a": "b"}},
            },
            "",
        ),
        (
            "shared-policy-groups",
            {
                "hrid": "shop-policies",
                "name": "P",
                "description": "d",
                "apiType": "PROXY",
                "phase": "REQUEST",
                "steps": [],
            },
            "",
        ),
        ("portals", {"hrid": "shop-portal", "name": "Portal", "navigation": [{"path": "/docs"}]}, ""),
        (
            "portal-listings",
            {"hrid": "shop-list", "apis": [{"apiHrid": "shop-orders", "location": "/docs", "order": 1}]},
            "shop-portal",
        ),
        ("portal-documentations", page("shop-start"), "shop-portal"),
        ("api-documentations", page("shop-guide"), "shop-orders"),
    ]
    for kind, held, parent in others:
        apim.put("DEFAULT", kind, held, parent=parent)
    apim.make_console_api("DEFAULT", console_body("Handmade"))
    apim.put_v2_api("DEFAULT", v2_body())
    return apim


def page(hrid: str) -> dict[str, Any]:
    """A Documentation's body."""
    return {
        "hrid": hrid,
        "name": "Guide",
        "type": "GRAVITEE_MARKDOWN",
        "content": "# hi",
        "location": "/docs",
    }


def v2_body(**changes: Any) -> dict[str, Any]:
    """An API of version 2, as Management v1 takes it."""
    return {
        "id": V2_ID,
        "crossId": V2_ID,
        "name": "Old",
        "version": "1",
        "proxy": {"virtual_hosts": [{"path": "/old"}], "groups": []},
        "plans": [
            {"id": str(UUID(int=8)), "crossId": str(UUID(int=8)), "name": "free", "security": "KEY_LESS"}
        ],
        "state": "STARTED",
        **changes,
    }


ORDERS = StateRef(API, "shop-orders")
SUB = StateRef(SUBSCRIPTION, "shop-sub", "shop-orders")
EVERYTHING = (
    ORDERS,
    SUB,
    StateRef("Application", "shop-app"),
    StateRef("Group", "shop-team"),
    StateRef("Dictionary", "shop-words"),
    StateRef("SharedPolicyGroup", "shop-policies"),
    StateRef("PortalListing", "shop-list", "shop-portal"),
    StateRef("Documentation", "shop-start", "shop-portal", parent_kind="Portal"),
    StateRef("Documentation", "shop-guide", "shop-orders", parent_kind=API),
    StateRef("Portal", "shop-portal"),
    StateRef(API_V2, V2_ID),
)


async def discovered(cluster: KubeClient) -> Target:
    """Find the control plane as the engine does: the context and its Secret, with the user's own rights."""

    async def read_secret(namespace: str, name: str) -> Mapping[str, str]:
        body = await cluster.get(f"/api/v1/namespaces/{namespace}/secrets/{name}")
        return {key: base64.b64decode(value).decode() for key, value in body.get("data", {}).items()}

    contexts = "/apis/gravitee.io/v1alpha1/namespaces/platform/managementcontexts/apim"
    return await target_from_context("eu", await cluster.get(contexts), read_secret)


def declared(url: str, *, password: str = PASSWORD, **changes: Any) -> Target:
    """A control plane whose address and credentials are known."""

    async def login() -> Login:
        return Login(username=USER, password=password)

    values: dict[str, Any] = {
        "name": "prod",
        "server": url,
        "organization": "DEFAULT",
        "environment": "DEFAULT",
        "logins": (login,),
        "timeout_s": 5.0,
    }
    return Target(**{**values, **changes})


def opened(target: Target) -> ControlPlaneClient:
    """A client over real sockets, without this machine's proxies."""
    return open_control_plane(target, environ={})


def give_context(cluster: SimCluster, url: str, **data: str) -> None:
    """Put the context and its Secret into a cluster."""
    cluster.create(secret(**(data or {"username": USER, "password": PASSWORD})), manager="kubectl")
    cluster.create(context(url), manager="kubectl")


def server_of(apim: Apim) -> ApimServer:
    """Serve it; the caller starts and stops it."""
    return ApimServer(apim)
