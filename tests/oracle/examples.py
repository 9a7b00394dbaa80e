"""The manifests that the oracle starts from: every example of group gravitee.io that a cluster takes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from reconciler.rules.schema import Schema

GROUP = "gravitee.io/v1alpha1"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind with its schema and its name in URLs."""

    name: str
    plural: str
    schema: Schema


def kinds(crds: Path) -> dict[str, Kind]:
    """Every kind with a CRD in a folder."""
    found = {}
    for path in sorted(crds.glob("*.yaml")):
        crd = yaml.load(path.read_text(), yaml.CSafeLoader)["spec"]
        schema = Schema(crd["versions"][0]["schema"]["openAPIV3Schema"])
        found[crd["names"]["kind"]] = Kind(crd["names"]["kind"], crd["names"]["plural"], schema)
    return found


def manifests(examples: Path) -> list[dict[str, Any]]:
    """Every document of the group in a folder, without namespace, each under a name of its own."""
    found: list[dict[str, Any]] = []
    for path in sorted(examples.rglob("*.y*ml")):
        for document in yaml.load_all(path.read_text(), yaml.CSafeLoader):
            if not isinstance(document, dict) or document.get("apiVersion") != GROUP:
                continue
            metadata = {
                k: v for k, v in document.get("metadata", {}).items() if k in ("labels", "annotations")
            }
            found.append({**document, "metadata": {**metadata, "name": f"example-{len(found):03}"}})
    return found
