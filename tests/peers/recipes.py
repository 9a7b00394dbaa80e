"""What can be built, from which Go module, and how its version is stamped in.

The recipes are data, so that `build.py` reads as the procedure and a new peer is one new entry.
Versions are read out of the go.mod files: raising one there is the whole of an upgrade.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PEERS_FOLDER = Path(__file__).resolve().parent

# Without these stamps the server calls itself "v0.0.0-master+$Format:%H$", which no client can compare.
_KUBERNETES_STAMPS = {
    "k8s.io/component-base/version.gitVersion": "{version}",
    "k8s.io/component-base/version.gitMajor": "{major}",
    "k8s.io/component-base/version.gitMinor": "{minor}",
    "k8s.io/component-base/version.gitTreeState": "clean",
    "k8s.io/client-go/pkg/version.gitVersion": "{version}",
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one peer is built.

    Args:
        name: the name of the binary.
        module: the Go module whose version counts as the peer's version.
        package: the main package to build.
        folder: the folder that holds the go.mod and go.sum to build with.
        stamps: Go string variables set at link time; `{version}`, `{major}` and `{minor}` are filled in.
    """

    name: str
    module: str
    package: str
    folder: Path = PEERS_FOLDER
    stamps: Mapping[str, str] = field(default_factory=dict)

    def version(self) -> str:
        """Return the version that go.mod requires, such as "v1.36.3".

        Raises:
            ValueError: go.mod does not require the module.
        """
        text = (self.folder / "go.mod").read_text(encoding="utf-8")
        found = re.search(rf"^(?:require)?\s*{re.escape(self.module)} (v\S+)", text, re.MULTILINE)
        if found is None:
            raise ValueError(f"{self.folder.name}/go.mod does not require {self.module}")
        return found.group(1)

    def ldflags(self) -> str:
        """Return the linker's flags: no symbol tables (a third of the size), and the version stamps."""
        version = self.version()
        major, minor, *_ = version.removeprefix("v").split(".")
        stamps = [
            f"-X {variable}={value.format(version=version, major=major, minor=minor)}"
            for variable, value in self.stamps.items()
        ]
        return " ".join(["-s -w", *stamps])


def _kubernetes(name: str) -> Recipe:
    return Recipe(name, "k8s.io/kubernetes", f"k8s.io/kubernetes/cmd/{name}", stamps=_KUBERNETES_STAMPS)


RECIPES: Mapping[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        _kubernetes("kube-apiserver"),
        Recipe("etcd", "go.etcd.io/etcd/server/v3", "go.etcd.io/etcd/server/v3"),
        _kubernetes("kubectl"),
        _kubernetes("kube-controller-manager"),
        Recipe(
            "kustomize",
            "sigs.k8s.io/kustomize/kustomize/v5",
            "sigs.k8s.io/kustomize/kustomize/v5",
            PEERS_FOLDER / "kustomize",
            {"sigs.k8s.io/kustomize/api/provenance.version": "{version}"},
        ),
        Recipe(
            "helm",
            "helm.sh/helm/v4",
            "helm.sh/helm/v4/cmd/helm",
            PEERS_FOLDER / "helm",
            {"helm.sh/helm/v4/internal/version.version": "{version}"},
        ),
    )
}

# What a control plane needs; the rest is built only when somebody asks for it.
DEFAULT_PEERS = ("etcd", "kube-apiserver")
