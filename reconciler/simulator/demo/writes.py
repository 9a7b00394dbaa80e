"""What was written to each cluster, when and by whom: the GitOps tools' syncs and people's hands.

Pure: a list in the order of time, which `seeding` then plays against a simulated API server. What GKO
adds to every object is not in it; it follows each write.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass

from reconciler.model.keys import GROUP, ResourceKey
from reconciler.simulator.demo.folders import EU, STAGE, US, Folder, key_of
from reconciler.simulator.demo.incidents import INCIDENTS
from reconciler.simulator.demo.makings import (
    ClusterCreate,
    ClusterDelete,
    ClusterEdit,
    Incident,
    NotPruned,
    NotYetSynced,
    RefusedByGitOps,
)
from reconciler.simulator.demo.manifests import Spec
from reconciler.simulator.demo.timeline import Timeline

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Tool:
    """A GitOps tool: the field manager it writes as, whether it applies on the server's side, its delay."""

    name: str
    manager: str
    server_side: bool
    delay: float
    """Seconds between a commit and the sync."""


ARGO_EU = Tool("argocd", "argocd-controller", server_side=False, delay=96.0)
ARGO_US = Tool("argocd", "argocd-controller", server_side=False, delay=141.0)
FLUX = Tool("flux", "kustomize-controller", server_side=True, delay=38.0)
BY_HAND = Tool("kubectl", "kubectl-client-side-apply", server_side=False, delay=600.0)

TOOLS = {EU: ARGO_EU, US: ARGO_US, STAGE: FLUX}


@dataclass(frozen=True, slots=True)
class Sync:
    """A tool brings a document as Git has it (`body` with the tool's marks)."""

    at: float
    key: ResourceKey
    body: Spec
    tool: Tool


@dataclass(frozen=True, slots=True)
class Edit:
    """A person writes one value (ABSENT: takes it away)."""

    at: float
    key: ResourceKey
    manager: str
    path: str
    value: object


@dataclass(frozen=True, slots=True)
class Create:
    """A person makes an object."""

    at: float
    key: ResourceKey
    manager: str
    body: Spec


@dataclass(frozen=True, slots=True)
class Delete:
    """The object goes: pruned, or deleted by a person."""

    at: float
    key: ResourceKey


Write = Sync | Edit | Create | Delete


def writes_to(cluster: str, timeline: Timeline, now: float) -> list[Write]:
    """Return everything that was written to one cluster, oldest first.

    Args:
        cluster: its name.
        timeline: the history in Git.
        now: seconds since the epoch; people's writes are hours before it.
    """
    withheld = {
        (incident.made.commit, key)
        for incident in INCIDENTS
        if isinstance(incident.made, (NotYetSynced, NotPruned, RefusedByGitOps))
        for key in incident.keys
    }
    found = [write for commit, write in _syncs(cluster, timeline) if (commit, write.key) not in withheld]
    found += [write for incident in INCIDENTS for write in _by_hand(incident, cluster, now)]
    return sorted(found, key=lambda write: write.at)


def _syncs(cluster: str, timeline: Timeline) -> Iterator[tuple[str, Write]]:
    """Every sync of every commit, with the commit's id."""
    held: dict[str, tuple[ResourceKey, ...]] = {}
    for step in timeline.steps:
        for path, state in step.files.items():
            folder = timeline.folder_of.get(path)
            if folder is None or cluster not in folder.clusters:
                continue
            tool = _tool(cluster, folder)
            if state is None:
                for key in held.pop(path, ()):
                    yield step.commit.id, Delete(step.at + tool.delay, key)
                continue
            keys = tuple(key_of(cluster, document, folder) for document in state.documents)
            held[path] = keys or held.get(path, ())
            for key, document in zip(keys, state.documents, strict=True):
                body = _marked(document, key, folder, tool)
                yield step.commit.id, Sync(step.at + tool.delay, key, body, tool)


def _tool(cluster: str, folder: Folder) -> Tool:
    # The chicken and the egg: somebody has to make the contexts before a tool is in charge.
    return BY_HAND if folder.name.startswith("context-") else TOOLS[cluster]


def _marked(document: Spec, key: ResourceKey, folder: Folder, tool: Tool) -> Spec:
    """The document as the tool sends it: with its namespace, and the tool's tracking marks."""
    body = deepcopy(document)
    metadata = body["metadata"]
    metadata["namespace"] = key.namespace
    labels = metadata.setdefault("labels", {})
    if tool.name == "flux":
        labels["kustomize.toolkit.fluxcd.io/name"] = folder.application
        labels["kustomize.toolkit.fluxcd.io/namespace"] = "flux-system"
    elif tool.name == "argocd":
        tracking = f"{folder.application}:{GROUP}/{key.kind}:{key.namespace}/{key.name}"
        metadata["annotations"] = {"argocd.argoproj.io/tracking-id": tracking}
    else:
        applied = json.dumps(body, separators=(",", ":"), sort_keys=True) + "\n"
        metadata["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": applied}
    return body


def _by_hand(incident: Incident, cluster: str, now: float) -> Iterator[Write]:
    made = incident.made
    for key in incident.keys:
        if key.cluster != cluster:
            continue
        if isinstance(made, ClusterEdit):
            yield Edit(now - made.hours * HOUR, key, made.manager, made.at, made.value)
        elif isinstance(made, ClusterDelete):
            yield Delete(now - made.hours * HOUR, key)
        elif isinstance(made, ClusterCreate):
            yield Create(now - made.hours * HOUR, key, made.manager, made.body)
