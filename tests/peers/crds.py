"""Give a real cluster its custom resources, and return only when they can be used.

"Established" is not enough: discovery follows a little later, and the first list may meet a watch cache
that is still filling. A test that starts there would fail now and then.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

_COLLECTION = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


class CrdsNotServed(Exception):
    """The API server refused a CRD, or did not serve its resources in time."""


@dataclass(frozen=True, slots=True, order=True)
class ServedResource:
    """A custom resource in one of the versions that are served."""

    group: str
    version: str
    plural: str
    kind: str

    @property
    def list_path(self) -> str:
        """The path of the list over all namespaces."""
        return f"/apis/{self.group}/{self.version}/{self.plural}"


def apply_crds(client: httpx.Client, paths: Iterable[Path], *, timeout: float = 60.0) -> list[ServedResource]:
    """Apply the CRDs in YAML files by server-side apply, and wait until their resources answer.

    Args:
        client: a client with an administrator's rights.
        paths: YAML files, or folders whose *.yaml and *.yml are taken; other documents in them are skipped.
        timeout: seconds to wait for all of them together.

    Returns:
        every served version of every CRD, sorted.

    Raises:
        CrdsNotServed: one was refused or did not come into service in time.
    """
    documents = list(_documents(paths))
    deadline = time.monotonic() + timeout
    for document in documents:
        name = document["metadata"]["name"]
        answer = client.patch(
            f"{_COLLECTION}/{name}",
            params={"fieldManager": "tests", "force": "true"},
            json=document,
            headers={"Content-Type": "application/apply-patch+yaml"},
        )
        if answer.is_error:
            raise CrdsNotServed(f"CRD {name} was refused ({answer.status_code}): {answer.text}")
    wanted = sorted(resource for document in documents for resource in _served(document))
    waiting = list(wanted)
    while waiting := _not_yet_served(client, waiting):
        if time.monotonic() > deadline:
            names = ", ".join(
                f"{resource.plural}.{resource.group}/{resource.version}" for resource in waiting
            )
            raise CrdsNotServed(f"not served after {timeout:g} s: {names}")
        time.sleep(0.05)
    return wanted


def _documents(paths: Iterable[Path]) -> Iterator[dict[str, Any]]:
    # One of GKO's CRDs is half a megabyte: PyYAML's own parser would need seconds for it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for path in paths:
        files = sorted(path.glob("*.y*ml")) if path.is_dir() else [path]
        for file in files:
            for document in yaml.load_all(file.read_bytes(), Loader=loader):
                if isinstance(document, dict) and document.get("kind") == "CustomResourceDefinition":
                    yield document


def _served(document: dict[str, Any]) -> Iterator[ServedResource]:
    spec = document["spec"]
    for version in spec["versions"]:
        if version["served"]:
            names = spec["names"]
            yield ServedResource(spec["group"], version["name"], names["plural"], names["kind"])


def _not_yet_served(client: httpx.Client, resources: Sequence[ServedResource]) -> list[ServedResource]:
    if not resources:
        return []
    known = _discovered(client)
    return [
        resource
        for resource in resources
        if (resource.group, resource.version, resource.plural) not in known
        or not _lists(client, f"/apis/{resource.group}/{resource.version}", resource.plural)
        or client.get(resource.list_path, params={"limit": 1}).status_code != httpx.codes.OK
    ]


def _discovered(client: httpx.Client) -> set[tuple[str, str, str]]:
    """Return (group, version, plural) of all that the aggregated discovery names."""
    answer = client.get("/apis", headers={"Accept": _AGGREGATED})
    if answer.is_error:
        return set()
    return {
        (group["metadata"]["name"], version["version"], resource["resource"])
        for group in answer.json()["items"]
        for version in group.get("versions", ())
        for resource in version.get("resources", ())
    }


def _lists(client: httpx.Client, path: str, plural: str) -> bool:
    """Say whether the older, per-version discovery names the resource, too."""
    answer = client.get(path)
    return answer.is_success and any(resource["name"] == plural for resource in answer.json()["resources"])
