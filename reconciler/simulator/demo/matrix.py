"""What the demo must show while nobody has touched it: every row, every cell."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from reconciler.model.keys import ResourceKey
from reconciler.model.verdicts import Place, Verdict
from reconciler.simulator.demo.folders import key_of
from reconciler.simulator.demo.incidents import INCIDENTS
from reconciler.simulator.demo.makings import Incident
from reconciler.simulator.demo.timeline import Timeline

Cells = dict[str, Verdict | None]

API_KINDS = ("ApiDefinition", "ApiV4Definition")
NOT_SENT = ("ApiResource", "ManagementContext", "Notification")
"""Kinds that have nothing of their own at a control plane."""


def expected_matrix(timeline: Timeline, places: Collection[Place] = tuple(Place)) -> dict[ResourceKey, Cells]:
    """Return every row that the demo must have, and what each of its four cells must show.

    Args:
        timeline: the history that the demo was made from.
        places: the hops that are judged, by their right-hand place; the cells of others are None, and rows
            that only they have are left out.

    Returns:
        resource → place (Git, cluster, control plane, gateway by their words) → verdict, None where
        the hop does not exist. A row that is not in it must not be there.
    """
    matrix = {key: _cells(key, git=Verdict.SYNCED) for key in resources_in_git(timeline)}
    for incident in INCIDENTS:
        keys = incident.keys or [key for key in matrix if _concerns(incident, key)]
        for key in keys:
            cells = matrix.setdefault(key, _cells(key, git=None))
            for place, verdict in ((incident.place, incident.verdict), *incident.also):
                # A silent cluster tells nothing of anything, but no hop comes into being by that.
                if incident.keys or cells[place.value] is not None:
                    cells[place.value] = verdict
    shown = {place.value for place in places}
    narrowed = {
        key: {place: verdict if place in shown else None for place, verdict in cells.items()}
        for key, cells in matrix.items()
    }
    return {key: cells for key, cells in narrowed.items() if any(cells.values())}


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


def _cells(key: ResourceKey, *, git: Verdict | None) -> Cells:
    """The cells of a row without any incident; one without namespace is known to a control plane only."""
    on_cluster = Verdict.SYNCED if git is not None else None
    return {
        Place.GIT.value: git,
        Place.CLUSTER.value: on_cluster,
        Place.CONTROL_PLANE.value: None if key.kind in NOT_SENT else Verdict.SYNCED,
        Place.GATEWAY.value: Verdict.SYNCED if key.kind in API_KINDS else None,
    }


def _concerns(incident: Incident, key: ResourceKey) -> bool:
    return key.cluster == incident.cluster and incident.kind in ("", key.kind)
