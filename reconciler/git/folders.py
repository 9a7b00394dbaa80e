"""Which files below a folder are manifests, judged by their names alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from reconciler.git.complaints import Complaint
from reconciler.git.trees import Entry

_MANIFESTS: Final = (".yaml", ".yml", ".json")
_CONTROL: Final = frozenset(
    (
        "kustomization.yaml",
        "kustomization.yml",
        "Kustomization",
        "Chart.yaml",
        "Chart.lock",
        "values.yaml",
        "values.yml",
        "values.schema.json",
    )
)
"""Files that steer kustomize and helm: they define nothing themselves."""


@dataclass(slots=True)
class Selection:
    """Manifests as (path, blob), and what stands in the way of reading all of them."""

    manifests: list[tuple[str, str]] = field(default_factory=list)
    complaints: list[tuple[str, Complaint]] = field(default_factory=list)


def is_manifest(path: str) -> bool:
    """Whether a file of this name may define resources."""
    return path.endswith(_MANIFESTS) and path.rpartition("/")[2] not in _CONTROL


def select(files: Iterable[tuple[str, Entry]]) -> Selection:
    """Pick the manifests among the files of a folder.

    Links and submodules are not followed; a warning names those that could have held manifests.
    Templates of a Helm chart are no YAML before they are rendered: one warning names the chart.
    """
    chosen = Selection()
    listed = list(files)
    charts = [
        path.removesuffix("Chart.yaml") for path, _ in listed if path.rpartition("/")[2] == "Chart.yaml"
    ]
    for path, entry in listed:
        if entry.kind == "submodule":
            chosen.complaints.append(
                (path, _skipped("a submodule", "make its repository a source of its own"))
            )
        elif entry.kind == "link" and _may_matter(path):
            chosen.complaints.append(
                (path, _skipped("a symbolic link", "name the file or folder it points at"))
            )
        elif entry.kind == "file" and is_manifest(path) and not any(_template(path, c) for c in charts):
            chosen.manifests.append((path, entry.id))
    for chart in charts:
        if any(_template(path, chart) for path, _ in listed):
            complaint = Complaint(
                1,
                "is a Helm chart; its templates are skipped as long as it is read as plain YAML",
                "set the application's render type to helm",
                "warning",
            )
            chosen.complaints.append((f"{chart}Chart.yaml", complaint))
    return chosen


def _template(path: str, chart: str) -> bool:
    return path.startswith((f"{chart}templates/", f"{chart}charts/"))


def _may_matter(path: str) -> bool:
    name = path.rpartition("/")[2]
    return "." not in name.lstrip(".") or is_manifest(path)


def _skipped(what: str, next_step: str) -> Complaint:
    return Complaint(1, f"is {what} and is not followed", next_step, "warning")
