"""What a team keeps in the repository: folders of manifest files, each meant for some clusters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.model.keys import ResourceKey
from reconciler.simulator.demo.manifests import Spec

EU, US, STAGE, SILENT = "prod-eu", "prod-us", "stage", "dr-eu"
"""The clusters of the demo; the last one accepts connections and never answers."""
ENVIRONMENTS = {EU: "prod-eu", US: "prod-us", STAGE: "stage", SILENT: "dr-eu"}
"""The APIM environment of each cluster; that of the silent one was never made."""
PLANES = {EU: "apim-prod-eu", US: "apim-prod-us", STAGE: "apim-stage"}
"""What gko-tui.yaml calls the environment of each cluster."""
SERVED = {"apim-prod-eu": (EU, US), "apim-prod-us": (US,), "apim-stage": (STAGE,)}
"""The clusters whose resources each environment holds; America has a context for Europe, too."""
APIM_URL = "https://apim.example.org"
"""Where ManagementContexts say that APIM is: a name for pods. gko-tui.yaml says where it is from here."""
ANSWERING = (EU, US, STAGE)
CLUSTERS = (*ANSWERING, SILENT)


@dataclass(frozen=True, slots=True)
class Folder:
    """One application: `apps/TEAM/NAME` with its files, and the clusters it goes to.

    `files` maps a file name to its documents; `namespaced` is False where the manifests leave the
    namespace to the application.
    """

    team: str
    name: str
    clusters: tuple[str, ...]
    files: dict[str, list[Spec]]
    comment: str = ""
    namespaced: bool = True

    @property
    def path(self) -> str:
        """Where it stands in the repository."""
        return f"apps/{self.team}/{self.name}"

    @property
    def application(self) -> str:
        """The name of the application in gko-tui.yaml and in the GitOps tool."""
        return f"{self.team}-{self.name}"


def key_of(cluster: str, document: Mapping[str, Any], folder: Folder) -> ResourceKey:
    """The resource that a document of a folder means on a cluster."""
    metadata = document["metadata"]
    return ResourceKey(cluster, document["kind"], metadata.get("namespace", folder.team), metadata["name"])
