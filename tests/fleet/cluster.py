"""Putting many manifests onto a cluster, real or simulated, as a GitOps tool would: server-side apply."""

from __future__ import annotations

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

GROUP_PATH = "/apis/gravitee.io/v1alpha1"
_PLURALS = {
    "ApiV4Definition": "apiv4definitions",
    "ApiDefinition": "apidefinitions",
    "ManagementContext": "managementcontexts",
}


def object_path(manifest: dict[str, Any]) -> str:
    """The path of an object at its API server."""
    metadata = manifest["metadata"]
    plural = _PLURALS[manifest["kind"]]
    return f"{GROUP_PATH}/namespaces/{metadata['namespace']}/{plural}/{metadata['name']}"


def make_namespaces(client: httpx.Client, names: Iterable[str]) -> None:
    """Create namespaces that are not there yet."""
    for name in names:
        answer = client.post("/api/v1/namespaces", json={"metadata": {"name": name}})
        if answer.status_code != httpx.codes.CONFLICT:
            answer.raise_for_status()


def apply_all(
    client: httpx.Client, manifests: Iterable[dict[str, Any]], *, manager: str = "argocd-controller"
) -> None:
    """Server-side apply every manifest, a few at a time."""

    def apply(manifest: dict[str, Any]) -> None:
        client.patch(
            object_path(manifest),
            params={"fieldManager": manager, "force": "true"},
            content=json.dumps(manifest),
            headers={"Content-Type": "application/apply-patch+yaml"},
        ).raise_for_status()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(apply, manifests))
