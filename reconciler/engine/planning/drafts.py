"""The steps of one resource that Git wants: create, update, replace, remove, or why it is left alone.

What other resources have to do with it (order, confirmations that count) comes afterwards.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from reconciler.cluster.field_owners import earlier_appliers
from reconciler.cluster.json_pointers import value_at
from reconciler.engine.planning.brakes import FOREIGN
from reconciler.engine.planning.draft import APIS, Draft, step_of, version_of
from reconciler.engine.planning.guards import guard, guard_fields
from reconciler.engine.planning.sorting_changes import Cure, cure, owners_touched
from reconciler.engine.planning.subjects import (
    ApplicationFacts,
    Body,
    ClusterFacts,
    Found,
    Situation,
    Subject,
    Wanted,
)
from reconciler.model.changes import KeyPath, path_text
from reconciler.model.keys import GROUP, ResourceKey
from reconciler.model.steps import Block, Holds, Precondition, Risk, Step, Verb
from reconciler.model.verdicts import Verdict
from reconciler.rules.referring import claims_of, references_of
from reconciler.rules.schema import Schema

IMMUTABLE: Mapping[str, tuple[KeyPath, ...]] = {
    "ApiV4Definition": (("spec", "type"),),
    "Application": (("spec", "settings", "oauth", "applicationType"),),
    "Subscription": (("spec", "api"), ("spec", "application"), ("spec", "plan")),
    "SharedPolicyGroup": (("spec", "apiType"), ("spec", "phase"), ("spec", "crossId")),
    "PortalListing": (("spec", "portalRef"),),
    "PortalLink": (("spec", "portalRef"),),
    "Documentation": (("spec", "portalRef"), ("spec", "apiRef")),
}
"""Fields that GKO's admission lets nobody change (DOMAIN §1): another value needs another object."""
_WHY = {
    Verdict.AHEAD: "Git has moved on",
    Verdict.DRIFTED: "it was changed on the cluster",
    Verdict.CONFLICT: "Git has moved on, and it was changed on the cluster",
}
_NO_SCHEMA = Schema({})


def draft_wanted(subject: Subject, situation: Situation, going: Collection[ResourceKey] = ()) -> Draft:
    """Draft the steps of a resource that Git wants.

    Args:
        subject: the resource; its `wanted` is there.
        situation: everything else.
        going: what the same plan deletes.
    """
    wanted = subject.wanted
    assert wanted is not None
    application = situation.applications.get(wanted.application, ApplicationFacts(wanted.application))
    cluster = situation.clusters.get(subject.key.cluster, ClusterFacts(subject.key.cluster))
    draft = Draft(subject, application)
    obstacle = _obstacle(subject, wanted)
    if obstacle is not None:
        draft.steps = [step_of(subject, Verb.BLOCKED, obstacle.text, blocked=(obstacle,))]
        return draft
    found = subject.found
    if found is not None and found.owner in FOREIGN:
        if subject.judgement is not None:
            draft.steps = [
                step_of(
                    subject,
                    Verb.SKIP,
                    f"{found.owner} owns it: change Git, and it will apply that",
                    changes=subject.judgement.changes,
                )
            ]
        return draft
    if found is None:
        _create(draft, wanted, cluster)
    elif subject.judgement is not None and subject.judgement.changes:
        _bring_in_line(draft, wanted, found, cluster, situation)
    elif situation.intent.list_unchanged:
        draft.steps = [step_of(subject, Verb.NOOP, "it is in sync")]
    if draft.writes:
        _note_references(draft, wanted, found)
        guard(draft, situation, going)
    return draft


def _obstacle(subject: Subject, wanted: Wanted) -> Block | None:
    """Why nothing at all can be done about a resource."""
    if len(wanted.places) > 1:
        places = " and ".join(wanted.places[:4])
        return Block(
            "defined-twice", f"Git defines it {len(wanted.places)} times: {places}", "keep one of them"
        )
    if wanted.broken:
        return Block("broken", wanted.broken, "correct it in Git")
    if subject.unreadable:
        return Block("unreadable", subject.unreadable, "make the cluster readable")
    if subject.found is not None and subject.found.deleting:
        return Block("deleting", "it is being deleted on the cluster", "wait until it is gone")
    differs = subject.found is None or subject.judgement is not None
    if differs and wanted.body is None:
        return Block("unread", "its text in Git was not read", "run it again")
    return None


# --- what is done about it ---------------------------------------------------------------------------


def _create(draft: Draft, wanted: Wanted, cluster: ClusterFacts) -> None:
    key = draft.key
    conditions = [Precondition(Holds.ABSENT)]
    if wanted.api_version.startswith(GROUP):
        conditions.append(Precondition(Holds.KIND, name=key.kind))
    if key.namespace:
        conditions.append(Precondition(Holds.NAMESPACE, name=key.namespace))
    blocked = tuple(_no_place(key, wanted, cluster))
    draft.steps = [
        step_of(
            draft.subject,
            Verb.CREATE,
            "it is not on the cluster",
            risk=Risk.LOW,
            preconditions=tuple(conditions),
            blocked=blocked,
        )
    ]


