"""The demo's gateways: which there are, what they serve, how they are found; and their life while it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from reconciler.simulator.apim import Apim, Gateway, GatewayServer
from reconciler.simulator.demo.folders import ENVIRONMENTS, EU, PLANES, STAGE, US
from reconciler.simulator.gko.config_maps import LABELS
from reconciler.simulator.kube.builtin import CONFIG_MAPS
from reconciler.simulator.kube.cluster import SimCluster

TECHNICAL_PORT, TECHNICAL_USER = 18082, "admin"
SELECTOR = "app.kubernetes.io/name=gateway"
DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class DataPlane:
    """One gateway of one or more pods.

    Attributes:
        cluster: where its pods run.
        namespace: where they are found by `SELECTOR`; empty for a gateway known by its URL only.
        pods: their names.
        tags: its sharding tags.
        central: it reads what APIM publishes for the cluster's environment; else only ConfigMaps.
        age_days: how long its pods have been running.
    """

    name: str
    cluster: str
    namespace: str
    pods: tuple[str, ...]
    tags: tuple[str, ...] = ()
    central: bool = True
    age_days: float = 9.0

    @property
    def control_plane(self) -> str:
        """The name in gko-tui.yaml of what tells it what to run; empty where only its cluster does."""
        return PLANES[self.cluster] if self.central else ""


DATA_PLANES: Final = (
    DataPlane("eu-gw", EU, "gateways", tuple(f"eu-gw-6c9f7-{end}" for end in ("4xkzq", "9tq2m", "hw7lp"))),
    DataPlane("us-gw", US, "", ("us-gw-0",), tags=("us",), age_days=21.4),
    DataPlane("stage-gw", STAGE, "", ("stage-gw-0",), age_days=2.2),
    DataPlane(
        "us-edge",
        US,
        "edge",
        tuple(f"edge-gw-{number}" for number in (0, 1)),
        central=False,
        age_days=33.0,
    ),
)
"""The last one has a reconciler of its own and takes its APIs from ConfigMaps beside it."""


class DataPlanes:
    """The gateways in service.

    Args:
        apim: where the central ones learn what to run.
        clusters: where pods are found, by name.
        clock: seconds since the epoch.
        told_at: until when the story is told.
        password: of the technical API of every pod.

    Attributes:
        gateways: the pods, by name.
    """

    def __init__(
        self,
        apim: Apim,
        clusters: Mapping[str, SimCluster],
        clock: Callable[[], float],
        told_at: float,
        password: str,
    ) -> None:
        self._password = password
        self.gateways: dict[str, Gateway] = {}
        self._clusters = clusters
        self._servers: dict[str, tuple[DataPlane, GatewayServer]] = {}
        for plane in DATA_PLANES:
            for pod in plane.pods:
                began = told_at - plane.age_days * DAY
                with apim.at(began):
                    gateway = self._gateway(plane, pod, apim, clock)
                self.gateways[pod] = gateway
                self._servers[pod] = (plane, GatewayServer(gateway))
                if plane.namespace:
                    _create_pod(clusters[plane.cluster], plane, pod, began)

    async def start(self) -> None:
        """Let every pod listen and poll."""
        for pod, (plane, server) in self._servers.items():
            await server.start()
            if plane.namespace:
                self._clusters[plane.cluster].forwards.open(plane.namespace, pod, TECHNICAL_PORT, server.port)

    async def stop(self) -> None:
        """End every pod. Harmless when already stopped."""
        for _, server in self._servers.values():
            await server.stop()

    def fall_behind(self, pod: str, identifier: str) -> None:
        """Let one pod miss the newest deployment of an API."""
        self.gateways[pod].fall_behind(identifier)

    def urls(self) -> dict[str, str]:
        """The URL of the technical API of each pod, known once they are started."""
        return {pod: server.url for pod, (_, server) in self._servers.items()}

    def settings(self, password_file: str) -> list[dict[str, Any]]:
        """The gateways as gko-tui.yaml declares them.

        Args:
            password_file: where the password of the technical API stands, beside the configuration.
        """
        found = []
        for plane in DATA_PLANES:
            entry: dict[str, Any] = {"name": plane.name}
            if plane.namespace:
                entry |= {"cluster": plane.cluster, "namespace": plane.namespace, "selector": SELECTOR}
            else:
                entry["url"] = self._servers[plane.pods[0]][1].url
            if plane.control_plane:
                entry["control_plane"] = plane.control_plane
            else:
                entry["mode"] = "kubernetes"
            entry["tags"] = list(plane.tags)
            entry["auth"] = {"username": TECHNICAL_USER, "password_file": password_file}
            found.append(entry)
        return found

    def _gateway(self, plane: DataPlane, pod: str, apim: Apim, clock: Callable[[], float]) -> Gateway:
        cluster = self._clusters[plane.cluster]
        return Gateway(
            apim,
            pod,
            tags=plane.tags,
            environments=(ENVIRONMENTS[plane.cluster],) if plane.central else (),
            clock=clock,
            from_repository=plane.central,
            config_maps=None if plane.central else lambda: config_maps(cluster),
            credentials=(TECHNICAL_USER, self._password),
        )


def config_maps(cluster: SimCluster) -> list[dict[str, Any]]:
    """The ConfigMaps of a cluster that hold APIs."""
    with cluster.lock:
        found = [orjson.loads(stored.raw) for stored in cluster.store.table(CONFIG_MAPS).objects.values()]
    return [body for body in found if LABELS.items() <= body["metadata"].get("labels", {}).items()]


def _create_pod(cluster: SimCluster, plane: DataPlane, pod: str, at: float) -> None:
    label, _, value = SELECTOR.partition("=")
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": pod, "namespace": plane.namespace, "labels": {label: value}},
        "spec": {
            "nodeName": f"node-{plane.pods.index(pod) + 1}",
            "containers": [
                {
                    "name": "gateway",
                    "image": "graviteeio/apim-gateway:4.12.14",
                    "ports": [
                        {"name": "http", "containerPort": 8082, "protocol": "TCP"},
                        {"name": "gateway-admin", "containerPort": TECHNICAL_PORT, "protocol": "TCP"},
                    ],
                }
            ],
        },
    }
    made = cluster.create(body, manager="kube-controller-manager", at=at)
    running = {**made, "status": {"phase": "Running", "podIP": f"10.4.{len(pod)}.{ord(pod[-1])}"}}
    cluster.update(running, manager="kubelet", at=at + 20, subresource="status")
