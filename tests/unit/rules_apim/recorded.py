"""What was recorded from a real operator and a real APIM, read for the tests of the control-plane rules."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.rules.apim.references import Resource, Unreadable


class Cluster:
    """A lookup over some objects; what is in `forbidden` exists but may not be read."""

    def __init__(self, objects: Iterable[Mapping[str, Any]], forbidden: Iterable[str] = ()) -> None:
        self._objects = {
            (item["kind"], item["metadata"].get("namespace") or "default", item["metadata"]["name"]): item
            for item in objects
        }
        self._forbidden = frozenset(forbidden)

    def resource(self, kind: str, namespace: str, name: str) -> Resource | Unreadable | None:
        if kind in self._forbidden:
            return Unreadable("no permission to get it")
        return self._objects.get((kind, namespace, name))

    def secret(self, namespace: str, name: str) -> Mapping[str, str] | Unreadable | None:
        return self._data("Secret", namespace, name)

    def config_map(self, namespace: str, name: str) -> Mapping[str, str] | Unreadable | None:
        return self._data("ConfigMap", namespace, name)

    def _data(self, kind: str, namespace: str, name: str) -> Mapping[str, str] | Unreadable | None:
        found = self.resource(kind, namespace, name)
        if found is None or isinstance(found, Unreadable):
            return found
        plain = dict(found.get("stringData") or {})
        for key, value in (found.get("data") or {}).items():
            plain[key] = base64.b64decode(value).decode() if kind == "Secret" else value
        return plain


@dataclass(frozen=True)
class Exchange:
    """One recorded request and its answer; `resource` is the path below the environment, without query."""

    name: str
    method: str
    path: str
    query: str
    sent: Any
    status: int
    answer: Any

    @property
    def resource(self) -> str:
        return self.path.partition("/environments/")[2].partition("/")[2]

    @property
    def automation(self) -> bool:
        return self.path.startswith("/automation/organizations/DEFAULT/environments/DEFAULT/")


def exchanges(shared_data: Path) -> list[Exchange]:
    """All recorded exchanges, in the order in which they happened."""

    def place(path: Path) -> tuple[list[int | str], bool]:
        group = path.stem.split("-")[0]
        parts = [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", group) if part]
        return parts, "-get" in path.stem  # inside one group a GET comes after the PUT

    found = []
    for path in sorted((shared_data / "exchanges").glob("*.json"), key=place):
        record = json.loads(path.read_text())
        asked, answered = record["request"], record["response"]
        where, _, query = asked["path"].partition("?")
        found.append(
            Exchange(
                path.stem,
                asked["method"],
                where,
                query,
                asked["body"],
                answered["status"],
                answered["body"],
            )
        )
    return found


def golden(shared_data: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(name, record) of every example whose object the API server took."""
    for path in sorted((shared_data / "golden" / "examples").glob("*.json")):
        record = json.loads(path.read_text())
        if record.get("object"):
            yield path.stem, record


def without_empty(value: Any) -> Any:
    """A body without its nulls and empty values."""
    if isinstance(value, dict):
        kept = {name: without_empty(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item not in (None, "", [], {})}
    return [without_empty(item) for item in value] if isinstance(value, list) else value
