"""Dictionaries through the Automation API."""

from __future__ import annotations

from typing import Any

from reconciler.simulator.apim import specs
from reconciler.simulator.apim.json_values import copied
from reconciler.simulator.apim.organization import Environment
from reconciler.simulator.apim.records import Kept
from reconciler.simulator.apim.refusals import invalid, unknown_hrid
from reconciler.simulator.apim.shapes import admit, completed


def put(environment: Environment, body: Any, *, dry_run: bool = False) -> dict[str, Any]:
    """Create or update a dictionary; its type may change. A dry run echoes what was sent, without ids.

    Raises:
        Refused: 400 for a body that does not fit, or a dictionary without content.
    """
    sent = admit(specs.DICTIONARY, body)
    spec = completed(specs.DICTIONARY, sent)
    if spec["type"] == "MANUAL" and not spec.get("manual", {}).get("properties"):
        raise invalid("Manual dictionary must have at least one property.")
    if spec["type"] == "DYNAMIC" and "dynamic" not in spec:
        raise invalid("Dynamic dictionary must have a provider and a trigger.")
    answer = dict(sent)
    if dry_run:
        return answer
    hrid = str(spec["hrid"])
    now = environment.now()
    known = environment.kept["dictionaries"].get(hrid)
    created_at = known.created_at if known is not None else now
    saved = copied(spec)
    if "manual" in saved:
        saved["manual"]["properties"] = dict(sorted(saved["manual"]["properties"].items()))
    kept = Kept(environment.id_of(hrid), hrid, environment.cross_id_of(hrid), saved, created_at, now)
    environment.kept["dictionaries"][hrid] = kept
    return {**answer, "id": kept.id, **environment.placed()}


def get(environment: Environment, hrid: str) -> dict[str, Any]:
    """Read a dictionary.

    Raises:
        Refused: there is none.
    """
    found = environment.kept["dictionaries"].get(hrid)
    if found is None:
        raise unknown_hrid(hrid)
    return {**copied(found.body), "id": found.id, **environment.placed()}


def delete(environment: Environment, hrid: str) -> None:
    """Delete a dictionary.

    Raises:
        Refused: there is none.
    """
    if environment.kept["dictionaries"].pop(hrid, None) is None:
        raise unknown_hrid(hrid)
