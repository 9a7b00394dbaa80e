"""The rules against real CRDs and against what the real GKO left in clusters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.model.changes import ABSENT, path_text
from reconciler.model.verdicts import Verdict
from reconciler.rules.comparing import comparable_digest, differences, judge, leaf_digests
from reconciler.rules.normalise import Normalised, normalise
from reconciler.rules.ruleset import STANDARD, RuleSet
from reconciler.rules.schema import Schema

KEY = b"k" * 32


@pytest.fixture(scope="module")
def schemas(gravitee_crds: Path) -> dict[str, Schema]:
    """The schema of every kind."""
    found: dict[str, Schema] = {}
    for path in sorted(gravitee_crds.glob("*.yaml")):
        crd = yaml.load(path.read_text(), yaml.CSafeLoader)
        found[crd["spec"]["names"]["kind"]] = Schema(crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"])
    return found


@pytest.fixture(scope="module")
def records(shared_data: Path) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """(name, as it was applied, as the cluster held it after GKO) of every accepted example."""
    found = []
    for path in sorted((shared_data / "golden" / "examples").glob("*.json")):
        record = json.loads(path.read_text())
        if record.get("object"):
            found.append((path.stem, record["applied"][-1], record["object"]))
    return found


def test_after_gko_every_example_is_still_in_sync(
    schemas: dict[str, Schema], records: list[tuple[str, dict[str, Any], dict[str, Any]]]
) -> None:
    wrong = {}
    for name, applied, held in records:
        schema = schemas[applied["kind"]]
        left, right = (normalise(body, schema, STANDARD) for body in (applied, held))
        assert normalise({**left, "kind": applied["kind"]}, schema, STANDARD) == left, name
        if comparable_digest(left, KEY) != comparable_digest(right, KEY):
            wrong[name] = [path_text(change.path) for change in differences(left, right)]
    assert not wrong
    assert len(records) > 100


def test_a_plan_patched_into_any_of_them_is_drift(
    schemas: dict[str, Schema], records: list[tuple[str, dict[str, Any], dict[str, Any]]]
) -> None:
    free = {"name": "free", "security": {"type": "KEY_LESS"}}
    seen = 0
    for name, applied, held in records:
        if applied["kind"] != "ApiV4Definition":
            continue
        schema = schemas["ApiV4Definition"]
        spec = {**held["spec"], "plans": {**(held["spec"].get("plans") or {}), "patched-in": free}}
        left = normalise(applied, schema, STANDARD)
        right = normalise({**held, "spec": spec}, schema, STANDARD)
        judgement = judge(left, right, leaf_digests(left, KEY), key=KEY, body=held, schema=schema)
        assert judgement.verdict is Verdict.DRIFTED, name
        assert [path_text(c.path) for c in judgement.changes] in (["spec.plans.patched-in"], ["spec.plans"])
        seen += 1
    assert seen > 20


def _without_list_types(schema: Any) -> Any:
    """The schema without what says that a list has no order: the lists stay as they were written."""
    if isinstance(schema, list):
        return [_without_list_types(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {k: _without_list_types(v) for k, v in schema.items() if not k.startswith("x-kubernetes-list")}


def test_defaults_and_pruning_alone_give_what_the_api_server_stored(
    schemas: dict[str, Schema], records: list[tuple[str, dict[str, Any], dict[str, Any]]]
) -> None:
    """Without the rules of the kinds, only GKO's own write-back may differ, and it must differ somewhere."""
    bare = RuleSet([])
    as_written = {kind: Schema(_without_list_types(schema.openapi)) for kind, schema in schemas.items()}
    phases = {"request", "response", "subscribe", "publish", "connect", "interact", "load_balancing"}
    written_back = 0
    for name, applied, held in records:
        completed = normalise(applied, as_written[applied["kind"]], bare)
        stored = Normalised({"spec": held.get("spec", {})})
        changes = differences(Normalised({"spec": completed.get("spec", {})}), stored)
        assert {str(change.path[-1]) for change in changes} <= phases, name
        assert all(change.left in (ABSENT, []) and change.right in (ABSENT, {}) for change in changes), name
        written_back += bool(changes)
    assert written_back > 5
