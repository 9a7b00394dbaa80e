"""Situations to plan for: resources as Git and a cluster have them, compared as the engine compares them."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from reconciler.cluster.shared_document import Entry, SharedState
from reconciler.cluster.trace import OWN_ANNOTATION
from reconciler.engine.planning.cluster import plan_cluster
from reconciler.engine.planning.marks import mark_of
from reconciler.engine.planning.subjects import (
    ApplicationFacts,
    ClusterFacts,
    Found,
    Intent,
    Situation,
    Subject,
    Wanted,
)
from reconciler.model.keys import GROUP, ResourceKey
from reconciler.model.plan import Plan
from reconciler.model.steps import Content, Step, Verb
from reconciler.rules.comparing import judge, leaf_digests
from reconciler.rules.normalise import normalise
from reconciler.rules.ruleset import STANDARD
from reconciler.rules.schema import Schema

API_VERSION = f"{GROUP}/v1alpha1"
KEY = b"k" * 32
OPEN = Schema({})
COMMITTED_AT = 1_700_000_000.0


def key(kind: str = "ApiV4Definition", name: str = "orders", namespace: str = "shop") -> ResourceKey:
    return ResourceKey("prod", kind, namespace, name)


def body_of(one: ResourceKey, spec: Mapping[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": API_VERSION,
        "kind": one.kind,
        "metadata": {"name": one.name, "namespace": one.namespace, **metadata},
        "spec": copy.deepcopy(dict(spec if spec is not None else {"name": one.name})),
    }


def wanted_of(one: ResourceKey, spec: Mapping[str, Any] | None = None, **more: Any) -> Wanted:
    content = Content("platform", "a" * 40, f"{one.name}.yaml", "b" * 40)
    made = Wanted("shop", API_VERSION, content, body_of(one, spec), (f"{one.name}.yaml:1",))
    return replace(made, **more)


def found_of(
    one: ResourceKey,
    spec: Mapping[str, Any] | None = None,
    *,
    managers: Mapping[str, Any] | None = None,
    mark: str | None = "shop",
    metadata: Mapping[str, Any] | None = None,
    **more: Any,
) -> Found:
    """An object on the cluster; `managers` maps field managers to the fields they own below spec."""
    annotations = {OWN_ANNOTATION: mark_of(mark, one)} if mark else {}
    fields = [
        {
            "manager": manager,
            "operation": "Apply" if manager in ("gko-tui", "kubectl") else "Update",
            "time": "2023-11-15T00:00:00Z",
            "fieldsV1": {"f:spec": owned},
        }
        for manager, owned in (managers or {"gko-tui": {"f:name": {}}}).items()
    ]
    meta = {"uid": f"uid-{one.name}", "annotations": annotations, "managedFields": fields, **(metadata or {})}
    made = Found(f"uid-{one.name}", "7", 3, "gko-tui" if mark else "", body=body_of(one, spec, **meta))
    return replace(made, **more)


def differing(
    one: ResourceKey,
    wanted: Mapping[str, Any],
    found: Mapping[str, Any],
    *,
    synced: Mapping[str, Any] | None = None,
    schema: Schema = OPEN,
    **more: Any,
) -> Subject:
    """A resource that both sides have and that differs; `synced` is the spec last seen in sync."""
    left, right = wanted_of(one, wanted), found_of(one, found, **more)
    assert left.body is not None and right.body is not None
    leaves = None
    if synced is not None:
        leaves = leaf_digests(normalise(body_of(one, synced), schema, STANDARD), KEY)
    judgement = judge(
        normalise(dict(left.body), schema, STANDARD),
        normalise(dict(right.body), schema, STANDARD),
        leaves,
        key=KEY,
        committed_at=COMMITTED_AT,
        body=dict(right.body),
    )
    assert judgement.changes
    return Subject(one, left, right, judgement, synced_before=synced is not None)


def only_in_git(one: ResourceKey, spec: Mapping[str, Any] | None = None, **more: Any) -> Subject:
    return Subject(one, wanted_of(one, spec, **more))


def only_there(one: ResourceKey, spec: Mapping[str, Any] | None = None, **more: Any) -> Subject:
    return Subject(one, None, found_of(one, spec, **more))


def application(*applied: ResourceKey, **more: Any) -> ApplicationFacts:
    """An application that prunes, renders plenty, and applied these."""
    inventory = {one: Entry(f"uid-{one.name}") for one in applied}
    made = ApplicationFacts(
        "shop",
        mode="sync",
        prune=True,
        complete=True,
        rendered=1_000,
        states={"prod": SharedState("shop", inventory)},
    )
    return replace(made, **more)


def situation(
    *subjects: Subject,
    applications: Iterable[ApplicationFacts] = (),
    cluster: ClusterFacts | None = None,
    **intent: Any,
) -> Situation:
    intent.setdefault("subscriptions", lambda key, plan: 0)
    known = {one.name: one for one in (applications or [application()])}
    place = cluster or ClusterFacts("prod")
    return Situation(subjects, {place.name: place}, known, Intent(**intent))


def plan(*subjects: Subject, **more: Any) -> Plan:
    return plan_cluster(situation(*subjects, **more))


def words(made: Plan) -> list[str]:
    return [f"{step.word} {step.key.kind}/{step.key.name}" for step in made.steps]


def step_for(made: Plan, one: ResourceKey, verb: Verb | None = None) -> Step:
    (found,) = [step for step in made.steps if step.key == one and verb in (None, step.verb)]
    return found


def causes(step: Step) -> list[str]:
    return [block.cause for block in step.blocked]
