"""Gathers what a plan is made from: both sides of what differs, and the facts around them.

Verdicts come from the fleet, so that what is in sync costs nothing; bodies are read only of what is not.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from reconciler.cluster.shared_document import SharedState
from reconciler.engine.acting.companions import COMPANIONS, companion_subjects, companions_of
from reconciler.engine.acting.inventory import inventory_steps
from reconciler.engine.acting.shared import Shared, Where
from reconciler.engine.acting.subscribing import References, count_subscriptions
from reconciler.engine.planning.brakes import removed_access_plans
from reconciler.engine.planning.draft import HAVE_SUBSCRIPTIONS
from reconciler.engine.planning.drafts import immutable_changes
from reconciler.engine.planning.gathering import found_from, wanted_from
from reconciler.engine.planning.subjects import (
    ApplicationFacts,
    ClusterFacts,
    Found,
    Intent,
    Situation,
    Subject,
)
from reconciler.model.acting import PlanRequest
from reconciler.model.errors import GkoError
from reconciler.model.keys import ResourceKey
from reconciler.model.steps import Step
from reconciler.model.verdicts import Verdict

if TYPE_CHECKING:
    from reconciler.cluster.objects import ClusterObject
    from reconciler.engine.actual import ClusterContent
    from reconciler.engine.desired import Desired, Rendered
    from reconciler.engine.downstream.chain import Chain
    from reconciler.engine.fingerprint import Fingerprinter
    from reconciler.engine.fleet import Fleet
    from reconciler.engine.git_state import GitState
    from reconciler.engine.judging import Knowledge
    from reconciler.engine.pairs import Pairs
    from reconciler.settings.model import Application, Platform

Companions = Mapping[ResourceKey, "Desired | None"]


@dataclass(frozen=True, slots=True)
class Sources:
    """What the engine knows, as gathering reads it.

    `fingerprinter` has this machine's digest key and the rules in force.
    """

    platform: Platform
    knowledge: Knowledge
    git: GitState
    pairs: Pairs
    fleet: Fleet
    chain: Chain
    shared: Shared
    fingerprinter: Fingerprinter


@dataclass(frozen=True, slots=True)
class Gathered:
    """A situation, what its inventories lack, and why parts of it are missing."""

    situation: Situation
    inventory: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()


class Gathering:
    """One question to the engine, from top to bottom.

    Args:
        sources: what is known.
        request: what is asked for.
        clock: seconds since the epoch, for decisions that expire.
    """

    def __init__(
        self, sources: Sources, request: PlanRequest, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._sources = sources
        self._request = request
        self._clock = clock
        self._notes: list[str] = []

    async def gathered(self) -> Gathered:
        """Read what has to be read, and put it together."""
        applications = self._applications()
        states, failures = await self._sources.shared.read(
            (one.name, cluster) for one in applications for cluster in one.clusters if self._touches(cluster)
        )
        for (application, cluster), why in sorted(failures.items()):
            self._notes.append(
                f"{application} on {cluster}: nothing is pruned, for its shared state cannot be read: {why}"
            )
        companions = self._companions(applications, states.values())
        keys = self._keys(states.values())
        subjects = await asyncio.to_thread(lambda: [self._subject(key) for key in sorted(keys)])
        subjects += await self._companion_subjects(companions)
        clusters = await self._clusters(subjects, applications)
        situation = Situation(
            tuple(subjects),
            clusters,
            {one.name: self._application(one, states) for one in applications},
            await self._intent(subjects),
        )
        return Gathered(situation, inventory_steps(situation, states), tuple(self._notes))

    # --- what is asked about ---------------------------------------------------------------

    def _applications(self) -> list[Application]:
        """All of them: who else applied a resource matters as well."""
        return list(self._sources.platform.applications)

    def _touches(self, cluster: str) -> bool:
        """Whether anything on a cluster may be asked for: one that hangs must not hold up the others."""
        request = self._request
        if request.keys or request.delete:
            return any(key.cluster == cluster for key in (*request.keys, *request.delete))
        asked = (one for one in self._sources.platform.applications if one.name in request.applications)
        return not request.applications or any(cluster in one.clusters for one in asked)

    def _companions(
        self, applications: Iterable[Application], states: Iterable[SharedState]
    ) -> dict[ResourceKey, Desired | None]:
        """The Secrets, ConfigMaps, namespaces and CRDs that are asked for; None for those that left Git."""
        wants = self._request.wants
        found: dict[ResourceKey, Desired | None] = {
            key: None
            for state in states
            for key in state.inventory
            if key.kind in COMPANIONS and wants(key, state.application)
        }
        for application in applications:
            rendered = self._sources.git.rendered(application.name)
            for key, desired in companions_of(rendered).items() if rendered is not None else ():
                if wants(key, application.name):
                    found[key] = desired
        return found

    def _keys(self, states: Iterable[SharedState]) -> set[ResourceKey]:
        """Resources that Git defines, that we applied, or that a person named."""
        known, wants = self._sources.knowledge, self._request.wants
        keys = {key for key, desired in known.desired.items() if wants(key, desired.first.application)}
        for state in states:
            for key in state.inventory:
                if key not in known.desired and wants(key, state.application):
                    keys.add(key)
        return {key for key in keys if key.kind not in COMPANIONS} | set(self._request.delete)

    # --- both sides of a resource (blocking) -----------------------------------------------

    def _subject(self, key: ResourceKey) -> Subject:
        known, row = self._sources.knowledge, self._sources.fleet.row(key)
        desired, content = known.desired.get(key), known.actual.clusters.get(key.cluster)
        found = content.objects.get(key) if content is not None else None
        verdict = row.cluster.verdict if row is not None else None
        before, asked = key in known.synced, key in self._request.delete
        unreadable = ""
        if verdict is Verdict.UNKNOWN or content is None or (found is None and not _listed(content, key)):
            unreadable = (
                row.cluster.causes[0] if row is not None and row.cluster.causes else "it was not read"
            )
        if found is not None and desired is not None and verdict is Verdict.SYNCED and not asked:
            revision = self._sources.git.revision(desired.first.source)
            return Subject(key, wanted_from(desired, revision, None), _unread(found), None, "", before)
        there = found_from(found.body()) if found is not None else None
        if desired is None:
            return Subject(key, None, there, None, unreadable, before)
        return self._compared(key, desired, there, unreadable, before)

    def _compared(
        self, key: ResourceKey, desired: Desired, there: Found | None, unreadable: str, before: bool
    ) -> Subject:
        sources = self._sources
        revision = sources.git.revision(desired.first.source)
        content = sources.knowledge.actual.clusters.get(key.cluster)
        found = content.objects.get(key) if content is not None else None
        try:
            wanted = wanted_from(desired, revision, sources.pairs.read(desired.first))
            judgement = None
            if found is not None and content is not None:
                judgement = sources.pairs.judge(desired, found, content.schema(key.kind))
        except GkoError as error:
            broken = wanted_from(desired, revision, None)
            return Subject(key, broken, there, None, unreadable or error.sentence(), before)
        reason = sources.knowledge.unparsed.get(key)
        if reason and not wanted.broken:
            wanted = replace(wanted, broken=reason)
        if judgement is not None and judgement.verdict is Verdict.SYNCED:
            judgement = None
        return Subject(key, wanted, there, judgement, unreadable, before)

    async def _companion_subjects(self, companions: Companions) -> list[Subject]:
        sources = self._sources
        wanted = (
            (key, desired, sources.git.revision(desired.first.source) if desired is not None else "")
            for key, desired in companions.items()
        )
        return await companion_subjects(
            wanted, sources.chain.clients, sources.pairs, sources.fingerprinter.key
        )

    # --- the facts around them -------------------------------------------------------------

    def _application(self, one: Application, states: Mapping[Where, SharedState]) -> ApplicationFacts:
        rendered = self._sources.git.rendered(one.name)
        rendering = rendered.rendering if rendered is not None else None
        mine = {
            cluster: states[one.name, cluster] for cluster in one.clusters if (one.name, cluster) in states
        }
        return ApplicationFacts(
            one.name,
            one.mode,
            prune=one.prune,
            complete=rendering is not None and rendering.complete and not _failure(rendered),
            rendered=len(rendering.documents) if rendering is not None else 0,
            states=mine,
            suspended=_suspension(mine.values(), self._clock()),
        )

    async def _clusters(
        self, subjects: Iterable[Subject], applications: Iterable[Application]
    ) -> dict[str, ClusterFacts]:
        creating = {one.key.cluster for one in subjects if one.found is None and one.wanted is not None}
        creates: dict[str, set[str]] = {}
        creators = {one.name for one in applications if one.create_namespaces}
        for subject in subjects:
            if (
                subject.wanted is not None
                and subject.wanted.application in creators
                and subject.key.namespace
            ):
                creates.setdefault(subject.key.cluster, set()).add(subject.key.namespace)
        facts: dict[str, ClusterFacts] = {}
        for spec in self._sources.platform.clusters:
            content = self._sources.knowledge.actual.clusters[spec.name]
            facts[spec.name] = ClusterFacts(
                spec.name,
                spec.protected,
                {kind: state.schema for kind, state in content.kinds.items()},
                await self._namespaces(spec.name) if spec.name in creating else None,
                frozenset(creates.get(spec.name, ())),
            )
        return facts

    async def _namespaces(self, cluster: str) -> dict[str, bool] | None:
        """Each namespace, and whether it can be written into; None where they cannot be listed."""
        try:
            items = await self._sources.chain.clients.listed(cluster, "/api/v1/namespaces", "")
        except GkoError:
            return None
        return {
            str(item["metadata"]["name"]): not item["metadata"].get("deletionTimestamp") for item in items
        }

    async def _intent(self, subjects: Iterable[Subject]) -> Intent:
        sources, request = self._sources, self._request
        losing = [one.key for one in subjects if _may_close_subscriptions(one)]
        counted = await count_subscriptions(losing, sources.chain)
        references = References(self._bodies)
        return Intent(
            purpose=request.purpose,
            actor=request.actor,
            people=sources.platform.people_managers,
            asked_to_delete=request.delete,
            subscriptions=counted.of,
            plan_users=references.plan_users,
            referrers=references.referrers,
            exists=self._exists,
            list_unchanged=request.list_unchanged,
            revisions=tuple(
                (spec.name, sources.git.revision(spec.name))
                for spec in sources.platform.sources
                if sources.git.revision(spec.name)
            ),
            rules=sources.fingerprinter.ruleset.digest.hex(),
        )

    def _exists(self, key: ResourceKey) -> bool | None:
        """Whether a cluster holds a resource; None for what is not read whole."""
        content = self._sources.knowledge.actual.clusters.get(key.cluster)
        if content is None or not _listed(content, key):
            return None
        return key in content.objects

    def _bodies(self) -> Iterator[tuple[ResourceKey, Mapping[str, Any]]]:
        known = self._sources.knowledge
        for content in list(known.actual.clusters.values()):
            for key, found in list(content.objects.items()):
                yield key, found.body()
        for key, desired in known.desired.items():
            if key.kind == "Subscription":
                try:
                    yield key, self._sources.pairs.read(desired.first)
                except GkoError:
                    continue


def _unread(found: ClusterObject) -> Found:
    """An object of which nothing but its version is needed."""
    trace = found.trace
    return Found(trace.uid, trace.resource_version, trace.generation, trace.owner, bool(trace.deleting_since))


def _failure(rendered: Rendered | None) -> str:
    return rendered.failure if rendered is not None else "it was not read"


def _listed(content: ClusterContent, key: ResourceKey) -> bool:
    """Whether all objects of a kind were read, so that what is absent does not exist."""
    state = content.kinds.get(key.kind)
    if state is None:
        return content.discovered and not content.failure
    outside = bool(content.namespaces) and key.namespace not in content.namespaces
    return state.listed and not state.failure and not outside


def _may_close_subscriptions(subject: Subject) -> bool:
    """Whether something that has subscriptions may go, or lose an access plan."""
    if subject.key.kind not in HAVE_SUBSCRIPTIONS or subject.found is None:
        return False
    if subject.wanted is None:
        return True
    wanted, found = subject.wanted.body, subject.found.body
    if subject.judgement is None or wanted is None or found is None:
        return False
    return bool(removed_access_plans(wanted, found)) or bool(immutable_changes(subject.key, wanted, found))


def _suspension(states: Iterable[SharedState], now: float) -> str:
    for state in states:
        decision = state.suspends.get("*")
        if decision is not None and decision.holds(now):
            return f"{decision.owner} suspended it: {decision.reason}"
    return ""
