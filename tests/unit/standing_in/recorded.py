"""Attempts of the real operator, as they were recorded, told in our words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.rules.apim.bodies import Body, body_for
from reconciler.rules.apim.references import Problems
from reconciler.rules.apim.standing_in.local import goes_nowhere, local_body
from reconciler.rules.apim.standing_in.marks import template_sources
from reconciler.rules.apim.standing_in.silent import looked_through, sends_nothing
from reconciler.rules.apim.standing_in.told import Told, accepted, failed, kept_here, refused, unresolved
from tests.unit.rules_apim.recorded import Cluster

BASE = "http://127.0.0.1:8091"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One recorded attempt: the object before and after it, and what ours would have been told."""

    name: str
    before: dict[str, Any]
    after: dict[str, Any]
    told: Told
    content: Mapping[str, Any]
    events: list[dict[str, Any]]
    config_maps: list[dict[str, Any]]

    @property
    def kind(self) -> str:
        return str(self.after["kind"])


def attempts(shared_data: Path) -> Iterator[Attempt]:
    """The creation, and where it was recorded the update, of every example that the API server took."""
    for path in sorted((shared_data / "golden" / "examples").glob("*.json")):
        record = json.loads(path.read_text())
        if not record.get("object"):
            continue
        created = {key: value for key, value in record["object"].items() if key != "status"}
        yield _attempt(path.stem, created, record, record)
        update = record.get("update") or {}
        if update.get("object"):
            changed = {**update["object"], "status": record["object"].get("status") or {}}
            yield _attempt(f"{path.stem} updated", changed, update, record)


def _attempt(
    name: str, before: dict[str, Any], happened: Mapping[str, Any], record: Mapping[str, Any]
) -> Attempt:
    after = happened["object"]
    puts = [r for r in happened.get("requests") or () if r["method"] == "PUT" and r["status"] is not None]
    told, content = told_of(before, after, puts, [*record["applied"], *(record.get("referenced") or ())])
    before["metadata"] = {
        key: value
        for key, value in after["metadata"].items()
        if key not in ("finalizers", "annotations") or record["object"] is not after
    }
    if "gravitee.io/template" in (after["metadata"].get("annotations") or {}):
        before["metadata"]["annotations"] = {"gravitee.io/template": "true"}
    maps = happened.get("configmaps") or []
    return Attempt(
        name,
        before,
        after,
        told,
        content,
        list(happened.get("events") or ()),
        list(maps.values()) if isinstance(maps, dict) else maps,
    )


def told_of(
    before: dict[str, Any], after: dict[str, Any], puts: list[dict[str, Any]], beside: list[dict[str, Any]]
) -> tuple[Told, Mapping[str, Any]]:
    """What our engine is told of an attempt, and the content of the body that it would have made."""
    if sends_nothing(after):
        return looked_through(after, Cluster(beside)), {}
    known = json.loads(json.dumps(before))
    if after["kind"] == "ApiDefinition":  # the recorder took uids away
        own = (after.get("status") or {}).get("id") or (puts[0]["body"]["id"] if puts else "u-1")
        known["metadata"] = {**after["metadata"], "uid": own}
    known.setdefault("metadata", after["metadata"])
    cluster = Cluster(beside)
    body = local_body(known, cluster) if goes_nowhere(known) else body_for(known, cluster)
    if isinstance(body, Problems):
        sources = {str(source) for source in template_sources(known)}
        return failed(unresolved(body, after["kind"], sources)), {}
    if goes_nowhere(known):
        own = body.identity.id if after["kind"] == "ApiDefinition" else ""
        return kept_here(own_id=own), body.content
    return _answered(body, puts[-1]), body.content


def _answered(body: Body, put: Mapping[str, Any]) -> Told:
    if put["status"] < 300:
        return accepted(body, put["response"])
    said = put["response"].get("message", "") if isinstance(put["response"], Mapping) else ""
    url = f"{BASE}{put['path']}" + (f"?{put['query']}" if put.get("query") else "")
    return failed(refused(put["method"], url, put["status"], [said]))


def conditions(status: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """The conditions of a status without what is not compared (order, times)."""
    return {item["type"]: (item["status"], item["reason"]) for item in status.get("conditions") or ()}
