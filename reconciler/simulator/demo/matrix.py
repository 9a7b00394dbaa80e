"""What the demo must show while nobody has touched it: every row, every cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.model.keys import ResourceKey
from reconciler.model.verdicts import Place, Verdict
from reconciler.simulator.demo.folders import key_of
from reconciler.simulator.demo.incidents import INCIDENTS, Incident
from reconciler.simulator.demo.timeline import Timeline

Cells = dict[str, Verdict | None]


def expected_matrix(timeline: Timeline) -> dict[ResourceKey, Cells]:
    """Return every row that the demo must have, and what each of its four cells must show.

    Args:
        timeline: the history that the demo was made from.

    Returns:
        resource → place (Git, cluster, control plane, gateway by their words) → verdict, None where
        the hop does not exist. A row that is not in it must not be there.
    """
    matrix = {key: _cells(git=Verdict.SYNCED, cluster=Verdict.SYNCED) for key in resources_in_git(timeline)}
    for incident in INCIDENTS:
        keys = incident.keys or [key for key in matrix if _concerns(incident, key)]
        for key in keys:
            cells = matrix.setdefault(key, _cells(git=None, cluster=None))
            cells[incident.place.value] = incident.verdict
    return matrix


def resources_in_git(timeline: Timeline) -> list[ResourceKey]:
    """Every resource that Git defines, or would if its file could be read, on every cluster it goes to."""
    last_good: dict[str, Sequence[Mapping[str, Any]]] = {}
    for step in timeline.steps:
        for path, state in step.files.items():
            if state is None:
                last_good.pop(path, None)
            elif state.documents:
                last_good[path] = state.documents
    found: dict[ResourceKey, None] = {}
    for path, documents in last_good.items():
        folder = timeline.folder_of[path]
        for document in documents:
            for cluster in folder.clusters:
                found[key_of(cluster, document, folder)] = None
    return list(found)


def _cells(*, git: Verdict | None, cluster: Verdict | None) -> Cells:
    return {
        Place.GIT.value: git,
        Place.CLUSTER.value: cluster,
        Place.CONTROL_PLANE.value: None,
        Place.GATEWAY.value: None,
    }


def _concerns(incident: Incident, key: ResourceKey) -> bool:
    return key.cluster == incident.cluster and incident.kind in ("", key.kind)