def _no_place(key: ResourceKey, wanted: Wanted, cluster: ClusterFacts) -> Iterable[Block]:
    """Why the cluster has no place for a new object."""
    if wanted.api_version.startswith(GROUP) and cluster.served and key.kind not in cluster.served:
        yield Block("kind", f"{cluster.name} does not serve {key.kind}", "install its CRD")
    namespaces = cluster.namespaces
    if not key.namespace or namespaces is None or namespaces.get(key.namespace):
        return
    if key.namespace in namespaces:
        yield Block("namespace", f"namespace {key.namespace} is being deleted", "wait until it is gone")
    elif key.namespace not in cluster.creates:
        yield Block(
            "namespace",
            f"namespace {key.namespace} does not exist",
            f"create it with `kubectl create namespace {key.namespace}`, or define it in Git",
        )


def _bring_in_line(
    draft: Draft, wanted: Wanted, found: Found, cluster: ClusterFacts, situation: Situation
) -> None:
    subject, judgement = draft.subject, draft.subject.judgement
    assert judgement is not None
    if wanted.body is None or found.body is None:
        block = Block("unread", "what the cluster holds was not read", "run it again")
        draft.steps = [step_of(subject, Verb.BLOCKED, block.text, blocked=(block,))]
        return
    why = _WHY.get(judgement.verdict, "it differs")
    changed = immutable_changes(draft.key, wanted.body, found.body)
    if changed:
        fields = " and ".join(path_text(path) for path in changed)
        reason = f"{why}: {fields} cannot change, so it is deleted and made anew"
        draft.steps = [
            step_of(
                subject,
                Verb.REPLACE,
                reason,
                risk=Risk.HIGH,
                changes=judgement.changes,
                preconditions=(version_of(found),),
            )
        ]
        return
    migrates = earlier_appliers(found.metadata.get("managedFields"))
    schema = cluster.served.get(draft.key.kind, _NO_SCHEMA)
    cured = cure(judgement.changes, wanted.body, found.body, schema, migrates)
    draft.steps = list(_steps(subject, found, why, cured, migrates, situation.intent.people))
    guard_fields(draft, situation)
    for change in cured.lost:
        draft.warn(f"{path_text(change.path)} differs and cannot be found in the object as it was read")


def _steps(
    subject: Subject,
    found: Found,
    why: str,
    cured: Cure,
    migrates: tuple[str, ...],
    people: tuple[str, ...],
) -> Iterable[Step]:
    """Owners first, then what has to go, then what Git states: one chain."""
    version = (version_of(found),)
    after: tuple[str, ...] = ()
    if migrates and cured.applied:
        step = step_of(
            subject,
            Verb.MIGRATE_OWNERS,
            f"{' and '.join(migrates)} applied it before: what Git drops would stay for ever",
            migrates=migrates,
            preconditions=version,
        )
        yield step
        after = (step.id,)
    if cured.removed:
        step = step_of(
            subject,
            Verb.REMOVE,
            f"{why}: Git does not have {_these(cured.removes)}",
            risk=Risk.MEDIUM,
            changes=cured.removed,
            removes=cured.removes,
            takes=owners_touched(cured.removed, people, migrates),
            preconditions=version,
            after=after,
        )
        yield step
        after = (step.id,)
    if cured.applied:
        yield step_of(
            subject,
            Verb.UPDATE,
            why,
            risk=Risk.MEDIUM if subject.key.kind in APIS else Risk.LOW,
            changes=cured.applied,
            takes=owners_touched(cured.applied, people, migrates),
            preconditions=version,
            after=after,
        )


def _these(paths: tuple[KeyPath, ...]) -> str:
    shown = ", ".join(path_text(path) for path in paths[:3])
    return shown + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")


def immutable_changes(key: ResourceKey, wanted: Body, found: Body) -> tuple[KeyPath, ...]:
    """The fields that differ and that nobody may change.

    A reference that only says its own namespace or kind out loud is the same reference.
    """
    out = []
    for path in IMMUTABLE.get(key.kind, ()):
        left, right = value_at(wanted, path), value_at(found, path)
        if _meaning(left, key) != _meaning(right, key):
            out.append(path)
    if key.kind == "Application" and _security(wanted) != _security(found):
        out.append(("spec", "settings"))
    return tuple(_outermost(out))


def _security(body: Body) -> frozenset[str]:
    """Which of `app` and `oauth` an application has: it cannot move from one to the other."""
    settings = value_at(body, ("spec", "settings"))
    given = settings if isinstance(settings, dict) else {}
    return frozenset(name for name in ("app", "oauth") if given.get(name))


def _outermost(paths: list[KeyPath]) -> list[KeyPath]:
    return [path for path in paths if not any(path[: len(one)] == one for one in paths if one != path)]


def _meaning(value: Any, key: ResourceKey) -> Any:
    if isinstance(value, dict) and "name" in value:
        kind = str(value.get("kind") or "").lower().rstrip("s").replace("apiv4definition", "")
        return (value["name"], value.get("namespace") or key.namespace, kind)
    return value


def _note_references(draft: Draft, wanted: Wanted, found: Found | None) -> None:
    key = draft.key
    if wanted.body is not None:
        draft.references = references_of(key, wanted.body)
        draft.after = frozenset(one.target for one in draft.references)
        draft.claims = claims_of(key, wanted.body)
    if found is not None and found.body is not None:
        draft.before = frozenset(one.target for one in references_of(key, found.body))
        draft.claimed = claims_of(key, found.body)
